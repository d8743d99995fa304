"""The people of the sample: every case that the rules or the pages must get right is there, and all is consistent."""

from datetime import date, timedelta
from itertools import pairwise

from consent.age import legal_age_on, year_of_schooling
from consent.vocabulary import Basis, CarerState
from manabi.sample.cast import CAST
from manabi.sample.cli import LEAST_LEARNERS
from manabi.sample.days import ROSTER_DAY, SCHOOL_YEAR, year_end
from manabi.sample.people import Absence, Start
from manabi.sample.schools import MERGER_DAY
from manabi.sample.world import World, make_world


def test_there_are_as_many_learners_as_asked_for(world: World) -> None:
    assert len(world.learners) == 300
    assert [learner.number for learner in world.learners] == list(range(1, 301))


def test_every_child_is_in_the_grade_of_the_birth_date(world: World) -> None:
    wrong = [one.number for one in world.learners if year_of_schooling(one.birth, SCHOOL_YEAR) != one.grade]
    assert wrong == []


def test_the_birthdays_that_go_wrong_are_there(world: World) -> None:
    births = {learner.birth for learner in world.learners}
    assert {date(2020, 2, 29), date(2016, 2, 29), date(2012, 2, 29), date(2013, 4, 1), date(2013, 4, 2)} <= births


def test_somebody_of_age_is_still_at_school(world: World) -> None:
    assert [one for one in world.learners if legal_age_on(one.birth, ROSTER_DAY) >= 18]


def test_every_basis_and_state_of_authority_occurs(world: World) -> None:
    ties = [tie for learner in world.learners for tie in learner.ties]
    assert {tie.basis for tie in ties} == set(Basis)
    assert {tie.state for tie in ties} == set(CarerState)
    assert {tie.contact_block for tie in ties} == {True, False}
    assert any(tie.valid_to for tie in ties)


def test_every_child_has_somebody_who_decides(world: World) -> None:
    alone = [
        learner.number
        for learner in world.learners
        if not any(tie.state == "active" and tie.basis != "contact" and not tie.contact_block for tie in learner.ties)
    ]
    assert alone == []


def test_names_hold_what_breaks_naive_programs(world: World) -> None:
    names = [learner.name for learner in world.learners]
    assert any(ord(letter) > 0xFFFF for name in names for letter in name.family)
    assert any(name.family == "髙橋" for name in names)
    assert any(name.middle for name in names)
    assert any(name.preferred and name.preferred != name.full for name in names)
    assert any(len(name.full) > 30 and name.family.isascii() for name in names)
    assert all(name.family_kana and name.given_kana for name in names)


def test_siblings_are_not_born_within_months_unless_twins(world: World) -> None:
    households: dict[tuple[int, ...], list[date]] = {}
    for learner in world.learners:
        households.setdefault(tuple(tie.carer.number for tie in learner.ties), []).append(learner.birth)
    for births in households.values():
        for one in births:
            gaps = [abs(one - other) for other in births]
            assert not [gap for gap in gaps if timedelta(0) < gap < timedelta(days=280)]


def test_a_way_through_schools_has_no_hole_and_no_overlap(world: World) -> None:
    for learner in world.learners:
        stays = learner.stays
        assert stays[-1].left_on is None
        for earlier, later in pairwise(stays):
            assert earlier.left_on is not None
            assert earlier.left_on < later.begin <= earlier.left_on + timedelta(days=60)
        grades = [(place.school_year, place.grade) for stay in stays for place in stay.places]
        assert all(grade == learner.grade - (SCHOOL_YEAR - year) for year, grade in grades)
        assert grades[-1] == (SCHOOL_YEAR, learner.grade)
        assert [year for year, _ in grades] == sorted(year for year, _ in grades)


def test_no_child_comes_back_to_a_school(world: World) -> None:
    for learner in make_world(3000, 5, 3).learners:
        schools = [stay.school.code for stay in learner.stays]
        assert len(set(schools)) == len(schools)


def test_the_closed_school_handed_its_children_to_its_successor(world: World) -> None:
    moved = [
        (earlier, later)
        for learner in world.learners
        for earlier, later in pairwise(learner.stays)
        if later.start is Start.MERGER
    ]
    assert moved
    for earlier, later in moved:
        assert earlier.school is world.schools.closed
        assert (earlier.left_on, later.begin) == (year_end(2020), MERGER_DAY)
        assert later.school.code == world.schools.closed.successor


def test_children_came_from_outside_and_moved_within(world: World) -> None:
    starts = {stay.start for learner in world.learners for stay in learner.stays}
    assert starts == set(Start)


def test_long_absences_of_each_kind_occur() -> None:
    kinds = {learner.long_absence for learner in make_world(3000, 7, 3).learners}
    assert kinds == set(Absence)


def test_the_smallest_sample_holds_the_whole_cast() -> None:
    small = make_world(LEAST_LEARNERS, 1, 2)
    assert len(small.scenes) == len(CAST)
    assert all(small.scene(position) for position in range(len(CAST)))
