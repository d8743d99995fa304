"""The guard over all routes: who is not signed in gets in nowhere without a reason; what discloses leaves an entry."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.routing import Rule

from pds.node import Node
from tests.integration.pds.look_back.conftest import Family, Visit
from web.context import EXTENSION, Shell
from web.routes import Declaration

BASE = "https://localhost"
OPEN_TO_ANYONE = {
    "shell.": "life sign, style sheet, language: shown before anybody signs in",
    "static": "symbols and the passkey script",
    "look_back_style.": "a style sheet",
    "granting_script.": "a script that adds up ticks",
    "transfer_style.": "the script of the work list's keys",
    "accounts.": "signing in cannot ask for having signed in",
    "passkeys.": "the ceremony of signing in; setting up a passkey asks for the session of the code",
    "look_back.protection": "how records are protected is for everybody to read",
    "transfer_api.take_message": "a message of another node is judged by its signature",
    "authorization.": "clients authenticate inside OAuth, with their registered key; metadata and keys are public",
}
"""Endpoints that ask nothing of the caller, with the reason; a prefix ends in a point."""
BY_TOKEN = {"presented_token": "what a school's system pulls is decided and logged page by page: tests of pulling"}
"""Rules that nobody who signs in can meet, with the place where their entries are tested."""


def declarations(app: Flask) -> dict[str, Declaration]:
    shell: Shell = app.extensions[EXTENSION]
    return shell.declarations


def is_reasoned(endpoint: str) -> bool:
    return any(endpoint == name or (name.endswith(".") and endpoint.startswith(name)) for name in OPEN_TO_ANYONE)


def routes(app: Flask) -> Iterator[tuple[Rule, Declaration]]:
    for rule in app.url_map.iter_rules():
        yield rule, declarations(app)[rule.endpoint]


def address_of(app: Flask, rule: Rule, values: dict[str, object]) -> str:
    given = {name: values.get(name, "x") for name in rule.arguments}
    with app.test_request_context(base_url=BASE):
        return app.url_for(rule.endpoint, **given, _external=False)  # type: ignore[arg-type]


@pytest.fixture
def values(family: Family) -> dict[str, object]:
    """A value for every name that stands in an address."""
    some = UUID(int=5)
    return {
        "learner": family.child, "record": family.guidance, "school_year": 2025, "filename": "x.css", "version": 1,
        "class_id": some, "run": some, "run_id": some, "person": some, "session_id": some, "passkey_id": some,
        "organisation": some, "staff": some, "wanted": "all", "number": 1,
        "request_id": some, "receipt": some, "grant": some, "act": "pause", "category": "report",
        "transfer": some, "doc": some, "document": some, "message": some, "file_no": 1,
    }  # fmt: skip


def test_only_reasoned_routes_ask_nothing_of_the_caller(app: Flask) -> None:
    unreasoned = {
        rule.endpoint
        for rule, declared in routes(app)
        if declared.requires == "anyone" and not is_reasoned(rule.endpoint)
    }
    assert unreasoned == set(), "declare a rule, or add the endpoint to OPEN_TO_ANYONE with its reason"


def test_who_is_not_signed_in_gets_in_nowhere(app: Flask, values: dict[str, object]) -> None:
    client = app.test_client()
    let_in = []
    for rule, declared in routes(app):
        if declared.requires == "anyone":
            continue
        method = "GET" if "GET" in (rule.methods or ()) else "POST"
        answer = client.open(address_of(app, rule, values), method=method, base_url=BASE)
        if answer.status_code not in (303, 401, 403):
            let_in.append((rule.endpoint, answer.status_code))
    assert let_in == []


def test_every_disclosing_route_leaves_an_entry(
    app: Flask, values: dict[str, object], family: Family, visit: Visit, jobs_node: Node
) -> None:
    silent = []
    clients: dict[str, FlaskClient] = {"family": visit(family.child), "staff": visit(family.teacher)}
    for rule, declared in routes(app):
        if declared.discloses == "none" or "GET" not in (rule.methods or ()) or declared.requires in BY_TOKEN:
            continue
        client = clients["staff" if declared.requires.startswith("staff") else "family"]
        before = count_entries(jobs_node)
        answer = client.get(address_of(app, rule, values), base_url=BASE)
        if count_entries(jobs_node) == before:
            silent.append((rule.endpoint, answer.status_code))
    assert silent == [], "read through pds.sharing, which writes the entry, and commit"


def count_entries(node: Node) -> int:
    with node.database.session() as session:
        return int(session.execute(text("SELECT count(*) FROM log_entry")).scalar_one())
