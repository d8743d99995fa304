"""Documents on a page: the very bytes another school would get, and what the law sends, laid out as registers."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from consent.vocabulary import Text
from pds.look_back.forms import find_form
from pds.look_back.register import Register, build_register
from pds.sharing.copies import Copy
from pds.sharing.enforcement import Disclosed

_KILO = 1024


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file that goes along, by name and size in words."""

    name: str
    size: str


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """One document. `closed` names fields that are in it and stay closed to this reader."""

    number: int
    title: Text
    school_year: int
    register: Register
    files: tuple[ShownFile, ...] = ()
    closed: tuple[Text, ...] = ()


def show_copy(copy: Copy, number: int) -> ShownDocument:
    """Lay out a copy from its own token, so that nothing stands on the page but what would be sent."""
    payload = read_payload(copy.token)
    form = find_form(payload["schema"])
    files = tuple(ShownFile(one["name"], say_size(one["size"])) for one in payload["files"])
    return ShownDocument(number, form.label, payload["school_year"], build_register(form, payload["body"]), files)


def show_disclosed(disclosed: Disclosed, number: int) -> ShownDocument:
    """Lay out a record as far as its reader may see it."""
    form = find_form(disclosed.record.schema)
    closed = tuple(form.inner(name).label for name in disclosed.withheld)
    return ShownDocument(
        number, form.label, disclosed.record.place.school_year,
        build_register(form, disclosed.body, disclosed.withheld), (), closed,
    )  # fmt: skip


def read_payload(token: str) -> dict[str, Any]:
    """Return the content of a copy that was just made here; its signature is the recipient's to check."""
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def say_size(size: int) -> str:
    """Say a number of bytes as people do: 12 KB, 3.4 MB."""
    if size < _KILO**2:
        return f"{max(1, round(size / _KILO))} KB"
    return f"{size / _KILO**2:.1f} MB"
