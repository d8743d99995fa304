"""`manabi registrar`: keep the participant registry. One folder, one key, one signed document after another.

The folder: `registrar.pem` (the private key), `registrar.jwks.json` (what nodes pin), `state.json`, every document
ever published in `versions/`, and the newest as `registry.jws`, the file to hand out.
"""

import argparse
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from pds.organisations.codes import fault_of_school_code, is_board_code
from trust.errors import N_, ManabiError
from trust.files import locked, sync_folder, write_new
from trust.forms import write_instant
from trust.joining import JoinRefused, JoinRequest, open_join_request
from trust.participants import Organisation, OrganisationKind, Participant
from trust.registry import Registry, RegistryRefused, make_registry, read_held, write_registrar_keys
from trust.signing import SigningKey
from trust.ticket import MAX_NUMBER
from web.clock import system_clock

FORMAT: Final = "manabi-registrar/1"
LIFETIME: Final = timedelta(days=30)
"""How long a document is valid at most. A rotated key overlaps at least as long, so that no valid one lacks a key."""


class RegistrarRefused(ManabiError):
    """The folder is not a registrar's, or the wish cannot be granted."""

    code = "registrar.refused"
    status = 422
    title = N_("The registrar's folder %(folder)s cannot do that (%(reason)s).")
    remedy = N_("Name the folder that `manabi registrar init` made, and a participant as `show` lists it.")


@dataclass(frozen=True, slots=True)
class _State:
    """What the documents do not say: everybody who ever took part, with number and instant of the last request.

    A number stays its participant's for ever, also after it has left: tickets carry it.
    """

    lifetime: timedelta
    numbers: dict[str, int]
    asked_at: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> "_State":
        wire = json.loads(path.read_bytes())
        if wire.pop("format") != FORMAT:
            raise ValueError("another format")
        return cls(timedelta(days=wire["days"]), wire["numbers"], wire["asked_at"])

    def to_bytes(self) -> bytes:
        wire = {"format": FORMAT, "days": self.lifetime.days, "numbers": self.numbers, "asked_at": self.asked_at}
        return json.dumps(wire, indent=1).encode() + b"\n"


