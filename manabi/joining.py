"""A node's side of the participant registry: ask to be taken in, install what the registrar answers, change keys."""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from consent.age import japan_day
from pds.node import Node
from pds.organisations.registry import OrganisationKind as DirectoryKind
from pds.organisations.registry import standing_organisations
from trust.errors import N_, ManabiError
from trust.joining import write_join_request
from trust.participants import (
    KeyUse,
    Organisation,
    OrganisationKind,
    Participant,
    ParticipantKey,
    ParticipantKind,
)
from trust.registry import Registry, RegistryRefused
from web.participants import service as participants

OVERLAP: Final = timedelta(days=30)
"""How long an old client key goes on beside a new one: at least as long as a registry document is valid."""

_NODE_KEY: Final = "node"
_KINDS: Final = {DirectoryKind.BOARD: OrganisationKind.BOARD, DirectoryKind.SCHOOL: OrganisationKind.SCHOOL}


class NotListed(ManabiError):
    """The registry that this node holds does not list it."""

    code = "node.not_listed"
    status = 409
    title = N_("The registry that this node holds does not list it.")
    remedy = N_("Send the file of `manabi node join-request` to the registrar and install the answer first.")


def make_join_request(session: Session, node: Node, now: datetime) -> str:
    """Return the signed request to be taken in, or to have the entry brought up to date; raises JoinRefused.

    It lists the boards and schools of the node's directory, each school with the public key it signs records with.
    Keys that the registry lists for the node already stay as they are listed.
    """
    registry = participants.held_registry(session)
    own = None if registry is None else registry.by_id(node.node_id)
    keys = _first_keys(node, now) if own is None else own.keys
    return _request(session, node, keys, now)


def rotate_client_key(session: Session, node: Node, now: datetime, *, overlap: timedelta = OVERLAP) -> str:
    """Make a new key for client assertions and return the signed request that lists it; raises NotListed.

    The listed key goes on for the overlap. Asked twice before the registrar has answered, it names the same new key.
    """
    now = now.replace(microsecond=0)
    registry = participants.held_registry(session)
    own = None if registry is None else registry.by_id(node.node_id)
    if own is None:
        raise NotListed
    listed = {key.kid for key in own.keys}
    number = 1
    while (new := node.keyring.signing_key(participants.client_key_name(number))).kid in listed:
        number += 1
    kept = [
        replace(key, valid_to=_earlier(key.valid_to, now + overlap)) if key.use is KeyUse.CLIENT else key
        for key in own.keys
        if key.use is not KeyUse.CLIENT or key.counts_at(now)
    ]
    kept = [key for key in kept if key.valid_to is None or key.valid_to > key.valid_from]
    return _request(session, node, (*kept, ParticipantKey.of(KeyUse.CLIENT, new.jose_key(), now)), now)


def add_tasks(tasks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the node's tasks about the registry."""
    join = tasks.add_parser("join-request", help="write the signed request to be taken into the registry")
    install = tasks.add_parser("registry-install", help="install the registrar's newest document")
    install.add_argument("document", type=Path, metavar="FILE")
    rotate = tasks.add_parser("rotate-client-key", help="make a new client key and write the request that lists it")
    rotate.add_argument(
        "--overlap-days", type=int, default=OVERLAP.days,
        help="how long the old key goes on; 0 for one that may be known to others (default: %(default)s)",
    )  # fmt: skip
    for one in (join, rotate):
        one.add_argument("--out", type=Path, metavar="FILE", help="where to write it (default: standard output)")


def run_join_request(node: Node, arguments: argparse.Namespace) -> int:
    """Write the request; the thumbprint that the registrar compares goes to standard error."""
    with node.database.session() as session:
        request = make_join_request(session, node, node.clock())
    return _hand_out(node, request, arguments.out)


def run_registry_install(node: Node, arguments: argparse.Namespace) -> int:
    """Install a document and say in one line what is in force."""
    try:
        token = arguments.document.read_text("ascii").strip()
    except (OSError, ValueError) as error:
        raise RegistryRefused(reason=f"{arguments.document.name} cannot be read") from error
    with node.database.session() as session:
        registry = participants.install(session, node, token, node.clock())
        session.commit()
    print(_in_one_line(node, registry))
    return 0


def run_rotate_client_key(node: Node, arguments: argparse.Namespace) -> int:
    """Make the key and write the request."""
    overlap = timedelta(days=max(0, arguments.overlap_days))
    with node.database.session() as session:
        request = rotate_client_key(session, node, node.clock(), overlap=overlap)
    return _hand_out(node, request, arguments.out)


TASKS: Final[Mapping[str, Callable[[Node, argparse.Namespace], int]]] = {
    "join-request": run_join_request,
    "registry-install": run_registry_install,
    "rotate-client-key": run_rotate_client_key,
}


def _first_keys(node: Node, now: datetime) -> tuple[ParticipantKey, ...]:
    return tuple(
        ParticipantKey.of(use, node.keyring.signing_key(name).jose_key(), now)
        for use, name in ((KeyUse.NODE, _NODE_KEY), (KeyUse.CLIENT, participants.CLIENT_KEY))
    )


def _request(session: Session, node: Node, keys: tuple[ParticipantKey, ...], now: datetime) -> str:
    participant = Participant(
        0, node.node_id, node.settings.operator, ParticipantKind.NODE, node.settings.public_url,
        node.settings.contact, keys, _organisations(session, node, now),
    )  # fmt: skip
    return write_join_request(node.keyring.signing_key(_NODE_KEY), participant, now=now)


def _organisations(session: Session, node: Node, now: datetime) -> tuple[Organisation, ...]:
    """Return boards and schools by code; an establisher without a board code has none that others know."""
    today = japan_day(now)
    return tuple(
        Organisation(
            one.code, one.name, _KINDS[one.kind],
            (node.keyring.signing_key(one.code).public(),) if one.kind is DirectoryKind.SCHOOL else (),
            one.successor_code if one.closed_by(today) else None,
        )
        for one in standing_organisations(session)
        if one.kind in _KINDS
    )  # fmt: skip


def _earlier(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else min(one, other)


def _hand_out(node: Node, request: str, out: Path | None) -> int:
    if out is None:
        print(request)
    else:
        out.write_text(request + "\n")
    print(f"node key {node.keyring.signing_key(_NODE_KEY).kid}", file=sys.stderr)
    return 0


def _in_one_line(node: Node, registry: Registry) -> str:
    own = registry.by_id(node.node_id)
    place = "this node is not in it" if own is None else f"this node is number {own.number}"
    return f"registry version {registry.version} is in force until {registry.expires_at:%Y-%m-%d}; {place}"
