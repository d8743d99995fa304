"""One submission: what stands in it, that noise is kept, that masks are fresh, that nothing shows what was counted."""

import itertools
from collections.abc import Sequence
from fractions import Fraction

import pytest

from aggregator.plans.cells import base_index
from aggregator.plans.model import Level, Plan
from aggregator.plans.sensitivity import sensitivity_squared
from aggregator.privacy.accounting import sigma_squared
from aggregator.protocol.messages import open_header
from aggregator.protocol.ring import ValueRefused, signed
from aggregator.protocol.shares import Side, envelope_context, words
from aggregator.reporter.errors import FactRefused, NoiseUnfit
from aggregator.reporter.facts import Areas, ChildFact
from aggregator.reporter.noise import KeptNoise, complete, node_sigma_squared
from aggregator.reporter.report import Prepared, Sender, build
from tests.factories.plans import make_plan
from trust.envelopes import SealingKey, open_envelope
from trust.keys import read_jwk
from trust.signing import SigningKey

PLAN = make_plan()
AREAS = Areas.of({"209201", "132012"}, {"20", "13"})
ROUND = "11111111-2222-3333-4444-555555555555"
LEADER, HELPER, NODE = SealingKey.generate(), SealingKey.generate(), SigningKey.generate()
PUBLIC = read_jwk(NODE.public().jwk())
seeds = itertools.count(1)


def draw(_: Fraction, n: int) -> list[int]:
    return [7 * (number + 1) for number in range(n)]


def fresh(n: int) -> bytes:
    return next(seeds).to_bytes(n, "big")


def sender(sequence: int = 1) -> Sender:
    return Sender(ROUND, "test.node", sequence, NODE, LEADER.public(), HELPER.public())


def make(
    facts: Sequence[ChildFact] = (), *, kept: KeptNoise | None = None, sequence: int = 1, areas: Areas = AREAS,
    plan: Plan = PLAN,
) -> Prepared:  # fmt: skip
    return build(plan, facts, areas, sender=sender(sequence), noise=draw, kept=kept, random=fresh)


def opened(prepared: Prepared) -> list[int]:
    header = open_header(prepared.header, [PUBLIC])
    halves = []
    for side, key in ((Side.LEADER, LEADER), (Side.HELPER, HELPER)):
        share = open_envelope(key, prepared.envelope(side), context=envelope_context(header.context, side))
        halves.append(words(share, side, header.context, header.cells))
    return signed(halves[0] + halves[1])


def absent(grade: str, sex: str, area: str = "209201", prefecture: str = "20") -> ChildFact:
    return ChildFact(area, prefecture, (((grade, sex), 1),))


def test_all_cells_of_all_areas_stand_in_the_vector_zeros_included() -> None:
    header = open_header(make().header, [PUBLIC])
    assert (header.areas, header.prefectures) == (("132012", "209201"), ("13", "20"))
    assert (header.node, header.sequence, header.plan) == ("test.node", 1, PLAN.digest)
    assert header.cells == 2 * 2 + 2 * 27
    assert opened(make()) == [7, 14, 21, 28] + [0] * 54


def test_establishers_are_noisy_and_prefectures_exact() -> None:
    facts = [absent("P5", "female"), absent("P5", "female"), absent("J1", "male"), ChildFact("209201", "20", ())]
    vector = opened(make(facts))
    assert vector[:4] == [7, 14, 21 + 2, 28 + 1]
    exact = vector[4 + 27 :]
    assert exact[base_index(PLAN, ("P5", "female"))] == 2
    assert exact[base_index(PLAN, ("J1", "male"))] == 1
    assert sum(exact) == 3
    assert vector[4 : 4 + 27] == [0] * 27


def test_a_child_counts_in_its_own_prefecture_whatever_its_establisher() -> None:
    vector = opened(make([absent("P1", "male", "209201", "13")]))
    assert vector[2] == 21 + 1
    assert sum(vector[4 : 4 + 27]) == 1
    assert sum(vector[4 + 27 :]) == 0


def test_a_mended_submission_has_the_same_noise_and_other_masks() -> None:
    first = make([absent("P1", "male")])
    second = make([absent("P1", "male"), absent("P1", "male")], kept=first.noise, sequence=2)
    assert second.noise == first.noise
    assert [one - other for one, other in zip(opened(second), opened(first), strict=True)].count(0) == 58 - 2
    assert first.leader_envelope != second.leader_envelope


def test_building_the_same_sequence_again_takes_a_fresh_seed() -> None:
    first, again = make([absent("P1", "male")]), make([absent("P1", "male")])
    header = open_header(first.header, [PUBLIC])
    shares = {
        open_envelope(HELPER, one.helper_envelope, context=envelope_context(header.context, Side.HELPER))
        for one in (first, again)
    }
    assert len(shares) == 2
    assert opened(first) == opened(again)


def test_noise_of_an_area_that_comes_later_is_drawn_and_the_rest_stays() -> None:
    kept = KeptNoise(PLAN.digest, {"209201": (5, 6)})
    both = complete(PLAN, ("132012", "209201"), draw, kept)
    assert both.areas == {"209201": (5, 6), "132012": (7, 14)}
    assert complete(PLAN, ("209201",), draw, both) == both
    assert KeptNoise.from_bytes(both.to_bytes()) == both


@pytest.mark.parametrize(
    "kept",
    [
        KeptNoise(bytes(32), {"209201": (5, 6)}), KeptNoise(PLAN.digest, {"209201": (5,)}),
        KeptNoise(PLAN.digest, {"209201": (5, 6.0)}),  # type: ignore[dict-item]
    ],
)  # fmt: skip
def test_noise_that_does_not_fit_stops_the_report(kept: KeptNoise) -> None:
    with pytest.raises(NoiseUnfit):
        make(kept=kept)


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b'{"format":"other"}', b'{"format":"manabi-kept-noise/1"}'])
def test_kept_noise_that_is_none_is_refused(raw: bytes) -> None:
    with pytest.raises(NoiseUnfit):
        KeptNoise.from_bytes(raw)


def test_the_variance_follows_from_the_plan() -> None:
    units = PLAN.units[Level.ESTABLISHER]
    assert node_sigma_squared(PLAN) == sigma_squared(sensitivity_squared(PLAN, Level.ESTABLISHER), units)
    assert node_sigma_squared(make_plan(bounds__per_cell=3)) > 8 * node_sigma_squared(PLAN)


def test_a_bad_fact_leaves_nothing_behind() -> None:
    with pytest.raises(FactRefused):
        make([absent("P1", "male"), absent("H1", "male")])


def test_noise_out_of_all_bounds_is_refused_before_it_is_split() -> None:
    with pytest.raises(ValueRefused):
        make(kept=KeptNoise(PLAN.digest, {"209201": (2**60, 0), "132012": (0, 0)}))


def test_a_submission_shows_nothing_when_it_is_printed() -> None:
    prepared = make([absent("P5", "female")] * 77)
    said = f"{prepared!r} {prepared.noise!r}"
    assert "envelope" not in said
    assert "areas" not in said
