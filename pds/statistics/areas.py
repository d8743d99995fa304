"""Where the schools of a node count: the establisher's area and the prefecture of each, by code alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from aggregator.reporter.facts import Areas
from pds.organisations.codes import is_board_code
from pds.organisations.registry import OrganisationKind
from pds.statistics.queries import SchoolRow

_PREFECTURE: Final = slice(2, 4)
"""Where a school code (文部科学省 学校コード) names the prefecture, by JIS X 0401."""


@dataclass(frozen=True, slots=True)
class AreaOf:
    """The areas that a child of one school counts in."""

    establisher: str
    prefecture: str


def areas_of(node_id: str, schools: Iterable[SchoolRow]) -> Mapping[UUID, AreaOf]:
    """Return the areas of every school by its id.

    A school under a board counts under the board's public code (教育委員会コード). Establishers without one, such as
    school corporations, form one stratum of the node in each prefecture: no figure of a single school appears.
    """
    return {school.organisation: _area(node_id, school) for school in schools}


def all_areas(places: Mapping[UUID, AreaOf]) -> Areas:
    """Return every area of the node, whether a child counts there or not."""
    return Areas.of({place.establisher for place in places.values()}, {place.prefecture for place in places.values()})


def _area(node_id: str, school: SchoolRow) -> AreaOf:
    prefecture = school.code[_PREFECTURE]
    board = school.parent_code or ""
    if school.parent_kind == OrganisationKind.BOARD and is_board_code(board):
        return AreaOf(board, prefecture)
    return AreaOf(f"{prefecture}x-{node_id}", prefecture)
