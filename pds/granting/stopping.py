"""The second tap: what pausing, stopping or going on does, in the words that the receipt keeps."""

from dataclasses import dataclass
from enum import StrEnum

from consent.receipt import ShownText
from consent.vocabulary import Category
from pds.granting.sharing_list import lines_of
from pds.granting.wording import Line, show
from pds.look_back.saying import say_bare
from pds.look_back.words import Sentence
from pds.sharing.grants import GrantView
from trust.errors import N_


class GrantAct(StrEnum):
    """What somebody of the family does with a sharing; the values stand in addresses."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class ActPage:
    """The page before an act is done: what it is about, what follows, and the words for the receipt."""

    address: str
    title: Sentence
    short: Sentence
    lines: tuple[Line, ...]
    consequences: tuple[Sentence, ...]
    shown: ShownText


def words_of_act(act: GrantAct, grant: GrantView, school: str) -> ActPage:
    """Return the page of an act on one sharing."""
    lines = (Line(Sentence(N_("To whom")), school), *lines_of(grant))
    title, short, consequences = _TITLES[act], _SHORT[act], _consequences(act, grant)
    text = [say_bare(Sentence(title)), *(f"{say_bare(line.label)}: {say_bare(line.value)}" for line in lines)]
    text += [say_bare(sentence) for sentence in consequences]
    return ActPage(
        f"/learners/{grant.learner}/grants/{grant.grant_id}/{act}",
        Sentence(title),
        Sentence(short),
        lines,
        consequences,
        show("\n".join(text)),
    )


_TITLES = {
    GrantAct.PAUSE: N_("Pause this sharing?"),
    GrantAct.RESUME: N_("Let this sharing go on?"),
    GrantAct.STOP: N_("Stop this sharing?"),
}
_SHORT = {GrantAct.PAUSE: N_("Pause"), GrantAct.RESUME: N_("Let it go on"), GrantAct.STOP: N_("Stop")}
_NEEDED_FOR_SAFETY = (Category.CARE_PLAN, Category.HEALTH_CHECK)


def _consequences(act: GrantAct, grant: GrantView) -> tuple[Sentence, ...]:
    match act:
        case GrantAct.PAUSE:
            found = [
                Sentence(N_("From now on the school gets nothing more. What it has already got, it keeps for now.")),
                Sentence(N_("You can let it go on whenever you like.")),
            ]
        case GrantAct.RESUME:
            found = [Sentence(N_("The school gets again what stands above, and no more."))]
        case _:
            found = [
                Sentence(N_("From now on the school gets nothing more. This cannot be undone.")),
                Sentence(N_("The school is told, and has to erase what it got and answer that it did.")),
                Sentence(N_("The child is treated the same at school.")),
            ]
    if act is not GrantAct.RESUME and any(one in _NEEDED_FOR_SAFETY for one in grant.terms.scope.categories):
        found.append(
            Sentence(
                N_(
                    "Take care: the school then no longer sees what it needs to know for the child's safety, "
                    "such as allergies. Talk to the school about it as well."
                )
            )
        )
    return tuple(found)
