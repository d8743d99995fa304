"""The services of the demo: the municipality everything happens in, the one a family moves to, the two that count."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

FAMILY: Final = {"student": "learner", "guardian": "carer", "moving_parent": "carer"}
"""Family roles and the kind of person each is."""


@dataclass(frozen=True, slots=True)
class DemoNode:
    """One node: what it is called, which port of the block it has, and who of its people the demo signs in.

    `roles` maps the role that the demo prints to the person of the sample who has it. `kinds` are the files to import
    (all where it is empty), `learners` and `schools` its size where that is not the asked one.
    """

    name: str
    operator: str
    offset: int
    municipality: str
    seed: int
    roles: Mapping[str, str] = field(default_factory=dict)
    kinds: frozenset[str] = frozenset()
    learners: int | None = None
    schools: int | None = None
    web_processes: int = 2

    @property
    def node_id(self) -> str:
        """The node's own name, and its name in the register of participants."""
        return f"{self.name}.demo"

    @property
    def contact(self) -> str:
        """Whom families call."""
        return f"{self.operator} 教育総務課（電話 000-0000-0000）"


MIRAI: Final = DemoNode(
    "mirai",
    "みらい市教育委員会",
    0,
    "mirai",
    0,
    {
        role: role
        for role in (
            "student", "guardian", "moving_parent", "teacher", "clerk", "moving_clerk", "nurse_teacher", "principal",
            "board_officer", "operator",
        )
    },
)  # fmt: skip
ASAHI: Final = DemoNode(
    "asahi",
    "あさひ市教育委員会",
    1,
    "asahi",
    1,
    {"receiving_officer": "board_officer", "receiving_clerk": "moving_clerk", "receiving_operator": "operator"},
    frozenset({"oneroster", "school_list", "staff_roles", "register_enrolment", "register_guidance"}),
    learners=60,
    schools=2,
    web_processes=1,
)
NODES: Final = (MIRAI, ASAHI)


@dataclass(frozen=True, slots=True)
class DemoServer:
    """One of the two servers of the national count: its part, its port of the block, and its officials.

    `officials` maps the role that the demo prints to the role at the server and the official's name.
    """

    name: str
    operator: str
    offset: int
    officials: Mapping[str, tuple[str, str]]
    web_processes: int = 1

    @property
    def node_id(self) -> str:
        """The server's own name, and its name in the register of participants."""
        return f"{self.name}.demo"

    @property
    def contact(self) -> str:
        """Whom the public calls."""
        return f"{self.operator} 集計課（電話 000-0000-0000）"


LEADER: Final = DemoServer(
    "leader",
    "全国まなび集計センター",
    2,
    {
        "planner": ("planner", "計画 みのり"),
        "officer_one": ("officer", "承認 はじめ"),
        "officer_two": ("officer", "承認 つぎこ"),
        "operator": ("operator", "運用 まもる"),
    },
)
HELPER: Final = DemoServer("helper", "もうひとつの統計機構", 3, {"operator": ("operator", "運用 ささえ")})
SERVERS: Final = (LEADER, HELPER)

Service = DemoNode | DemoServer
"""Anything of the demo with an address, a database and a keyring of its own."""
