"""What an edge may ask for during a request: the shell it runs in, the present instant, its one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from flask import current_app, g
from sqlalchemy.orm import Session

from web.clock import Clock
from web.database import Database
from web.i18n import Catalogues
from web.routes import Declaration, Rule

EXTENSION = "manabi.shell"


@dataclass(frozen=True, slots=True)
class ShellSettings:
    """What the shell must know of a service; the service reads it from the environment.

    `service_id` names the cookies, `public_url` is the origin people type (never taken from the Host header),
    `operator` and `contact` stand in the footer as they are, `contact_url` is a link (mailto: or https:) or None,
    `protection_path` leads to the page that says how records are protected.
    `made_up` says on every page that the people and schools in it are not real.
    `api_version` is the version of the JSON interface. `max_body` bounds a request body unless its route says other.
    """

    service_id: str
    public_url: str
    operator: str
    contact: str
    contact_url: str | None = None
    protection_path: str | None = None
    made_up: bool = False
    api_version: str = "1"
    max_body: int = 64 * 1024


@dataclass(frozen=True, slots=True)
class Shell:
    """A running service's shell: what it was made of, and what each of its endpoints declared."""

    settings: ShellSettings
    database: Database
    catalogues: Catalogues
    clock: Clock
    rules: Mapping[str, Rule]
    declarations: dict[str, Declaration] = field(default_factory=dict)


def current_shell() -> Shell:
    """Return the shell of the running service."""
    shell: Shell = current_app.extensions[EXTENSION]
    return shell


def now() -> datetime:
    """Return the instant of this request: one and the same however often it is asked for."""
    if "now" not in g:
        g.now = current_shell().clock()
    instant: datetime = g.now
    return instant


def transaction() -> Session:
    """Return the request's one database session, opened at first use and rolled back at the end unless committed.

    Edges commit (`transaction().commit()`), services flush. After a commit the session may be used again.
    """
    if "transaction" not in g:
        g.transaction = Session(current_shell().database.engine, expire_on_commit=False)
    session: Session = g.transaction
    return session


def close_transaction(_: BaseException | None = None) -> None:
    """End the request's session; called by the shell."""
    session: Session | None = g.pop("transaction", None)
    if session is not None:
        session.close()
