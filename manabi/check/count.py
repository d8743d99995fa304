"""The walk 'count': a plan is proposed and approved, nodes report by themselves, and what is released holds.

An outside client plays the officials, a stranger who forges submissions, a parent, and an analyst who believes nothing
but bytes, signatures and what only whoever made the children up can know.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from manabi.check.authenticator import Authenticator
from manabi.check.client import Answer, Client
from manabi.check.count_plan import shipped_plan_for_the_demo, words_of
from manabi.check.enrolment import enter_code, is_signed_in
from manabi.check.page import Page
from manabi.check.passkeys import register, use
from manabi.check.release_proof import (
    Release,
    check_answers,
    check_figures,
    check_ledger,
    check_signature,
    check_sums,
    check_truth,
    read_release,
)
from manabi.check.steps import Act, expect
from manabi.check.submissions import Sender, forgeries
from trust.signing import SigningKey

SignIns = Mapping[str, Mapping[str, str]]
Document = dict[str, Any]

_PATIENCE: Final = 180.0
"""Seconds until something that background work does must have happened."""

_PAUSE: Final = 0.5
_LONELY: Final = "31"
"""The prefecture with a single reporting node."""

_LEVELS: Final = ("nation", "prefecture", "establisher")


class Official:
    """One official at the leader: a browser and a passkey."""

    def __init__(self, url: str, code: str) -> None:
        self.phone, self.client = Authenticator(), Client(url)
        register(self.client, self.phone, enter_code(self.client, code))
        desk = self.client.open("/officers")
        expect(desk.status == 200 and is_signed_in(desk), "the passkey leads to the desk", desk.text)

    def open(self, path: str) -> Page:
        """Open a page; where it asks who is there, prove it with the passkey."""
        page = self.client.open(path)
        if any(place.ceremony == "get" for place in page.passkeys):
            page = use(self.client, self.phone, page)
        return page


class Count:
    """One walk, with what its steps learn for the later ones."""

    def __init__(
        self, leader: tuple[str, SignIns], helper: str, node: tuple[str, SignIns], registrar: SignIns, fleet: SignIns
    ) -> None:
        (self._url, self._sign_ins), self._helper_url, (self._node_url, self._families) = leader, helper, node
        self._registry, self._tester, self._truth = registrar["registry"], fleet["node"], fleet["truth"]
        self._public = Client(self._url)
        self._helper = Client(helper)
        self._officials: dict[str, Official] = {}
        self._plan = shipped_plan_for_the_demo()
        self._digest = self._round = ""
        self._expected = 0
        self._release = Release("", {}, {})

    def steps(self) -> Sequence[tuple[str, Act]]:
        """Return the steps in their order."""
        return (
            ("both servers and all nodes stand in the registry", self.see_participants),
            ("nothing is published yet and the first page says so", self.see_nothing),
            ("planner and two officers sign in with passkeys", self.sign_in),
            ("a faulty plan is refused at the place of its fault", self.propose_a_fault),
            ("planner proposes the plan", self.propose),
            ("the plan says beforehand how exact it will be", self.see_prospects),
            ("whoever proposes does not approve", self.approve_as_planner),
            ("an officer approves with a fresh passkey", self.approve_first),
            ("one officer cannot approve twice", self.approve_twice),
            ("the second approval sets the units aside", self.approve_second),
            ("the helper holds the same plan", self.see_plan_at_helper),
            ("an officer opens the round, signed by both servers", self.open_round),
            ("forged submissions are refused with their reason", self.forge),
            ("all nodes report by themselves", self.await_reports),
            ("a sequence is never used twice", self.replay),
            ("an officer closes the round, signed by both servers", self.close_round),
            ("totals are opened once and figures released", self.await_release),
            ("bytes, digest and the leader's signature hold", self.check_bytes),
            ("nation, prefectures, establishers have 95 % intervals", self.check_intervals),
            ("a prefecture is the sum of its establishers", self.check_adding_up),
            ("intervals hold the truth that only the makers know", self.check_against_truth),
            ("a prefecture below the floor is withheld and named", self.see_withheld),
            ("JSON and CSV say what the bytes say", self.compare_answers),
            ("the ledger shows the units reserved, spent, published", self.see_ledger),
            ("a guardian reads what was counted of the child", self.read_as_guardian),
            ("an analyst sees table, chart, map and the noise", self.read_as_analyst),
        )

    def see_participants(self) -> str:
        """The registry lists the servers and how many nodes may report."""
        from trust.registry import ParticipantKind, open_registry, read_registrar_keys

        keys = read_registrar_keys(self._registry["keys"].encode())
        registry = open_registry(self._registry["document"], keys, datetime.now(UTC), held=None)
        kinds = [one.kind for one in registry.participants]
        expect(kinds.count(ParticipantKind.AGGREGATOR) == 2, "leader and helper", kinds)
        self._expected = kinds.count(ParticipantKind.NODE)
        return f"2 servers, {self._expected} nodes"

    def see_nothing(self) -> str:
        """The start page answers without any figure."""
        page = self._public.open("/")
        expect(page.status == 200, "the first page", page.status)
        expect(self._read(self._public, "/data/v1/releases") == {"releases": []}, "no release")
        return page.headings[0]

    def sign_in(self) -> str:
        """Each spends a code from the command line and makes a passkey."""
        for role in ("planner", "officer_one", "officer_two"):
            self._officials[role] = Official(self._url, self._sign_ins[role]["code"])
        return "three officials"

    def propose_a_fault(self) -> str:
        """A minimum group that is no number is named with its place; nothing is kept."""
        page = self._propose({**self._plan, "floor": "two"})
        expect(page.status == 422 and "plan.floor" in page.text, "the place of the fault", page.text)
        return "plan.floor"

    def propose(self) -> str:
        """The shipped plan with the demo's floor and a schedule that begins now, as a file."""
        page = self._propose(self._plan)
        expect(page.status == 200, "the draft is kept", page.text)
        self._digest = page.address.rstrip("/").rsplit("/", 1)[-1]
        expect(len(self._digest) == 64, "the plan's digest in its address", page.address)
        return f"{self._plan['plan_id']}, sha256 {self._digest[:12]}…"

    def see_prospects(self) -> str:
        """Expected half-widths and the cost, before anything is spent."""
        page = self._as("planner").open(self._plan_at())
        expect(self._digest in page.text, "the digest", page.text)
        tables = page.root.find_all("table")
        expect(bool(tables), "a table of what the plan would give", page.headings)
        return f"{len(tables)} tables"

    def approve_as_planner(self) -> str:
        """A planner is not offered the decision, and the address refuses."""
        page = self._as("planner").client.open(f"{self._plan_at()}/decide")
        expect(page.status == 403, "refused", page.status)
        return "403"

    def approve_first(self) -> str:
        """The first of two approvals reserves nothing."""
        self._approve("officer_one")
        expect(self._lines() == [], "no line in the ledger yet", self._lines())
        return "one of two"

    def approve_twice(self) -> str:
        """The same person's second approval does not count."""
        page = self._as("officer_one").open(f"{self._plan_at()}/decide")
        buttons = [button.value for form in page.forms for button in form.buttons]
        expect("approve" not in buttons, "no button to approve", buttons)
        form = page.form_with(action=f"{self._plan_at()}/decide")
        token = next(value for name, value in form.values if name == "csrf_token")
        forged = type(form)(form.action, "post", (("csrf_token", token), ("answer", "approve")), frozenset(), (), ())
        again = self._as("officer_one").client.send(forged)
        expect(again.status >= 400, "refused", again.status)
        expect(self._lines() == [], "no line in the ledger", self._lines())
        return f"{again.status}"

    def approve_second(self) -> str:
        """Another person's approval approves, signs and reserves in one step."""
        self._approve("officer_two")
        lines = self._lines()
        expect([one["kind"] for one in lines] == ["reserved"], "one line: reserved", lines)
        return f"{lines[0]['units']:,} units of the year"

    def see_plan_at_helper(self) -> str:
        """The leader hands the signed plan to the helper, which takes only what it can check."""
        self._wait(
            lambda: [one["digest"] for one in self._read(self._helper, "/plans/v1")["plans"]],
            lambda found: self._digest in found, "the plan at the helper",
        )  # fmt: skip
        return self._digest[:12]

    def open_round(self) -> str:
        """Opened by a person, announced once both servers have signed the opening."""
        self._confirm("officer_one", f"{self._plan_at()}/round")
        rounds = self._wait(
            lambda: [one for one in self._read(self._public, "/rounds/v1")["rounds"] if one["plan"] == self._digest],
            lambda found: len(found) == 1, "one round of the plan",
        )  # fmt: skip
        self._round = rounds[0]["round"]
        seen = self._wait(self._seen, lambda one: one["state"] == "collecting", "it collects")
        expect(set(seen["opening"]) == {"leader", "helper"}, "signed by both", seen["opening"])
        return self._round

    def forge(self) -> str:
        """A stranger's key, another's board, another round: each is refused by name, and nothing is kept."""
        refused = forgeries(self._sender(), "139301")
        for what, (body, reason) in refused.items():
            answer = self._submit(body)
            said = answer.body.decode(errors="replace")
            expect(400 <= answer.status < 500 and reason in said, f"{what}: {reason}", f"{answer.status} {said}")
        return f"{len(refused)} refused: {', '.join(refused)}"

    def await_reports(self) -> str:
        """Nobody asks the nodes: they look for rounds themselves, count, seal, sign and send."""
        began = time.monotonic()
        seen = self._wait(self._seen, lambda one: len(one["nodes"]) == self._expected, f"{self._expected} reports")
        return f"{len(seen['nodes'])} nodes in {time.monotonic() - began:.1f} s"

    def replay(self) -> str:
        """The node's own key and a sequence it has used: other bytes under it are refused."""
        answer = self._submit(self._sender().submission())
        expect(answer.status in (409, 422), "refused", answer.status)
        said = answer.body.decode(errors="replace")
        expect("sequence_taken" in said, "because the sequence is taken", said)
        return "sequence_taken"

    def close_round(self) -> str:
        """The list is fixed and signed by both before anything is put together."""
        self._confirm("officer_two", f"/officers/rounds/{self._round}/close")
        seen = self._wait(self._seen, lambda one: len(one["closing"]) == 2, "a list signed by both")
        expect(seen["listed"] == self._expected, "every node on the list", seen["listed"])
        return f"{seen['listed']} nodes on the list"

    def await_release(self) -> str:
        """Each total is opened once; then one document is published."""
        self._wait(self._seen, lambda one: one["state"] == "released", "a release")
        found = self._read(self._public, "/data/v1/releases")["releases"]
        found = [one for one in found if one["round"] == self._round]
        expect(len(found) == 1, "one release of this round", found)
        raw = self._public.fetch(found[0]["document"]).body
        self._release = read_release(raw, found[0]["digest"])
        return f"{len(raw):,} bytes, sha256 {self._release.digest[:12]}…"

    def check_bytes(self) -> str:
        """The document under its digest, and the signature by the registry's key."""
        digest = self._release.digest
        raw = self._public.fetch(f"/data/v1/releases/{digest}").body
        release = read_release(raw, digest)
        token = self._public.fetch(f"/data/v1/releases/{digest}.jws", accept="application/jose").body.decode().strip()
        kid = check_signature(token, release, self._registry, self._plan["servers"]["leader"], datetime.now(UTC))
        return f"signed by {kid[:12]}…"

    def check_intervals(self) -> str:
        """Every cell of every area: whole numbers with an interval, or a reason."""
        counted = check_figures(self._release)
        found = {level: len(self._release.areas(level)) for level in _LEVELS}
        expect(found["nation"] == 1 and found["prefecture"] == 47 and found["establisher"] >= 100, "areas", found)
        return f"{counted} figures of {found['prefecture']} prefectures and {found['establisher']} establishers"

    def check_adding_up(self) -> str:
        """Adjusted figures contradict each other nowhere."""
        checked = check_sums(self._release)
        expect(checked > 40, "nearly all prefectures", checked)
        return f"{checked} prefectures add up"

    def check_against_truth(self) -> str:
        """95 % or more each; with over a thousand, fewer than nine tenths would be a fault."""
        inside, asked = check_truth(self._release, {area: json.loads(cells) for area, cells in self._truth.items()})
        return f"{inside} of {asked} ({inside / asked:.1%})"

    def see_withheld(self) -> str:
        """One node reports of the smallest prefecture: fewer than the floor of two."""
        withheld = self._release.withheld()
        expect(withheld.get(("prefecture", _LONELY)) == "below_floor", "withheld by the floor", withheld)
        page = self._public.open(f"/rounds/{self._round}")
        expect(page.status == 200 and "鳥取県" in page.text, "named on the round's page", page.text)
        return f"{len(withheld)} areas withheld"

    def compare_answers(self) -> str:
        """Every figure of every level, in both forms."""
        compared = 0
        for level in _LEVELS:
            address = f"/data/v1/figures?release={self._release.digest}&level={level}"
            text = self._public.fetch(f"{address}&format=csv", accept="text/csv").body.decode("utf-8")
            compared += check_answers(self._release, level, self._read(self._public, f"{address}&format=json"), text)
        return f"{compared} figures in both"

    def see_ledger(self) -> str:
        """Three lines of one plan, each naming the hash of the one before."""
        lines = self._wait(self._lines, lambda found: len(found) == 3, "three lines")
        expect([one["kind"] for one in lines] == ["reserved", "spent", "published"], "in this order", lines)
        expect(all(one["round"] == self._round for one in lines[1:]), "of this round", lines)
        page = self._public.open("/ledger")
        expect(page.status == 200 and self._round in page.html, "the page leads to the round", page.text)
        return f"{lines[1]['units']:,} units spent"

    def read_as_guardian(self) -> str:
        """The plan in plain words, then what is read of the own child: opened at the press of a button, and logged."""
        client, known = Client(self._node_url), self._families["guardian"]
        signed_in = client.submit(
            client.open("/sign-in").form_with(field="password"),
            {"login_name": known["name"], "password": known["password"]},
        )
        expect(is_signed_in(signed_in), "name and password sign in", signed_in.text)
        page = client.open("/statistics")
        expect(page.status == 200 and "長期欠席" in page.text, "the plan by name", page.text)
        expect("外へ出ません" in page.text, "that names and records stay", page.text)
        forms = [one for one in page.forms if one.action.endswith(f"/statistics/{self._digest}")]
        expect(bool(forms), "a button for a child that is looked at", page.text)
        learner = urlsplit(forms[0].action).path.split("/")[2]
        before = self._entries(client, learner)
        shown = client.submit(forms[0])
        expect(shown.status == 200 and "欠席" in shown.text, "what is read of the child", shown.text)
        expect(self._entries(client, learner) > before, "an entry for the look", before)
        return shown.headings[0]

    def read_as_analyst(self) -> str:
        """The workbench: a table, a chart, the tile map of the prefectures, the noise in words, a permanent link."""
        page = self._public.open(f"/workbench?release={self._release.digest}&level=prefecture")
        expect(page.status == 200 and bool(page.root.find_all("table")), "a table", page.headings)
        expect(len(page.root.find_all("svg")) >= 1, "a chart", page.headings)
        expect("鳥取" in page.text, "the map with every prefecture", page.text)
        expect("95" in page.text, "a sentence on the noise", page.text)
        expect(self._release.digest in page.address, "the release in the address", page.address)
        return page.headings[0]

    def _as(self, role: str) -> Official:
        return self._officials[role]

    def _propose(self, plan: Document) -> Page:
        planner = self._as("planner")
        form = planner.open("/officers/plans/propose").form_with(action="/officers/plans/propose")
        return planner.client.hand_in(form, "file", "plan.json", json.dumps(plan, ensure_ascii=False).encode())

    def _approve(self, role: str) -> None:
        officer = self._as(role)
        page = officer.open(f"{self._plan_at()}/decide")
        form, button = page.button("answer", "approve")
        done = officer.client.submit(form, button=button)
        expect(done.status == 200 and "/decide" not in done.address, "the approval counts", done.text)

    def _confirm(self, role: str, path: str) -> None:
        """Go to a page that asks before something is done, and press its first button."""
        officer = self._as(role)
        done = officer.client.submit(officer.open(path).form_with(action=path))
        expect(done.status == 200 and "/officers/rounds/" in done.address, "it is done", done.text)

    def _plan_at(self) -> str:
        return f"/officers/plans/{self._digest}"

    def _lines(self) -> list[Document]:
        """Return the ledger's lines of this plan, once the whole chain holds."""
        lines: list[Document] = self._read(self._public, "/ledger.json")["lines"]
        check_ledger(lines)
        return [one for one in lines if one["plan"] == self._digest]

    def _seen(self) -> Document:
        return self._read(self._public, f"/rounds/v1/{self._round}")

    def _sender(self) -> Sender:
        board = self._tester["board"]
        key = SigningKey.from_pem(self._tester["pem"].encode())
        return Sender(
            key, self._tester["id"], self._round, bytes.fromhex(self._digest), board, board[:2], words_of(self._plan)
        )

    def _entries(self, client: Client, learner: str) -> int:
        return len(self._read(client, f"/api/v1/learners/{learner}/log?limit=200")["entries"])

    def _submit(self, body: Mapping[str, object]) -> Answer:
        return self._public.post(f"/rounds/v1/{self._round}/submissions", body)

    def _read(self, client: Client, address: str) -> Document:
        answer = client.fetch(address)
        expect(answer.status == 200, f"{address} answers", answer.body.decode(errors="replace"))
        return answer.document()

    def _wait(self, look: Callable[[], Any], holds: Callable[[Any], bool], what: str) -> Any:
        """Look again and again until background work has come so far; raises `Unmet`."""
        deadline = time.monotonic() + _PATIENCE
        while not holds(found := look()):
            expect(time.monotonic() < deadline, what, json.dumps(found, ensure_ascii=False)[:1500])
            time.sleep(_PAUSE)
        return found
