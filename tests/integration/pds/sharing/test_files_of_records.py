"""A file of a record is opened by the record's own decision, and by what the school signed of the file."""

from hashlib import sha256
from uuid import UUID, uuid4

import pytest

from consent.verdict import DenialCode
from consent.vocabulary import Category
from pds.records.files import attach
from pds.sharing import enforcement
from pds.sharing.enforcement import DisclosedFile, Refused
from tests.factories import bodies
from tests.integration.pds.sharing.town import Family, Town

PICTURE = b"a picture of the river"


@pytest.fixture
def family(town: Town) -> Family:
    return town.family()


@pytest.fixture
def works(town: Town, family: Family) -> UUID:
    """A portfolio that names one file, and holds a second one that it does not name."""
    body = bodies.portfolio()
    body["entries"][1]["files"][0] |= {"size": len(PICTURE), "sha256": sha256(PICTURE).hexdigest()}
    record = town.record(family.child, Category.PORTFOLIO, body)
    with town.work() as session:
        for number, content in ((1, PICTURE), (2, b"nobody signed this")):
            attach(
                session, town.jobs, family.child, record, 1,
                file_no=number, name=f"{number}.png", media_type="image/png", content=[content],
            )  # fmt: skip
    return record


def read(town: Town, person: UUID, child: UUID, record: UUID, number: int) -> DisclosedFile | Refused | None:
    with town.web() as session:
        return enforcement.read_file(session, town.node, town.asking(person), child, record, number)


def test_a_file_opens_as_its_record_does_and_leaves_the_records_entry(town: Town, family: Family, works: UUID) -> None:
    for person in (family.child, family.mother, town.others["teacher"]):
        answer = read(town, person, family.child, works, 1)
        assert isinstance(answer, DisclosedFile)
        assert answer.content == PICTURE
        assert answer.note.name == "1.png"
    assert [entry["records"] for entry in town.log(family.child)] == [[[str(works), 1]]] * 3


@pytest.mark.parametrize("number", [2, 3])
def test_a_file_that_the_record_does_not_name_is_not_there(
    town: Town, family: Family, works: UUID, number: int
) -> None:
    assert read(town, family.child, family.child, works, number) is None


def test_whoever_may_not_read_the_record_gets_no_file_and_the_attempt_is_logged(
    town: Town, family: Family, works: UUID
) -> None:
    stranger = town.family()
    nothing = DenialCode.NOTHING_HERE
    assert read(town, stranger.mother, family.child, works, 1) == Refused(DenialCode.NOT_YOUR_CHILD, nothing)
    assert read(town, family.mother, family.child, uuid4(), 1) == Refused(DenialCode.UNKNOWN_CHILD, nothing)
    assert {entry["outcome"] for entry in town.log(family.child)} == {"refused"}
