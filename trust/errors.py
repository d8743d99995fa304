"""The error every room raises: a stable code, a status, and two sentences that a person can act on."""

from functools import partial
from typing import ClassVar


def N_(sentence: str) -> str:  # noqa: N802  gettext's own name for a marker; extraction tools look for it
    """Mark an English sentence for translation and return it unchanged.

    The sentence is the message id; the catalogues beside each package hold its Japanese and plain Japanese wording.
    """
    return sentence


class ManabiError(Exception):
    """A failure that names what happened and what to do next, for pages, problem details and the command line.

    ``code`` is stable and unique ('room.what'); ``status`` is the HTTP status an edge answers with; ``title`` and
    ``remedy`` are English message ids with ``%(name)s`` places filled from ``params``. Parameters carry ids and
    counts, never the content of a record.
    """

    code: ClassVar[str]
    status: ClassVar[int] = 400
    title: ClassVar[str]
    remedy: ClassVar[str]

    def __init__(self, **params: str | int) -> None:
        super().__init__(params)
        self.params: dict[str, str | int] = params

    def __reduce__(self) -> tuple[partial["ManabiError"], tuple[()]]:
        """Survive the way between processes: parameters are keywords, which pickling by arguments would lose."""
        return partial(type(self), **self.params), ()

    def __str__(self) -> str:
        """Both sentences in English, for logs and the command line."""
        return f"{self.title % self.params} {self.remedy % self.params}"
