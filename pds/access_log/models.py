"""The access log: entries written with each decision, and the chains and checkpoints that bind them afterwards."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base

NOBODY = UUID(int=0)
"""Stands for the learner in entries about no known child: refusals for unknown children, the node's own acts."""


class LogEntry(Base):
    """One decision, allowed or refused, committed in the transaction of the decision itself.

    `sealed` holds the entry's secret and the entry under the child's key (the node's log key for `NOBODY`);
    `commitment` binds both. `classes` are the viewer classes whose chains the entry joins. The sequencer fills
    `leaf_index` and `leaf_hash` within seconds; nothing else ever changes.
    """

    __tablename__ = "log_entry"
    __table_args__ = (Index("ix_log_entry_pending", "entry_no", postgresql_where=text("leaf_index IS NULL")),)

    learner_id: Mapped[UUID] = mapped_column(primary_key=True)
    entry_no: Mapped[int] = mapped_column(Identity(), primary_key=True)
    entry_id: Mapped[UUID]
    at: Mapped[datetime]
    classes: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    sealed: Mapped[bytes]
    commitment: Mapped[bytes]
    leaf_index: Mapped[int | None]
    leaf_hash: Mapped[bytes | None]


class LogLink(Base):
    """An entry's place in the chain of one viewer class: position 1..n and the head before it."""

    __tablename__ = "log_link"

    learner_id: Mapped[UUID] = mapped_column(primary_key=True)
    viewer_class: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    entry_no: Mapped[int]
    previous_head: Mapped[bytes]


class LogChain(Base):
    """The head of one (child, viewer class) chain, and its salted place in the map of all chains."""

    __tablename__ = "log_chain"

    learner_id: Mapped[UUID] = mapped_column(primary_key=True)
    viewer_class: Mapped[str] = mapped_column(primary_key=True)
    salt: Mapped[bytes]
    map_key: Mapped[bytes]
    count: Mapped[int]
    head: Mapped[bytes]


class LogMapLeaf(Base):
    """One entry of the map of all chains: salted hashes that name neither child nor viewer.

    A proof for one chain needs every leaf of its bucket, other children's too; row-level security would hide those
    in `log_chain`, so they stand here, where there is nothing to hide.
    """

    __tablename__ = "log_map_leaf"
    __table_args__ = (Index("ix_log_map_leaf_bucket", "bucket"),)

    map_key: Mapped[bytes] = mapped_column(primary_key=True)
    bucket: Mapped[int]
    value: Mapped[bytes]


class LogBucket(Base):
    """The root of one of the 65,536 lower storeys of the map."""

    __tablename__ = "log_bucket"

    bucket: Mapped[int] = mapped_column(primary_key=True)
    root: Mapped[bytes]


class LogCheckpoint(Base):
    """A signed state of the whole log: how many leaves it covers, and the token that anybody may have."""

    __tablename__ = "log_checkpoint"

    checkpoint_no: Mapped[int] = mapped_column(Identity(), primary_key=True)
    size: Mapped[int]
    at: Mapped[datetime]
    token: Mapped[str]


class LogDownload(Base):
    """How far the log reached when a viewer took a chain home, so that a later download can prove to extend it."""

    __tablename__ = "log_download"

    learner_id: Mapped[UUID] = mapped_column(primary_key=True)
    viewer_class: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