class Registrar:
    """The registrar at work on its folder; one at a time, others wait."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.public_keys = folder / "registrar.jwks.json"
        self.document = folder / "registry.jws"
        self._key = SigningKey.from_pem((folder / "registrar.pem").read_bytes())

    @classmethod
    def create(cls, folder: Path, *, now: datetime, lifetime: timedelta = LIFETIME) -> "Registrar":
        """Lay a registrar's folder with a new key and publish version 1, which lists nobody."""
        if (folder / "state.json").exists():
            raise RegistrarRefused(folder=str(folder), reason="there is one already")
        if not timedelta(0) < lifetime <= LIFETIME:
            raise RegistrarRefused(folder=str(folder), reason=f"a document is valid for 1 to {LIFETIME.days} days")
        (folder / "versions").mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        write_new(folder / "registrar.pem", SigningKey.generate().to_pem())
        registrar = cls(folder)
        _replace(registrar.public_keys, write_registrar_keys([registrar._key.public()]))
        if not any((folder / "versions").glob("*.jws")):
            registrar._publish(registrar._make(1, (), now, lifetime))
        write_new(folder / "state.json", _State(lifetime, {}, {}).to_bytes())
        return registrar

    @classmethod
    def open(cls, folder: Path) -> "Registrar":
        """Open a registrar's folder, finishing what a crash interrupted; raises RegistrarRefused for any other."""
        try:
            _State.read(folder / "state.json")
            registrar = cls(folder)
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise RegistrarRefused(folder=str(folder), reason="no registrar is there") from error
        with locked(folder / "lock"):
            newest = registrar._newest().read_bytes()
            if not registrar.document.exists() or registrar.document.read_bytes() != newest:
                _replace(registrar.document, newest)
        return registrar

    def current(self) -> Registry:
        """Return the newest registry that was published."""
        return read_held(self._newest().read_text())

    def admit(self, token: str, *, now: datetime) -> Registry:
        """Take a participant in, or change its entry, and publish; raises JoinRefused and changes nothing.

        A school's earlier keys stay listed: what it signed with them must stay verifiable.
        """
        return self.admit_all([token], now=now)

    def admit_all(self, tokens: Sequence[str], *, now: datetime) -> Registry:
        """Take several in, in their order, and publish once; raises JoinRefused for the first that is refused.

        All or none: after a refusal the document and the numbers are what they were.
        """
        with locked(self.folder / "lock"):
            state, registry = self._read_state(), self.current()
            entries = {one.id: one for one in registry.participants}
            for token in tokens:
                request = open_join_request(token, now=now, find=entries.get)
                entry = _entry(request, state, registry)
                entries[entry.id] = entry
                state = replace(
                    state, numbers={**state.numbers, entry.id: entry.number},
                    asked_at={**state.asked_at, entry.id: write_instant(request.made_at)},
                )  # fmt: skip
            try:
                made = self._make(registry.version + 1, list(entries.values()), now, state.lifetime)
            except RegistryRefused as refused:
                raise JoinRefused(reason=refused.params["reason"]) from refused
            _replace(self.folder / "state.json", state.to_bytes())
            return self._publish(made)

    def remove(self, participant: str, *, now: datetime) -> Registry:
        """Take a participant out and publish; raises RegistrarRefused if it is not in."""
        with locked(self.folder / "lock"):
            registry = self.current()
            if registry.by_id(participant) is None:
                raise RegistrarRefused(folder=str(self.folder), reason=f"{participant} does not take part")
            return self._next(registry, [one for one in registry.participants if one.id != participant], now)

    def renew(self, *, now: datetime) -> Registry:
        """Publish the same entries with a new expiry; expired keys of participants are left out."""
        with locked(self.folder / "lock"):
            registry = self.current()
            return self._next(registry, [_without_ended_keys(one, now) for one in registry.participants], now)

    def _next(self, registry: Registry, participants: Sequence[Participant], now: datetime) -> Registry:
        return self._publish(self._make(registry.version + 1, participants, now, self._read_state().lifetime))

    def _make(self, version: int, participants: Sequence[Participant], now: datetime, lifetime: timedelta) -> str:
        in_order = sorted(participants, key=lambda one: one.number)
        return make_registry(self._key, version, in_order, now=now, expires_at=now + lifetime)

    def _publish(self, token: str) -> Registry:
        registry = read_held(token)
        write_new(self.folder / "versions" / f"{registry.version:08}.jws", token.encode())
        _replace(self.document, token.encode())
        return registry

    def _newest(self) -> Path:
        return max((self.folder / "versions").glob("*.jws"))

    def _read_state(self) -> _State:
        return _State.read(self.folder / "state.json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the tasks."""
    parser.add_argument("--folder", type=Path, default=Path("registrar"), help="its folder (default: %(default)s)")
    tasks = parser.add_subparsers(dest="task", metavar="TASK", required=True)
    init = tasks.add_parser("init", help="lay a registrar's folder with a new key, once")
    init.add_argument("--days", type=int, default=LIFETIME.days, help="validity of a document (default: %(default)s)")
    admit = tasks.add_parser("admit", help="take a participant in, or change its entry, from a request file")
    admit.add_argument("request", type=Path, metavar="FILE")
    remove = tasks.add_parser("remove", help="take a participant out")
    remove.add_argument("participant", metavar="ID")
    tasks.add_parser("renew", help="publish the same entries with a new expiry")
    tasks.add_parser("show", help="list the participants of the newest document")


def run(arguments: argparse.Namespace) -> int:
    """Carry out one task and print what the newest document says."""
    tasks: Mapping[str, Callable[[argparse.Namespace, datetime], Registry]] = {
        "init": lambda words, now: Registrar.create(
            words.folder, now=now, lifetime=timedelta(days=words.days)
        ).current(),
        "admit": lambda words, now: Registrar.open(words.folder).admit(read_token(words.request), now=now),
        "remove": lambda words, now: Registrar.open(words.folder).remove(words.participant, now=now),
        "renew": lambda words, now: Registrar.open(words.folder).renew(now=now),
        "show": lambda words, now: Registrar.open(words.folder).current(),
    }
    registry = tasks[arguments.task](arguments, system_clock())
    for line in describe(registry):
        print(line)
    return 0


def describe(registry: Registry) -> list[str]:
    """Return a registry in lines: the thumbprints are for comparing over another channel."""
    lines = [f"registry version {registry.version}, valid until {write_instant(registry.expires_at)}"]
    for one in registry.participants:
        lines.append(f"{one.number} {one.id} ({one.kind.value}) {one.name}, {one.issuer or 'no issuer'}, {one.contact}")
        lines += [
            f"  {key.use.value} key {key.key.thumbprint()} from {write_instant(key.valid_from)}"
            + ("" if key.valid_to is None else f" until {write_instant(key.valid_to)}")
            for key in one.keys
        ]
        lines += [f"  {each.kind.value} {each.code} {each.name}" for each in one.organisations]
    return lines


def read_token(path: Path) -> str:
    """Read a signed file somebody sent; raises JoinRefused if it cannot be read."""
    try:
        return path.read_text("ascii").strip()
    except (OSError, ValueError) as error:
        raise JoinRefused(reason=f"{path.name} cannot be read") from error


def _entry(request: JoinRequest, state: _State, registry: Registry) -> Participant:
    """Return the entry that a request leads to; raises JoinRefused."""
    wanted = request.participant
    last = state.asked_at.get(wanted.id)
    if last is not None and write_instant(request.made_at) < last:
        raise JoinRefused(reason=f"a later request of {wanted.id} was admitted already")
    _require_codes(wanted, registry)
    number = state.numbers.get(wanted.id, max(state.numbers.values(), default=0) + 1)
    if number > MAX_NUMBER:
        raise JoinRefused(reason="all numbers are taken")
    return replace(wanted, number=number, organisations=_with_earlier_keys(wanted, registry))


def _require_codes(wanted: Participant, registry: Registry) -> None:
    """Refuse a code that is none, and a code that another participant stands for."""
    for each in wanted.organisations:
        if each.kind is OrganisationKind.SCHOOL:
            good = fault_of_school_code(each.code) is None
        else:
            good = is_board_code(each.code)
        if not good:
            raise JoinRefused(reason=f"{each.code} is not the code of a {each.kind.value}")
        found = registry.organisation(each.code)
        if found is not None and found[0].id != wanted.id:
            raise JoinRefused(reason=f"{found[0].id} stands for {each.code} already")


def _with_earlier_keys(wanted: Participant, registry: Registry) -> tuple[Organisation, ...]:
    joined = []
    for each in wanted.organisations:
        found = registry.organisation(each.code)
        earlier = () if found is None else found[1].keys
        joined.append(replace(each, keys=each.keys + tuple(key for key in earlier if each.key(key.kid) is None)))
    return tuple(joined)


def _without_ended_keys(one: Participant, now: datetime) -> Participant:
    """Leave out keys that have ended, unless nothing would be left for their use."""
    kept = tuple(
        key for key in one.keys if key.valid_to is None or now < key.valid_to or not one.keys_for(key.use, now)
    )
    return replace(one, keys=kept)


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, also after a crash."""
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)
