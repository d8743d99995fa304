"""What nodes send: the signed header of a submission, the signed header of a seat's noise, and the servers' receipts.

A header names everything that a share is bound to, and the SHA-256 of both sealed shares, so that the two servers can
tell by comparing digests that they hold the two halves of one vector. The same header goes to both servers, each with
its own sealed share; a header holds no figure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from aggregator.plans.model import Level
from aggregator.protocol.ring import MOST_WORDS
from aggregator.protocol.shares import Side
from aggregator.protocol.wire import Message, open_signed, read_all, read_digest, sign, text_item
from trust.forms import Form, FormFault
from trust.framing import canonical_json, to_text
from trust.keys import Key
from trust.signing import SigningKey

MOST_SEQUENCE: Final = 2**31
MOST_AREAS: Final = 256
MOST_PREFECTURES: Final = 47
MOST_ATTEMPT: Final = 2

_ESTABLISHER: Final = re.compile(r"[0-9]{6}|(0[1-9]|[1-3][0-9]|4[0-7])x-[A-Za-z0-9.-]{1,64}")
_PREFECTURE: Final = re.compile(r"0[1-9]|[1-3][0-9]|4[0-7]")


def context_of(
    *, round_id: str, node: str, sequence: int, plan: bytes, areas: Sequence[str], prefectures: Sequence[str]
) -> bytes:
    """Return what mask and envelopes of a submission are bound to; no two submissions of a node share one."""
    return canonical_json(
        {
            "format": "manabi-submission-context/1", "round": round_id, "node": node, "sequence": sequence,
            "plan": to_text(plan), "areas": list(areas), "prefectures": list(prefectures),
        }
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class SubmissionHeader(Message):
    """One vector of one node. ``sequence`` rises with every mended vector and is bound to one digest for ever.

    ``areas`` are establishers, ``prefectures`` JIS X 0401 codes, both sorted; ``cells`` counts the words of the vector;
    the digests are those of the sealed shares.
    """

    TYP: ClassVar[str] = "manabi-submission+jws"
    MOST: ClassVar[int] = 32 * 1024

    round_id: str
    node: str
    sequence: int
    plan: bytes
    areas: tuple[str, ...]
    prefectures: tuple[str, ...]
    cells: int
    leader_share: bytes
    helper_share: bytes

    @property
    def context(self) -> bytes:
        """Return what mask and envelopes are bound to."""
        return context_of(
            round_id=self.round_id, node=self.node, sequence=self.sequence, plan=self.plan, areas=self.areas,
            prefectures=self.prefectures,
        )  # fmt: skip

    def share_digest(self, side: Side) -> bytes:
        """Return the digest of a side's sealed share."""
        return self.leader_share if side is Side.LEADER else self.helper_share

    def document(self) -> dict[str, object]:
        """Return the members to be written."""
        return {
            "format": "manabi-submission/1", "round": self.round_id, "node": self.node, "sequence": self.sequence,
            "plan": to_text(self.plan), "areas": list(self.areas), "prefectures": list(self.prefectures),
            "cells": self.cells, "leader_share": to_text(self.leader_share), "helper_share": to_text(self.helper_share),
        }  # fmt: skip

    @classmethod
    def read(cls, document: dict[str, object]) -> Self:
        """Read the members; raises FormFault."""
        names = {"format", "round", "node", "sequence", "plan", "areas", "prefectures", "cells", "leader_share"}
        form = Form(document, "submission", names | {"helper_share"})
        areas = read_all(form, "areas", MOST_AREAS, text_item)
        prefectures = read_all(form, "prefectures", MOST_PREFECTURES, text_item)
        node = read_node(form)
        if not all(_ESTABLISHER.fullmatch(one) for one in areas) or list(areas) != sorted(set(areas)):
            raise FormFault("submission.areas: not ascending codes of establishers")
        if any("x-" in one and one[4:] != node for one in areas):
            raise FormFault("submission.areas: the stratum of another node")
        if not all(_PREFECTURE.fullmatch(one) for one in prefectures) or list(prefectures) != sorted(set(prefectures)):
            raise FormFault("submission.prefectures: not ascending codes of prefectures")
        if not areas or not prefectures:
            raise FormFault("submission: it reports no area")
        return cls(
            read_round(form), node, form.whole("sequence", 1, MOST_SEQUENCE), read_digest(form, "plan"), areas,
            prefectures, form.whole("cells", 1, MOST_WORDS), read_digest(form, "leader_share"),
            read_digest(form, "helper_share"),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class NoiseHeader(Message):
    """One seat's noise for one total. ``closing`` binds it to the list that the seats were drawn for.

    ``attempt`` is that of the drawing which called this node: 0, or 1 and 2 where others stayed silent. A seat sends
    one vector and never a second: what is lost on the way is sent again as the same bytes.
    """

    TYP: ClassVar[str] = "manabi-seat-noise+jws"
    MOST: ClassVar[int] = 4 * 1024

    round_id: str
    node: str
    closing: bytes
    level: Level
    area: str
    attempt: int
    cells: int
    leader_share: bytes
    helper_share: bytes

    @property
    def context(self) -> bytes:
        """Return what mask and envelopes are bound to."""
        return noise_context(self.round_id, self.node, self.closing, self.level, self.area, self.attempt)

    def share_digest(self, side: Side) -> bytes:
        """Return the digest of a side's sealed share."""
        return self.leader_share if side is Side.LEADER else self.helper_share

    def document(self) -> dict[str, object]:
        """Return the members to be written."""
        return {
            "format": "manabi-seat-noise/1", "round": self.round_id, "node": self.node,
            "closing": to_text(self.closing), "level": self.level.value, "area": self.area, "attempt": self.attempt,
            "cells": self.cells, "leader_share": to_text(self.leader_share), "helper_share": to_text(self.helper_share),
        }  # fmt: skip

    @classmethod
    def read(cls, document: dict[str, object]) -> Self:
        """Read the members; raises FormFault."""
        names = {"format", "round", "node", "closing", "level", "area", "attempt", "cells", "leader_share"}
        form = Form(document, "noise", names | {"helper_share"})
        return cls(
            read_round(form), read_node(form), read_digest(form, "closing"), form.choice("level", Level),
            form.token("area", most=80, also="-."), form.whole("attempt", 0, MOST_ATTEMPT),
            form.whole("cells", 1, MOST_WORDS), read_digest(form, "leader_share"), read_digest(form, "helper_share"),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Receipt(Message):
    """A server's signed word that it holds a share. It names the header's digest and no time: a repeat is identical."""

    TYP: ClassVar[str] = "manabi-receipt-of-submission+jws"

    round_id: str
    server: str
    node: str
    header: bytes

    def document(self) -> dict[str, object]:
        """Return the members to be written."""
        return {
            "format": "manabi-submission-receipt/1", "round": self.round_id, "server": self.server, "node": self.node,
            "header": to_text(self.header),
        }  # fmt: skip

    @classmethod
    def read(cls, document: dict[str, object]) -> Self:
        """Read the members; raises FormFault."""
        form = Form(document, "receipt", {"format", "round", "server", "node", "header"})
        return cls(read_round(form), read_node(form, "server"), read_node(form), read_digest(form, "header"))


def noise_context(round_id: str, node: str, closing: bytes, level: Level, area: str, attempt: int) -> bytes:
    """Return what mask and envelopes of a seat's noise are bound to."""
    return canonical_json(
        {
            "format": "manabi-seat-noise-context/1", "round": round_id, "node": node, "closing": to_text(closing),
            "level": level.value, "area": area, "attempt": attempt,
        }
    )  # fmt: skip


def sign_header(key: SigningKey, header: SubmissionHeader | NoiseHeader) -> str:
    """Return a header as its node signs it."""
    return sign(key, header)


def open_header(token: str, keys: Sequence[Key]) -> SubmissionHeader:
    """Read a submission's header signed by one of a node's keys; raises SubmissionRefused."""
    return open_signed(SubmissionHeader, token, keys)


def read_round(form: Form) -> str:
    """Return the round a message is about."""
    return form.token("round", most=64, also="-")


def read_node(form: Form, name: str = "node") -> str:
    """Return a participant's id."""
    return form.token(name, most=64, also="-.")
