"""Submissions to the national count as a faulty or hostile sender would write them, from the published form alone."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final
from uuid import uuid4

from trust.envelopes import OVERHEAD
from trust.framing import canonical_json, to_text
from trust.signing import SigningKey

TYP: Final = "manabi-submission+jws"
_SEED_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a submission claims to come from, and what it says of itself. Its shares are random bytes that fit."""

    key: SigningKey
    node: str
    round_id: str
    plan: bytes
    area: str
    prefecture: str
    cells: int
    sequence: int = 1

    def submission(self, *, share: bytes | None = None) -> dict[str, Any]:
        """Return the body of a request to the leader; `share` is another half than the header names."""
        leader, helper = os.urandom(8 * self.cells + OVERHEAD), os.urandom(_SEED_BYTES + OVERHEAD)
        header = {
            "format": "manabi-submission/1", "round": self.round_id, "node": self.node, "sequence": self.sequence,
            "plan": to_text(self.plan), "areas": [self.area], "prefectures": [self.prefecture], "cells": self.cells,
            "leader_share": to_text(sha256(leader).digest()), "helper_share": to_text(sha256(helper).digest()),
        }  # fmt: skip
        token = self.key.sign(canonical_json(header), typ=TYP)
        return {"header": token, "share": to_text(leader if share is None else share)}


def forgeries(sender: Sender, other_board: str) -> Mapping[str, tuple[dict[str, Any], str]]:
    """Return submissions that nobody may keep, each with the reason that the server has to name."""
    foreign = replace(sender, key=SigningKey.generate())
    length = 8 * sender.cells + OVERHEAD
    return {
        "signed by a stranger": (foreign.submission(), "signature"),
        "from a node that is not in the registry": (replace(sender, node="nobody.node").submission(), "signature"),
        "made for another round": (replace(sender, round_id=str(uuid4())).submission(), "other_round"),
        "made for another plan": (replace(sender, plan=bytes(32)).submission(), "other_plan"),
        "for another's board": (
            replace(sender, area=other_board, prefecture=other_board[:2]).submission(), "foreign_area",
        ),
        "with another number of cells": (replace(sender, cells=sender.cells + 1).submission(), "cells"),
        "with an exchanged half": (sender.submission(share=os.urandom(length)), "share_altered"),
        "in an envelope that does not open": (sender.submission(), "envelope.broken"),
    }  # fmt: skip
