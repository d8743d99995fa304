"""The family's pages over HTTP: what each reader gets, in which language, and what the log says of it."""

import json
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from consent.vocabulary import Basis, CarerState, Category
from tests.factories import bodies
from tests.factories.node import World
from tests.integration.pds.look_back.conftest import Family, Visit

BASE = "https://localhost"


def get(client: FlaskClient, path: str) -> TestResponse:
    return client.get(path, base_url=BASE)


def entries_about(world: World, learner: UUID) -> int:
    counted: int = world.session.execute(
        text("SELECT count(*) FROM log_entry WHERE learner_id = :learner"), {"learner": learner}
    ).scalar_one()
    world.session.rollback()
    return counted


def pages_of(family: Family) -> list[str]:
    base = f"/learners/{family.child}/"
    records = (family.guidance, family.health, family.enrolment, family.attendance)
    return [base, f"{base}years/2025", f"{base}years/2026", *(f"{base}records/{record}" for record in records)]


def test_a_visitor_is_led_to_the_sign_in_page_and_back(app: object, family: Family, visit: Visit) -> None:
    client = visit(family.child)
    client.delete_cookie("__Host-manabi-node", domain="localhost")
    answer = get(client, f"/learners/{family.child}/log")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/sign-in?next=/learners/{family.child}/log"


def test_the_child_reads_every_page(family: Family, visit: Visit) -> None:
    client = visit(family.child)
    for path in ["/", *pages_of(family), f"/learners/{family.child}/log"]:
        assert get(client, path).status_code == 200, path


def test_home_shows_the_years_from_the_present_one_back(family: Family, visit: Visit) -> None:
    page = get(visit(family.child), "/").text
    places = [page.index(f"/years/{year}") for year in range(2026, 2020, -1)]
    assert places == sorted(places)
    assert "山田 花子さんの記録" in page


def test_the_timeline_names_events_and_sources(family: Family, visit: Visit) -> None:
    page = get(visit(family.child), f"/learners/{family.child}/").text
    assert "2021年4月7日（水）" in page
    assert "みらい市立東小学校に入学" in page
    assert page.count("みらい市立東小学校が記録し、署名しています") == 6


def test_a_year_without_a_record_is_not_found(family: Family, visit: Visit) -> None:
    assert get(visit(family.child), f"/learners/{family.child}/years/1999").status_code == 404


def test_the_closed_field_is_named_with_the_way_to_ask_for_it(family: Family, visit: Visit) -> None:
    for person in (family.child, family.mother):
        page = get(visit(person), f"/learners/{family.child}/records/{family.guidance}").text
        assert "閉じられた所見" not in page
        assert "総合所見及び指導上参考となる諸事項" in page
        assert "開示請求" in page


def test_the_class_teacher_sees_the_field_that_is_closed_to_the_family(family: Family, visit: Visit) -> None:
    client = visit(family.teacher)
    assert "閉じられた所見" in get(client, f"/learners/{family.child}/records/{family.guidance}").text
    assert "閉じられた所見" in get(client, f"/learners/{family.child}/years/2025").text
    assert "山田 花子さんの記録を見ています" in get(client, f"/learners/{family.child}/").text


def test_a_corrected_record_tells_what_was_written_before(family: Family, visit: Visit) -> None:
    page = get(visit(family.child), f"/learners/{family.child}/records/{family.health}").text
    assert "変更前：14.82cm" in page
    assert "変更後：148.2cm" in page


def test_a_version_that_was_taken_back_says_so(world: World, family: Family, visit: Visit) -> None:
    right, wrong = bodies.health_check(2025, "P5"), bodies.health_check(2025, "P5", 99.9)
    school = world.session.execute(text("SELECT organisation_id FROM organisation WHERE kind = 'school'")).scalar_one()
    record = world.record(
        family.child, school, Category.HEALTH_CHECK, [right, wrong, right], school_year=2025, compensates={3: 2}
    )
    world.commit()
    page = get(visit(family.child), f"/learners/{family.child}/records/{record}").text
    assert "学校が第2版を取り消しました" in page


def test_the_register_page_says_who_may_see_it_and_how_long_it_is_kept(family: Family, visit: Visit) -> None:
    page = get(visit(family.mother), f"/learners/{family.child}/records/{family.health}").text
    assert "養護教諭" in page
    assert "5年間保存します" in page


def test_a_guardian_chooses_among_the_children(world: World, family: Family, visit: Visit) -> None:
    sister = world.learner()
    world.care(sister, family.mother)
    world.commit()
    page = get(visit(family.mother), "/").text
    for child in (family.child, sister):
        assert f'href="/learners/{child}/"' in page
    opened = get(visit(family.mother), f"/learners/{sister}/")
    assert opened.status_code == 200
    assert "まだ記録がありません" in opened.text


