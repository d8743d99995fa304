"""Releases by digest, for the interface and the pages: parsed once, kept per digest, never mixed."""

import re
from collections import OrderedDict
from threading import Lock

from sqlalchemy.orm import Session

from aggregator.query import queries
from aggregator.query.errors import NothingReleased, ReleaseUnknown
from aggregator.query.release import Edition, read_edition
from aggregator.query.selection import shorten

_DIGEST = re.compile(r"[0-9a-f]{64}")


class Shelf:
    """The last few releases asked for, parsed. None goes stale: the bytes behind a digest never change."""

    def __init__(self, room: int = 4) -> None:
        self._room, self._kept, self._lock = room, OrderedDict[str, Edition](), Lock()

    def take(self, digest: str) -> Edition | None:
        """Return a release that is at hand."""
        with self._lock:
            edition = self._kept.get(digest)
            if edition is not None:
                self._kept.move_to_end(digest)
            return edition

    def put(self, edition: Edition) -> Edition:
        """Keep a release; the one that nobody asked for the longest gives way."""
        with self._lock:
            self._kept[edition.digest] = edition
            while len(self._kept) > self._room:
                self._kept.popitem(last=False)
        return edition


SHELF = Shelf()


def open_edition(session: Session, digest: str | None) -> Edition:
    """Return the release with a digest, or the newest one for None.

    Raises `ReleaseUnknown` for a digest that is none of ours, `NothingReleased` while there is no release at all.
    """
    named = digest or queries.newest_digest(session)
    if named is None:
        raise NothingReleased
    if not _DIGEST.fullmatch(named):
        raise ReleaseUnknown(value=shorten(named))
    return SHELF.take(named) or SHELF.put(read_edition(read_bytes(session, named)))


def read_bytes(session: Session, digest: str) -> bytes:
    """Return the fixed bytes of a release; raises `ReleaseUnknown`."""
    raw = queries.find_document(session, bytes.fromhex(digest)) if _DIGEST.fullmatch(digest) else None
    if raw is None:
        raise ReleaseUnknown(value=shorten(digest))
    return raw


def read_signature(session: Session, digest: str) -> str:
    """Return the leader's signature over a release; raises `ReleaseUnknown`."""
    token = queries.find_token(session, bytes.fromhex(digest)) if _DIGEST.fullmatch(digest) else None
    if token is None:
        raise ReleaseUnknown(value=shorten(digest))
    return token
