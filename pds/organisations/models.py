"""Establishers, boards, schools, classes, and who is enrolled where."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Date, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class Organisation(Base):
    """A board of education (教育委員会) or another establisher (設置者), or a school under it.

    `code` is the 13-character school code or the 6-digit board code; a code is never changed and never reused, so a
    closed school keeps its row, with `valid_to` and the code of its successor. `withdrawn` takes back a row that a
    file brought by mistake.
    """

    __tablename__ = "organisation"
    __table_args__ = (UniqueConstraint("code"),)

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    code: Mapped[str]
    name: Mapped[str]
    source_id: Mapped[str]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.organisation_id"))
    successor_code: Mapped[str | None]
    valid_from: Mapped[date | None] = mapped_column(Date())
    valid_to: Mapped[date | None] = mapped_column(Date())
    withdrawn: Mapped[bool] = mapped_column(default=False)
    revision: Mapped[int]


class SchoolClass(Base):
    """A homeroom (学級) of one school in one school year."""

    __tablename__ = "school_class"
    __table_args__ = (UniqueConstraint("organisation_id", "source_id"),)

    class_id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.organisation_id"))
    source_id: Mapped[str]
    school_year: Mapped[int]
    name: Mapped[str]
    grades: Mapped[list[Any]] = mapped_column(JSONB())
    special_needs: Mapped[bool]
    withdrawn: Mapped[bool] = mapped_column(default=False)
    revision: Mapped[int]


class Enrolment(Base):
    """A learner's place in a class, with the attendance number (出席番号). `end` is the last day, inclusive."""

    __tablename__ = "enrolment"
    __table_args__ = (
        ForeignKeyConstraint(["learner_id"], ["learner.learner_id"], ondelete="CASCADE"),
        Index("ix_enrolment_class_id", "class_id"),
        Index("ix_enrolment_organisation_id", "organisation_id"),
    )

    learner_id: Mapped[UUID] = mapped_column(primary_key=True)
    enrolment_id: Mapped[UUID] = mapped_column(primary_key=True)
    source_id: Mapped[str]
    class_id: Mapped[UUID] = mapped_column(ForeignKey("school_class.class_id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.organisation_id"))
    school_year: Mapped[int]
    number: Mapped[int | None]
    begin: Mapped[date] = mapped_column(Date())
    end: Mapped[date] = mapped_column(Date())
    withdrawn: Mapped[bool]
    revision: Mapped[int]
