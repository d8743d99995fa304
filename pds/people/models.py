"""Learners, carers, staff, their identifiers and roles. Names of families stand sealed, never in the clear."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class Person(Base):
    """Anyone an account can stand for; `kind` says in which table to look: learner, carer or staff."""

    __tablename__ = "person"

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]


class Learner(Base):
    """A child with a record here. `details` (names, readings, birth date, sex) are sealed under the child's key."""

    __tablename__ = "learner"

    learner_id: Mapped[UUID] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    details: Mapped[bytes]
    withdrawn: Mapped[bool]
    created_at: Mapped[datetime]
    revision: Mapped[int]


class LearnerIdentifier(Base):
    """Conversion table: an identifier of another system, findable by a keyed blind index, readable only unsealed.

    The individual number (個人番号) is never stored.
    """

    __tablename__ = "learner_identifier"
    __table_args__ = (UniqueConstraint("blind"),)

    learner_id: Mapped[UUID] = mapped_column(ForeignKey("learner.learner_id", ondelete="CASCADE"), primary_key=True)
    scheme: Mapped[str] = mapped_column(primary_key=True)
    blind: Mapped[bytes]
    sealed: Mapped[bytes]


class Carer(Base):
    """An adult who cares for a child; `details` are sealed under the carer's own key."""

    __tablename__ = "carer"
    __table_args__ = (UniqueConstraint("blind"),)

    carer_id: Mapped[UUID] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    blind: Mapped[bytes]
    details: Mapped[bytes]
    withdrawn: Mapped[bool]
    revision: Mapped[int]


class PersonIdentifier(Base):
    """Conversion table of carers and staff: identifiers of other systems, kept as keyed blind indexes alone."""

    __tablename__ = "person_identifier"
    __table_args__ = (UniqueConstraint("blind"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.person_id", ondelete="CASCADE"), primary_key=True)
    scheme: Mapped[str] = mapped_column(primary_key=True)
    blind: Mapped[bytes]


class Care(Base):
    """What a carer may decide and see for a child: basis and state as `consent.vocabulary` names them.

    One row per dated entry; `valid_to` is inclusive. `notes` (relationship, evidence, court order) are sealed under
    the child's key.
    """

    __tablename__ = "care"
    __table_args__ = (Index("ix_care_carer_id", "carer_id"),)

    learner_id: Mapped[UUID] = mapped_column(ForeignKey("learner.learner_id", ondelete="CASCADE"), primary_key=True)
    carer_id: Mapped[UUID] = mapped_column(ForeignKey("carer.carer_id"), primary_key=True)
    valid_from: Mapped[date] = mapped_column(Date(), primary_key=True)
    basis: Mapped[str]
    state: Mapped[str]
    valid_to: Mapped[date | None] = mapped_column(Date())
    court_order: Mapped[bool]
    contact_block: Mapped[bool]
    notes: Mapped[bytes]
    withdrawn: Mapped[bool]
    revision: Mapped[int]


class Staff(Base):
    """Someone who acts for a school, a board or the operator. Names of officials in office stand in the clear."""

    __tablename__ = "staff"
    __table_args__ = (UniqueConstraint("source_id"),)

    staff_id: Mapped[UUID] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    source_id: Mapped[str]
    name: Mapped[str]
    reading: Mapped[str]
    withdrawn: Mapped[bool]
    revision: Mapped[int]


class StaffRole(Base):
    """A dated role of a staff member at an organisation, for a class where the role has one."""

    __tablename__ = "staff_role"
    __table_args__ = (Index("ix_staff_role_organisation_id", "organisation_id"),)

    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.staff_id"), primary_key=True)
    role_id: Mapped[UUID] = mapped_column(primary_key=True)
    role: Mapped[str]
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.organisation_id"))
    class_id: Mapped[UUID | None] = mapped_column(ForeignKey("school_class.class_id"))
    valid_from: Mapped[date] = mapped_column(Date())
    valid_to: Mapped[date | None] = mapped_column(Date())
    withdrawn: Mapped[bool]
    revision: Mapped[int]
