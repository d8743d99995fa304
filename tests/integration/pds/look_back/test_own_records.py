"""Report cards, test results, the child's own works and their files, and one subject through the years, over HTTP."""

import random
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from consent.vocabulary import Category
from manabi.sample.pictures import landscape
from pds.records.files import attach
from tests.factories import bodies
from tests.factories.node import World
from tests.integration.pds.look_back.conftest import Family, Visit

BASE = "https://localhost"
PICTURE = landscape(random.Random(7))


@dataclass(frozen=True)
class Own:
    """The records beside the register."""

    report: UUID
    assessment: UUID
    portfolio: UUID


@pytest.fixture
def own(world: World, family: Family) -> Own:
    school = world.session.execute(text("SELECT organisation_id FROM organisation WHERE kind = 'school'")).scalar_one()
    body = bodies.portfolio()
    body["entries"][1]["files"][0] |= {"size": len(PICTURE), "sha256": sha256(PICTURE).hexdigest()}
    found = Own(
        world.record(family.child, school, Category.REPORT, [bodies.report()]),
        world.record(family.child, school, Category.ASSESSMENT, [bodies.assessment()]),
        world.record(family.child, school, Category.PORTFOLIO, [body]),
    )
    attach(
        world.session, world.node, family.child, found.portfolio, 1,
        file_no=1, name="川原の絵.png", media_type="image/png", content=[PICTURE],
    )  # fmt: skip
    world.commit()
    return found


def get(client: FlaskClient, path: str) -> TestResponse:
    return client.get(path, base_url=BASE)


def entries(world: World, learner: UUID) -> int:
    found = world.session.execute(
        text("SELECT count(*) FROM log_entry WHERE learner_id = :learner"), {"learner": learner}
    )
    counted = int(found.scalar_one())
    world.session.rollback()
    return counted


def test_the_timeline_puts_own_words_first(family: Family, own: Own, visit: Visit) -> None:
    for path in ("/", f"/learners/{family.child}/"):
        page = get(visit(family.child), path).text
        assert (
            page.index("水の色を何回もぬり重ねました。") < page.index("years/2026#works") < page.index("2026#reports")
        )
        assert "years/2026#tests" in page


def test_a_year_shows_works_terms_and_tests(family: Family, own: Own, visit: Visit) -> None:
    page = get(visit(family.mother), f"/learners/{family.child}/years/2026").text
    assert page.index('id="works"') < page.index('id="reports"') < page.index('id="tests"')
    for words in (
        "進んで手を挙げ、友達の考えに耳を傾けていました。",
        "全国学力・学習状況調査",
        "16問中11問正答",
        "秋の川原",
    ):
        assert words in page, words


@pytest.mark.parametrize("locale", ["ja", "plain", "en"])
def test_every_word_of_a_record_stands_on_its_page_in_every_language(
    family: Family, own: Own, visit: Visit, locale: str
) -> None:
    client = visit(family.child)
    client.set_cookie("__Host-manabi-view", f"{locale}.all", domain="localhost", secure=True)
    for record, words in (
        (own.report, ["運動会では係の仕事を最後までやりとげました。", "みらい市立東小学校"]),
        (own.assessment, ["わり算の確認問題", "図形の問題を再テスト", "82502431A2200000"]),
        (own.portfolio, ["一年生の手を引く姿がたのもしいです。", "応援しています。", "川原の絵.png"]),
    ):
        answer = get(client, f"/learners/{family.child}/records/{record}")
        assert answer.status_code == 200
        for word in words:
            assert word in answer.text, (locale, word)


def test_a_file_is_saved_under_its_name_and_leaves_an_entry(
    world: World, family: Family, own: Own, visit: Visit
) -> None:
    client = visit(family.mother)
    page = get(client, f"/learners/{family.child}/records/{own.portfolio}").text
    address = f"/learners/{family.child}/records/{own.portfolio}/files/1"
    assert f'href="{address}"' in page
    before = entries(world, family.child)
    answer = get(client, address)
    assert (answer.status_code, answer.data, answer.mimetype) == (200, PICTURE, "image/png")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''%E5%B7%9D")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer.headers["Cache-Control"]
    assert entries(world, family.child) == before + 1


def test_a_file_that_is_not_there_is_not_found(family: Family, own: Own, visit: Visit) -> None:
    client = visit(family.child)
    for number in (0, 2):
        assert get(client, f"/learners/{family.child}/records/{own.portfolio}/files/{number}").status_code == 404


def test_strangers_and_blocked_parents_get_no_file(world: World, family: Family, own: Own, visit: Visit) -> None:
    for person in (family.stranger, family.blocked):
        answer = get(visit(person), f"/learners/{family.child}/records/{own.portfolio}/files/1")
        assert answer.status_code == 404
        assert PICTURE[:100] not in answer.data


def test_a_file_swapped_in_the_database_is_shown_to_nobody(
    world: World, family: Family, own: Own, visit: Visit
) -> None:
    world.session.execute(text("UPDATE record_file_chunk SET sealed = sealed || 'x'::bytea"))
    world.commit()
    answer = get(visit(family.child), f"/learners/{family.child}/records/{own.portfolio}/files/1")
    assert answer.status_code == 409


def test_a_file_that_the_signed_record_does_not_name_is_not_given_out(
    world: World, family: Family, own: Own, visit: Visit
) -> None:
    attach(
        world.session, world.node, family.child, own.portfolio, 1,
        file_no=2, name="x.txt", media_type="text/plain", content=[b"never signed"],
    )  # fmt: skip
    world.commit()
    assert get(visit(family.child), f"/learners/{family.child}/records/{own.portfolio}/files/2").status_code == 404


def test_one_subject_is_followed_through_the_years_without_a_program(family: Family, own: Own, visit: Visit) -> None:
    client = visit(family.child)
    page = get(client, f"/learners/{family.child}/").text
    assert '<form class="subject-filter" method="get"' in page
    assert '<option value="arithmetic">算数</option>' in page
    assert "civics" not in page
    answer = get(client, f"/learners/{family.child}/?subject=arithmetic")
    assert answer.status_code == 200
    assert '<option value="arithmetic" selected>' in answer.text
    assert answer.text.index("years/2026") < answer.text.index("years/2025")
    for record in (own.report, own.assessment, family.guidance):
        assert f"records/{record}" in answer.text
    assert f"records/{own.portfolio}" not in answer.text
    assert f"records/{family.health}" not in answer.text


def test_following_a_subject_opens_no_more_than_it_shows(world: World, family: Family, own: Own, visit: Visit) -> None:
    get(visit(family.child), f"/learners/{family.child}/?subject=music")
    kinds = world.session.execute(text("SELECT count(*) FROM log_entry WHERE learner_id = :l"), {"l": family.child})
    assert kinds.scalar_one() == 5


def test_a_subject_that_nothing_stands_about_says_so(family: Family, own: Own, visit: Visit) -> None:
    answer = get(visit(family.child), f"/learners/{family.child}/?subject=civics")
    assert answer.status_code == 200
    assert "この教科の記録は、まだありません" in answer.text
    assert get(visit(family.child), f"/learners/{family.child}/?subject=magic").status_code == 422
