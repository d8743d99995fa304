"""Records as enforcement hands them out, made without a node."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from consent.vocabulary import Category, Relation
from pds.records.service import OpenedRecord, RecordPlace
from pds.sharing.enforcement import Disclosed

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
LEARNER = UUID("7b1e7a52-2f0a-4f7e-9a53-1b7a5a3d9c01")


def disclose(
    category: Category,
    body: Mapping[str, Any],
    *,
    year: int | None = None,
    version: int = 1,
    issued_at: datetime = NOW,
    withheld: tuple[str, ...] = (),
) -> Disclosed:
    """Return a record of the school that its body names; fields in `withheld` are closed to the reader."""
    school = body["school"]
    place = RecordPlace(
        LEARNER, uuid4(), version, category, UUID(int=1), school["code"], year or body["school_year"]
    )  # fmt: skip
    record = OpenedRecord(
        place, school["name"], f"urn:manabi:schema:{category.value}:1", dict(body), issued_at, f"kid-{school['code']}"
    )
    shown = {name: value for name, value in body.items() if name not in withheld}
    return Disclosed(record, shown, withheld, Relation.SELF)
