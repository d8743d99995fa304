"""Records and their versions. A version is never changed: a correction is the next version."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class Record(Base):
    """One document about a learner: a category, the school that keeps it, and a school year.

    For `enrolment` the school year is the one in which the learner came to the school. `withdrawn` hides a record
    whose only version was taken back; its versions stay. `sent_at` is when the original went to the next school
    (学校保健安全法施行規則8条): the school no longer has it, the learner's own copy stays.
    """

    __tablename__ = "record"
    __table_args__ = (UniqueConstraint("learner_id", "category", "organisation_id", "school_year"),)

    learner_id: Mapped[UUID] = mapped_column(ForeignKey("learner.learner_id", ondelete="CASCADE"), primary_key=True)
    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    category: Mapped[str]
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.organisation_id"))
    school_year: Mapped[int]
    current_version: Mapped[int]
    withdrawn: Mapped[bool]
    sent_at: Mapped[datetime | None]


class RecordVersion(Base):
    """One signed state of a record, sealed under the child's key.

    `sealed` opens to a compact JWS of the issuing school whose payload names learner, record, version and schema and
    holds the body: the bytes that were signed are the bytes that are shown. `origin` is the intake run that brought
    the version; `compensates` is the version that this one takes back.
    """

    __tablename__ = "record_version"
    __table_args__ = (
        ForeignKeyConstraint(
            ["learner_id", "record_id"], ["record.learner_id", "record.record_id"], ondelete="CASCADE"
        ),
    )

    learner_id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    schema: Mapped[str]
    sealed: Mapped[bytes]
    issued_at: Mapped[datetime]
    origin: Mapped[UUID | None]
    compensates: Mapped[int | None]


class RecordFile(Base):
    """A file of one version of a record: `note` holds name and hash, sealed; the content stands in sealed chunks."""

    __tablename__ = "record_file"
    __table_args__ = (
        ForeignKeyConstraint(
            ["learner_id", "record_id", "version"],
            ["record_version.learner_id", "record_version.record_id", "record_version.version"],
            ondelete="CASCADE",
            name="fk_record_file_version",
        ),
    )

    learner_id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    file_no: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[bytes]
    media_type: Mapped[str]
    size: Mapped[int]


class RecordFileChunk(Base):
    """64 KiB of a record's file (the last one shorter), sealed under the child's key."""

    __tablename__ = "record_file_chunk"
    __table_args__ = (
        ForeignKeyConstraint(
            ["learner_id", "record_id", "version", "file_no"],
            ["record_file.learner_id", "record_file.record_id", "record_file.version", "record_file.file_no"],
            ondelete="CASCADE",
            name="fk_record_file_chunk_file",
        ),
    )

    learner_id: Mapped[UUID] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    file_no: Mapped[int] = mapped_column(primary_key=True)
    chunk_no: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]
