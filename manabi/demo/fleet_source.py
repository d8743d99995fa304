"""The made-up children of one municipality as facts of a plan, one after another, drawn again at each counting."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256

from aggregator.plans.model import Plan
from aggregator.reporter.errors import FactRefused
from aggregator.reporter.facts import Areas, ChildFact
from manabi.sample.municipalities import LONG_ABSENCE, CountedChild, Municipality, children, municipalities
from trust.framing import frame

_KNOWN = {"grade", "sex"}


class FleetReading:
    """One pass over a municipality's children."""

    def __init__(self, municipality: Municipality, plan: Plan, seed: int) -> None:
        self._municipality, self._plan, self._seed = municipality, plan, seed
        self.areas = Areas((municipality.code,), (municipality.prefecture,))
        self.digest = sha256(frame(str(seed).encode(), municipality.code.encode(), plan.digest)).digest()

    def facts(self) -> Iterator[ChildFact]:
        """Yield one fact per child of the plan's grades."""
        dimensions = tuple(one.id for one in self._plan.base_dimensions)
        if not _KNOWN.issuperset(dimensions):
            raise FactRefused(place="dimensions", reason="made-up children have a grade and a sex alone")
        nothing = ChildFact(self._municipality.code, self._municipality.prefecture, ())

        @cache
        def counted(*codes: str) -> ChildFact:
            return ChildFact(self._municipality.code, self._municipality.prefecture, ((codes, 1),))

        grades, at_least = set(self._plan.grades), self._plan.fact.at_least
        for child in children(self._municipality, self._seed):
            if child.grade in grades:
                yield counted(*_codes(child, dimensions)) if child.absent >= at_least else nothing


class FleetSource:
    """Where a municipality's facts come from."""

    def __init__(self, municipality: Municipality, seed: int) -> None:
        self._municipality, self._seed = municipality, seed

    @contextmanager
    def read(self, plan: Plan) -> Iterator[FleetReading]:
        """Open a pass; it holds nothing that would have to be closed."""
        yield FleetReading(self._municipality, plan, self._seed)

    def digest(self, plan: Plan) -> bytes:
        """Return what a pass would read now."""
        return FleetReading(self._municipality, plan, self._seed).digest


def truth(seed: int, at_least: int = LONG_ABSENCE) -> dict[str, Counter[tuple[str, str]]]:
    """Count the fleet's children with a long absence by prefecture, grade and sex: what no server ever knows."""
    found: dict[str, Counter[tuple[str, str]]] = {}
    for one in municipalities():
        cells = found.setdefault(one.prefecture, Counter())
        cells.update((child.grade, child.sex) for child in children(one, seed) if child.absent >= at_least)
    return found


def _codes(child: CountedChild, dimensions: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(child.grade if name == "grade" else child.sex for name in dimensions)
