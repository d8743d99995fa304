"""What the family's pages read, and what every one of them says about whose record is open."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import render_template

from consent.age import japan_day, school_year_of
from consent.vocabulary import ActorKind, Category
from consent.wording import in_display_order
from pds.look_back.timeline import Year, build_years, is_in_first_grades
from pds.people.details import Name
from pds.people.service import KnownChild
from pds.records.bodies import published_categories
from pds.sharing.asking import ask, current_node, current_viewer, settle
from pds.sharing.enforcement import Overview, read_overview
from web.context import current_shell, now, transaction
from web.cookies import read_cookie, view_cookie
from web.i18n import Locale, View, use_view


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose record a page shows. `own`: the reader's; `carer`: a reader who may have other children to turn to."""

    learner: UUID
    name: Name
    own: bool
    carer: bool

    @property
    def family(self) -> bool:
        """Whether the reader is of the family, to whom the log of who looked belongs."""
        return self.own or self.carer


def read_all(learner: UUID, school_year: int | None = None, categories: Collection[Category] | None = None) -> Overview:
    """Open what the reader may see of a child; the decision and its entries stand committed.

    With `school_year` only what is of that year, with `categories` only those; else all of which there are forms.
    """
    wanted = in_display_order(published_categories() if categories is None else categories)
    return settle(read_overview(transaction(), current_node(), ask(), learner, wanted, school_year=school_year))


def years_of(overview: Overview) -> Sequence[Year]:
    """Return the child's years; a child of the first grades who never chose a language gets the simplest one."""
    years = build_years(overview.records, school_year_of(japan_day(now())))
    if is_simple(overview.child, years) and read_cookie(view_cookie()) is None:
        use_view(View(Locale.PLAIN, ruby=True), current_shell().catalogues)
    return years


def is_simple(child: KnownChild, years: Sequence[Year]) -> bool:
    """Tell whether the page is read by a child of the first grades, to whom it says less in larger letters."""
    return current_viewer().person == child.facts.learner and is_in_first_grades(years)


def whose(child: KnownChild) -> Whose:
    """Return whose record is open, for the reader of this page."""
    viewer = current_viewer()
    return Whose(
        learner=child.facts.learner,
        name=child.details.name,
        own=viewer.person == child.facts.learner,
        carer=viewer.actor.kind is ActorKind.CARER,
    )


def draw(template: str, child: KnownChild, **context: object) -> str:
    """Draw a page about one child."""
    return render_template(f"look_back/{template}", whose=whose(child), learner=child.facts.learner, **context)