@pytest.mark.parametrize("state", [CarerState.SUSPENDED, CarerState.LOST])
def test_a_carer_without_authority_has_no_child_to_choose(
    world: World, family: Family, visit: Visit, state: CarerState
) -> None:
    world.care(family.child, family.stranger, Basis.JOINT, state)
    world.commit()
    client = visit(family.stranger)
    assert str(family.child) not in get(client, "/").text
    assert get(client, f"/learners/{family.child}/").status_code == 403


def test_a_blocked_carer_has_the_page_of_an_account_without_children(family: Family, visit: Visit) -> None:
    blocked, stranger = get(visit(family.blocked), "/"), get(visit(family.stranger), "/")
    assert blocked.status_code == stranger.status_code == 200
    assert _same_for_all(blocked) == _same_for_all(stranger)


def test_unknown_strange_and_blocked_are_answered_byte_for_byte_alike(family: Family, visit: Visit) -> None:
    stranger, blocked = visit(family.stranger), visit(family.blocked)
    unknown = uuid4()
    for path in (*pages_of(family), f"/learners/{family.child}/log", f"/learners/{family.child}/log/download"):
        elsewhere = path.replace(str(family.child), str(unknown))
        answers = [
            _same_for_all(get(stranger, path)).replace(str(family.child), "-"),
            _same_for_all(get(blocked, path)).replace(str(family.child), "-"),
            _same_for_all(get(stranger, elsewhere)).replace(str(unknown), "-"),
        ]
        assert answers[0] == answers[1] == answers[2], path
        assert get(stranger, path).status_code == 404


def test_another_childs_record_is_not_found_under_ones_own_name(world: World, family: Family, visit: Visit) -> None:
    other = world.learner()
    school = world.session.execute(text("SELECT organisation_id FROM organisation WHERE kind = 'school'")).scalar_one()
    theirs = world.record(other, school, Category.HEALTH_CHECK, [bodies.health_check()])
    world.commit()
    client = visit(family.child)
    assert get(client, f"/learners/{family.child}/records/{theirs}").status_code == 404
    assert get(client, f"/learners/{other}/records/{theirs}").status_code == 404


def test_every_page_leaves_its_entries_before_it_answers(world: World, family: Family, visit: Visit) -> None:
    client = visit(family.child)
    for path in pages_of(family):
        before = entries_about(world, family.child)
        get(client, path)
        assert entries_about(world, family.child) > before, path


def test_refusals_are_entries_of_the_child(world: World, family: Family, visit: Visit) -> None:
    client = visit(family.stranger)
    for path in (*pages_of(family), f"/learners/{family.child}/log"):
        before = entries_about(world, family.child)
        get(client, path)
        assert entries_about(world, family.child) == before + 1, path


def test_choosing_a_child_reads_no_record(world: World, family: Family, visit: Visit) -> None:
    get(visit(family.mother), "/")
    get(visit(family.blocked), "/")
    assert entries_about(world, family.child) == 0


def test_the_log_tells_each_reader_who_looked(family: Family, visit: Visit) -> None:
    get(visit(family.teacher), f"/learners/{family.child}/records/{family.health}")
    get(visit(family.mother), f"/learners/{family.child}/records/{family.guidance}")
    page = get(visit(family.child), f"/learners/{family.child}/log").text
    assert "みらい市立東小学校の学級担任が、健康診断の記録を見ました（学校の仕事のため）" in page
    assert "保護者が、指導の記録を見ました" in page
    for_mother = get(visit(family.mother), f"/learners/{family.child}/log").text
    assert "あなたが、指導の記録を見ました" in for_mother


def test_a_refused_attempt_is_marked_and_can_be_looked_for(family: Family, visit: Visit) -> None:
    get(visit(family.blocked), f"/learners/{family.child}/records/{family.health}")
    client = visit(family.child)
    page = get(client, f"/learners/{family.child}/log?only=refused").text
    assert page.count("log__line--refused") == 1
    assert "断られました" in page
    assert "この子の記録を見ることができない人でした" in page
    assert "断られました" not in get(client, f"/learners/{family.child}/log?only=guidance").text


def test_others_can_be_looked_for_alone(family: Family, visit: Visit) -> None:
    get(visit(family.teacher), f"/learners/{family.child}/records/{family.health}")
    client = visit(family.child)
    get(client, f"/learners/{family.child}/")
    page = get(client, f"/learners/{family.child}/log?only=others").text
    assert "学級担任" in page
    assert "あなたが" not in page


