"""What every route says about itself: who may call it and which data it shows. The shell refuses to start without."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask
from flask.typing import ResponseReturnValue

View = TypeVar("View", bound=Callable[..., Any])

Rule = Callable[[], ResponseReturnValue | None]
"""Checks who asks, before the view runs: returns None to go on, a response to answer instead, or raises an error."""

_MARK = "_manabi_declaration"


@dataclass(frozen=True, slots=True)
class Declaration:
    """`requires` names a rule; `discloses` a category of records, or none. Both are checked by tests as well.

    `max_body` widens the bound on the request body (bytes). `csrf_exempt` carries the reason why no token is asked.
    """

    requires: str
    discloses: str
    max_body: int | None = None
    csrf_exempt: str | None = None


def declares(
    *, requires: str, discloses: str, max_body: int | None = None, csrf_exempt: str | None = None
) -> Callable[[View], View]:
    """Mark a view function (or a class-based view) with who may call it and what it discloses."""

    def mark(view: View) -> View:
        setattr(view, _MARK, Declaration(requires, discloses, max_body, csrf_exempt))
        return view

    return mark


class UndeclaredRoute(Exception):
    """A route lacks its declaration or names a rule nobody provides. A fault in the program, so the start fails."""


def find_declarations(app: Flask, rules: Mapping[str, Rule]) -> dict[str, Declaration]:
    """Return the declaration of every endpoint, or raise `UndeclaredRoute` naming all that lack one."""
    declarations: dict[str, Declaration] = {}
    faults: list[str] = []
    for endpoint, view in app.view_functions.items():
        declaration = getattr(view, _MARK, None) or getattr(getattr(view, "view_class", None), _MARK, None)
        if not isinstance(declaration, Declaration):
            faults.append(f"{endpoint}: add @declares(requires=..., discloses=...)")
        elif declaration.requires not in rules:
            faults.append(f"{endpoint}: no feature provides the rule {declaration.requires!r}")
        else:
            declarations[endpoint] = declaration
    if faults:
        raise UndeclaredRoute("; ".join(faults))
    return declarations