def test_a_long_log_is_read_page_by_page(family: Family, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pds.look_back.log_pages._PER_PAGE", 2)
    teacher = visit(family.teacher)
    for record in (family.health, family.attendance, family.enrolment):
        get(teacher, f"/learners/{family.child}/records/{record}")
    client = visit(family.child)
    first = get(client, f"/learners/{family.child}/log").text
    assert first.count("log__line") - first.count("log__lines") == 2
    older = first.split("?before=")[1].split('"')[0]
    second = get(client, f"/learners/{family.child}/log?before={older}").text
    assert "健康診断の記録を見ました" in second
    assert "健康診断の記録を見ました" not in first


def test_a_forged_filter_or_place_shows_the_whole_log(family: Family, visit: Visit) -> None:
    client = visit(family.child)
    for query in ("only=%27%3B--", "before=abc", "before=99999999999999999999"):
        assert get(client, f"/learners/{family.child}/log?{query}").status_code == 200, query


def test_staff_are_refused_the_log_and_that_is_an_entry(world: World, family: Family, visit: Visit) -> None:
    before = entries_about(world, family.child)
    answer = get(visit(family.teacher), f"/learners/{family.child}/log")
    assert answer.status_code == 403
    assert entries_about(world, family.child) == before + 1


def test_the_download_is_a_file_whose_name_tells_nothing(
    family: Family, visit: Visit, sequence: Callable[[], int]
) -> None:
    client = visit(family.child)
    get(client, f"/learners/{family.child}/")
    sequence()
    answer = get(client, f"/learners/{family.child}/log/download")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="manabi-access-log-2026-11-20.json"'
    assert len(json.loads(answer.data)["entries"]) == 7


def test_a_download_before_anything_is_signed_asks_for_patience(family: Family, visit: Visit) -> None:
    answer = get(visit(family.child), f"/learners/{family.child}/log/download")
    assert answer.status_code == 409
    assert "もう一度" in answer.text


def test_a_swapped_sealed_body_is_not_shown(world: World, family: Family, visit: Visit) -> None:
    swap = text(
        "UPDATE record_version a SET sealed = b.sealed FROM record_version b "
        "WHERE a.record_id = :one AND b.record_id = :other"
    )
    world.session.execute(swap, {"one": family.guidance, "other": family.attendance})
    world.commit()
    client = visit(family.child)
    for path in (f"records/{family.guidance}", "", "years/2025"):
        answer = get(client, f"/learners/{family.child}/{path}")
        assert answer.status_code == 409
        assert "学校が署名したときのままではない" in answer.text
        assert "電車の遅れ" not in answer.text


def test_a_child_of_the_first_grades_gets_the_simplest_page(world: World, family: Family, visit: Visit) -> None:
    small = world.learner()
    school = world.session.execute(text("SELECT organisation_id FROM organisation WHERE kind = 'school'")).scalar_one()
    world.record(small, school, Category.HEALTH_CHECK, [bodies.health_check(2026, "P1")])
    world.commit()
    client = visit(small)
    page = get(client, "/").text
    assert "line--simple" in page
    assert "<ruby>" in page
    assert "新しいこと" not in page
    client.set_cookie("__Host-manabi-node-view", "ja.off", domain="localhost", secure=True)
    assert "<ruby>" not in get(client, "/").text


def test_english_readers_find_no_japanese_but_names_and_quotations(family: Family, visit: Visit) -> None:
    client = visit(family.mother)
    client.set_cookie("__Host-manabi-node-view", "en.off", domain="localhost", secure=True)
    page = get(client, f"/learners/{family.child}/log").text
    assert "Who looked" in page
    assert "見" not in page.split("<main")[1].split("</main>")[0].replace("やさしい日本語", "")


def test_the_protection_page_is_open_to_anyone(app: object, family: Family, visit: Visit) -> None:
    client = visit(family.child)
    client.delete_cookie("__Host-manabi-node", domain="localhost")
    page = get(client, "/protection")
    assert page.status_code == 200
    assert "20年（卒業・転学などで学校を去った日から数えて）" in page.text


def _same_for_all(answer: TestResponse) -> str:
    """Return a page without the number of its request and without the token of its visitor's forms."""
    page = answer.text.replace(answer.headers["Request-Id"], "-")
    for marker in ('name="csrf_token" value="', 'data-token="'):
        head, *rest = page.split(marker)
        page = head + "".join(part.partition('"')[2] for part in rest)
    return page
