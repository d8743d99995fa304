"""The walk 'move': a family moves; the new school asks, the guardian decides, the school pulls, the family stops it.

Two services take part that know each other by the participant registry alone. Every id comes from their answers.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from secrets import token_bytes
from typing import Final

from manabi.check.authenticator import Authenticator
from manabi.check.client import Client
from manabi.check.enrolment import enrol_staff, is_signed_in, sign_out
from manabi.check.move_ways import Document, MoveWays, in_days, is_ticket, mistyped
from manabi.check.page import Page
from manabi.check.passkeys import register, use
from manabi.check.steps import Act, expect
from trust.signing import VerifyingKey
from trust.ticket import make_ticket, read_ticket

SignIns = Mapping[str, Mapping[str, str]]

_CHOOSABLE: Final = ("report", "assessment", "attendance_daily", "portfolio")
_STRUCK: Final = "assessment"
_STATUTORY: Final = ("enrolment", "guidance", "health_check")
_COMMENT: Final = "算数は家でもがんばっています。左の耳が聞こえにくいので、前の席をお願いします。"
_RECEIPT_TYP: Final = "manabi-receipt+jws"


class Move(MoveWays):
    """One walk, with what its steps learn for the later ones."""

    def __init__(self, old: tuple[str, SignIns], new: tuple[str, SignIns]) -> None:
        (self._old, self._old_sign_ins), (self._new, self._new_sign_ins) = old, new
        super().__init__(self._old, self._new)
        self._phone = Authenticator()
        self._home = self._sender_page = self._officer_page = self._receiver_page = Page(self._old, 0, "")
        self._grant = ""
        self._name: Document = {}
        self._years: list[int] = []
        self._ticket = ""
        self._asked: Document = {}
        self._keep: list[Document] = []
        self._preview: dict[str, str] = {}
        self._receipt = self._shown = ""

    def steps(self) -> Sequence[tuple[str, Act]]:
        """Return the steps in their order."""
        return (
            ("guardian adds a passkey and signs in with it", self.sign_parent_in),
            ("old school's clerk starts the move", self.start_move),
            ("leaving papers carry the ticket and its code", self.see_papers),
            ("new board refuses a mistyped ticket by name", self.mistype_ticket),
            ("new board records the enrolment decision", self.decide_enrolment),
            ("new school asks the old one", self.ask_old_school),
            ("guardian sees who asks, for what, until when", self.see_request),
            ("guardian reads what the law moves and comments", self.read_statutory),
            ("preview shows what the school will get", self.see_preview),
            ("nothing is decided on words that were not shown", self.decide_unread),
            ("nobody can widen what was asked", self.try_to_widen),
            ("guardian strikes a category and two years and confirms", self.decide),
            ("receipt holds and states what was given", self.check_receipt),
            ("new school holds exactly the rest", self.see_received),
            ("received bytes are the previewed ones", self.compare_with_preview),
            ("register and health sheet came by the statutory lane", self.see_statutory_received),
            ("comment came along", self.see_comment),
            ("old school sees them acknowledged", self.see_acknowledged),
            ("downloads for the new school's system", self.download),
            ("a forged ticket looks like an unanswered one", self.forge_ticket),
            ("guardian's log tells all of it", self.read_log),
            ("guardian stops the sharing", self.stop_sharing),
            ("the next fetch is refused", self.fetch_after_stop),
            ("new school has erased it and says so", self.see_erased),
        )

    def sign_parent_in(self) -> str:
        """A password first, then a passkey made in the settings, then the passkey alone."""
        known = self._old_sign_ins["moving_parent"]
        page = self._parent.submit(
            self._parent.open("/sign-in").form_with(field="password"),
            {"login_name": known["name"], "password": known["password"]},
        )
        expect(is_signed_in(page), "name and password sign in", page.text)
        settings = register(self._parent, self._phone, self._add_page())
        sign_out(self._parent, settings)
        self._parent = Client(self._old)
        self._home = use(self._parent, self._phone, self._parent.open("/sign-in"))
        expect(is_signed_in(self._home), "the passkey signs in", self._home.text)
        children = self._read(self._parent, "/api/v1/learners")["learners"]
        expect(len(children) > 0, "a child", children)
        self._years, self._learner, self._name = max(
            ((self._years_of(one["learner"]), one["learner"], one["name"]) for one in children),
            key=lambda found: len(found[0]),
        )
        return f"{len(children)} children; {len(self._years)} school years of the one who moves"

    def start_move(self) -> str:
        """The clerk names the child and the last day; the ticket is in the answer and nowhere else."""
        code = self._old_sign_ins["moving_clerk"]["code"]
        self._sender, self._sender_page = enrol_staff(self._old, code, Authenticator())
        started = self._tell(
            self._sender, self._sender_page, "/api/v1/transfers/outgoing",
            {"learner": self._learner, "left_on": in_days(7), "reason": "保護者の転勤のため"}, 201,
        )  # fmt: skip
        self._ticket, self._outgoing = started["ticket"], started["transfer"]
        again = self._sender.fetch(self._outgoing_at())
        expect(self._ticket not in again.body.decode(), "the ticket is not shown again", again.body)
        return f"ticket of {len(read_ticket(self._ticket).text)} characters, valid until {started['valid_until'][:10]}"

    def see_papers(self) -> str:
        """A new ticket, printed with both certificates on one sheet; the one before it ends."""
        case = self._sender.open(f"/staff/transfers/outgoing/{self._learner}/{self._outgoing}/")
        expect(case.status == 200, "the case opens", case.text)
        page = self._sender.submit(case.form_with(action=f"{case.address}ticket"))
        for word in ("在学証明書", "教科用図書給与証明書"):
            expect(word in page.text, word, page.text)
        expect(bool(page.root.find_all("svg")), "a QR code", page.headings)
        printed = [text for text in page.text.split() if is_ticket(text)]
        expect(bool(printed), "the ticket in print", page.text)
        self._ticket = printed[0]
        return "在学証明書, 教科用図書給与証明書, ticket and QR code on one sheet"

    def mistype_ticket(self) -> str:
        """One wrong letter is caught by the check characters, before anything is kept."""
        self._officer, self._officer_page = enrol_staff(
            self._new, self._new_sign_ins["receiving_officer"]["code"], Authenticator()
        )
        page = self._decide(mistyped(self._ticket))
        expect(page.status == 422, "the form comes back", page.status)
        expect("チケット" in page.text, "it names the ticket", page.text)
        return "refused at the form"

    def decide_enrolment(self) -> str:
        """Name, birth date, school, class, day, ticket: the child stands on the new school's roll."""
        before = self._cases("incoming", self._officer)
        page = self._decide(self._ticket)
        expect(page.status == 200, "the decision is recorded", page.text)
        after = self._cases("incoming", self._officer)
        new = [case for case in after if case["transfer"] not in {one["transfer"] for one in before}]
        expect(len(new) == 1, "one case more", new)
        self._arrived, self._incoming = new[0]["learner"], new[0]["transfer"]
        expect(self._arrived != self._learner, "another id than at the old school", self._arrived)
        return f"state {new[0]['state']}"

    def ask_old_school(self) -> str:
        """Four kinds of records of all years until the end of the school year; lodged with the ticket."""
        self._receiver, self._receiver_page = enrol_staff(
            self._new, self._new_sign_ins["receiving_clerk"]["code"], Authenticator()
        )
        categories = [{"category": name, "school_years": self._years} for name in _CHOOSABLE]
        self._asked = self._tell(
            self._receiver, self._receiver_page, f"{self._incoming_at()}/ask",
            {"categories": categories, "until": in_days(300), "erase_on": in_days(700), "frequency": "repeated"}, 202,
        )  # fmt: skip
        case = self._wait(lambda: self._case(), lambda one: one["state"] == "pending", "the request is lodged")
        expect(case["consent"] == "pending", "it waits for the family", case["consent"])
        return "the old node took it in"

    def see_request(self) -> str:
        """The asker by the registry's word, both blocks, nothing decided yet; the same on the page."""
        found = self._wait(self._requests, lambda all_: len(all_) == 1, "the request reaches the guardian")
        self._request = found[0]["request"]
        seen = self._read(self._parent, self._request_api(""))
        asker = seen["asker"]
        expect(asker["registry"] is not None and bool(asker["name"]), "the school by the registry", asker)
        expect(set(seen["statutory"]) >= set(_STATUTORY), "what the law moves", seen["statutory"])
        expect({one["category"] for one in seen["choosable"]} == set(_CHOOSABLE), "what can be chosen", seen)
        expect(seen["may_answer"] and not seen["others_awaited"], "this guardian decides alone", seen)
        page = self._parent.open(self._request_at(""))
        expect(page.status == 200 and asker["name"] in page.text, "the page names who asks", page.text)
        ticked = [value for form in page.forms for value in form.values if value[0].startswith(("keep", "category"))]
        expect(not ticked, "nothing is ticked beforehand", ticked)
        return f"{asker['name']}, until {seen['asked']['until'][:10]}"

    def read_statutory(self) -> str:
        """Register and health sheet as far as they are open to the family, then a comment, then 'seen'."""
        found = self._read(self._parent, self._request_api("statutory"))
        categories = {one["category"] for one in found["records"]} | set(found["unopened"])
        expect(categories >= set(_STATUTORY), "each category is there or named", categories)
        expect(found["open"], "a comment still goes along", found["state"])
        self._tell(self._parent, self._home, self._request_api("statutory/comment"), {"comment": _COMMENT}, 204)
        seen = self._tell(self._parent, self._home, self._request_api("statutory/seen"), {}, 200)
        expect(seen["complete"], "everybody entitled has seen it", seen)
        return f"{len(found['records'])} documents read"

    def see_preview(self) -> str:
        """Every choosable category, document by document: signed bytes, with their hash."""
        for category in _CHOOSABLE:
            documents = self._read(self._parent, self._request_api(f"preview/{category}"))["documents"]
            for one in documents:
                expect(sha256(one["token"].encode()).hexdigest() == one["sha256"], "the hash of the bytes", one["doc"])
                self._preview[one["doc"]] = one["sha256"]
        page = self._parent.open(self._request_at(f"preview/{_CHOOSABLE[0]}"))
        expect(page.status == 200 and "相手に見える" in page.text, "the page says who will see this", page.text)
        expect(bool(self._preview), "documents to choose from", self._preview)
        return f"{len(self._preview)} documents"

    def decide_unread(self) -> str:
        """An answer names the words that were shown; any others are refused, and nothing is decided."""
        choice = {"keep": [], "share": True, "shown": "0" * 64}
        answer = self._parent.tell(self._home, f"{self._request_api('')}/answer", choice)
        expect(answer.status == 409, "refused", answer.status)
        expect(self._read(self._parent, self._request_api(""))["may_answer"], "the answer is still awaited")
        return str(answer.document().get("code", answer.status))

    def try_to_widen(self) -> str:
        """A year or a category that was not asked for is refused, whoever sends it."""
        for keep in (
            [{"category": _CHOOSABLE[0], "school_years": [self._years[0] - 1]}],
            [{"category": "wellbeing", "school_years": self._years[:1]}],
        ):
            answer = self._parent.tell(self._home, f"{self._request_api('')}/words", {"keep": keep})
            expect(answer.status == 422, "refused", answer.body)
        return "an earlier year and another category are refused"

    def decide(self) -> str:
        """Strike one category and two years of another; prove oneself afresh with the passkey; confirm."""
        choosable = self._read(self._parent, self._request_api(""))["choosable"]
        self._keep = [one for one in choosable if one["category"] != _STRUCK]
        kept_years = self._keep[0]["school_years"][:-2]
        expect(bool(kept_years), "years are left", self._keep[0])
        self._keep[0] = {**self._keep[0], "school_years": kept_years}
        choice = {"keep": self._keep, "comment": "よろしくお願いします。"}
        confirmed = use(self._parent, self._phone, self._parent.open("/confirm?next=/"))
        expect(confirmed.status == 200, "a fresh proof by passkey", confirmed.text)
        self._home = confirmed
        words = self._tell(self._parent, self._home, f"{self._request_api('')}/words", choice, 200)
        expect(bool(words["text"]), "the words to decide on", words)
        outcome = self._tell(
            self._parent, self._home, f"{self._request_api('')}/answer",
            {**choice, "share": True, "shown": words["version"]}, 200,
        )  # fmt: skip
        expect(outcome["state"] == "granted_in_part" and not outcome["others_awaited"], "granted in part", outcome)
        self._grant = outcome["grant"]
        self._receipt, self._shown = outcome["receipt"], words["version"]
        again = self._parent.tell(
            self._home, f"{self._request_api('')}/answer", {**choice, "share": True, "shown": words["version"]}
        )
        expect(again.status in {403, 404, 409, 422}, "a second answer changes nothing", again.status)
        return f"kept {', '.join(one['category'] for one in self._keep)}"

    def check_receipt(self) -> str:
        """The receipt is signed, and states the words that were shown and exactly what was kept."""
        bundle = self._read(self._parent, f"/api/v1/learners/{self._learner}/receipts/{self._receipt}")
        raw = VerifyingKey.from_jwk(bundle["key"]).verify(bundle["receipt"], typ=_RECEIPT_TYP)
        processing = json.loads(raw)["pii_processing"]
        stated = {one["pii_type"]: one["school_years"] for one in processing["purposes"][0]["pii_information"]}
        expect(stated == {one["category"]: one["school_years"] for one in self._keep}, "what was kept", stated)
        text = processing["privacy_notice"]
        expect(sha256(text.encode()).hexdigest() == self._shown, "the words that were shown", text)
        page = self._parent.open(f"/learners/{self._learner}/receipts/{self._receipt}")
        expect(page.status == 200, "a readable page", page.text)
        return f"{len(raw)} bytes, with the {len(text)} characters that were shown"

    def see_received(self) -> str:
        """Granted is what was kept; what came by consent lies within it; the struck category is named as withheld."""
        case = self._wait(
            self._case, lambda one: bool(self._by_consent(one)) and one["received_at"] is not None, "the records arrive"
        )
        granted = {one["category"]: one["school_years"] for one in case["granted"]["categories"]}
        expect(granted == {one["category"]: one["school_years"] for one in self._keep}, "what was kept", granted)
        for one in self._by_consent(case):
            expect(one["school_year"] in granted.get(one["category"], []), "nothing beyond it", one)
        withheld = {one["category"] for one in case["withheld"]}
        expect(_STRUCK in withheld, "the struck category is named as withheld", case["withheld"])
        expect(case["consent"] == "granted_in_part", "granted in part", case["consent"])
        expect(not case["problems"], "every signature holds", case["problems"])
        return f"{len(self._by_consent(case))} documents"

    def compare_with_preview(self) -> str:
        """Byte for byte what the guardian saw: same names, same hashes; none of those that were kept is missing."""
        came = {one["document"]: one["sha256"] for one in self._by_consent(self._case())}
        foreign = {doc for doc, digest in came.items() if self._preview.get(doc) != digest}
        expect(not foreign, "only previewed bytes", foreign)
        missing = len(self._preview) - len(came)
        expect(missing > 0, "fewer than previewed, since some were struck", missing)
        return f"{len(came)} of {len(self._preview)} previewed documents, bytes alike"

    def see_statutory_received(self) -> str:
        """The law's documents are there, each signed by a school of the old node."""
        case = self._wait(self._case, lambda one: one["statutory"] == "received", "the statutory documents arrive")
        came = [one for one in case["documents"] if one["lane"] == "statutory"]
        expect({one["category"] for one in came} >= set(_STATUTORY), "all categories", came)
        return f"{len(came)} documents of {len({one['issuer_name'] for one in came})} schools"

    def see_comment(self) -> str:
        """The family's comment stands on the case of the new school."""
        page = self._receiver.open(f"/staff/transfers/incoming/{self._arrived}/{self._incoming}/")
        expect(page.status == 200, "the case opens", page.text)
        found = any(
            _COMMENT in self._receiver.open(address).text for address, _ in page.links if "/documents/" in address
        )
        expect(_COMMENT in page.text or found, "the comment", page.text)
        return "as it was written"

    def see_acknowledged(self) -> str:
        """The old school's case is done and its health sheet has gone."""
        case = self._wait(
            lambda: self._read(self._sender, self._outgoing_at()), lambda one: one["state"] == "done", "it is done"
        )
        expect(case["acknowledged_at"] is not None and case["health_sheet_sent"], "the health sheet has gone", case)
        expect(case["recipient_name"] is not None, "who has them now", case)
        return f"acknowledged by {case['recipient_name']}"

    def download(self) -> str:
        """OneRoster and the register, as files the new school's system can take in."""
        base = f"/staff/transfers/incoming/{self._arrived}/{self._incoming}"
        sizes = []
        for name, mark in (("oneroster.zip", b"PK"), ("register.csv", b""), ("register.json", b"{")):
            answer = self._receiver.fetch(f"{base}/{name}", accept="*/*")
            expect(answer.status == 200 and answer.body.startswith(mark), name, answer.status)
            sizes.append(f"{name} {len(answer.body)} bytes")
        return ", ".join(sizes)

    def forge_ticket(self) -> str:
        """A well-formed ticket that nobody issued: taken in, pending, and no request anywhere."""
        number = read_ticket(self._ticket).number
        before = self._cases("incoming", self._officer)
        page = self._decide(make_ticket(number, token_bytes(10)).text, given="架空")
        expect(page.status == 200, "taken like any other", page.text)
        known = {one["transfer"] for one in before}
        forged = next(one for one in self._cases("incoming", self._officer) if one["transfer"] not in known)
        address = f"/api/v1/transfers/incoming/{forged['learner']}/{forged['transfer']}"
        body = {"categories": [{"category": _CHOOSABLE[0], "school_years": self._years}], "until": in_days(100)}
        self._tell(self._receiver, self._receiver_page, f"{address}/ask", body, 202)
        case = self._wait(
            lambda: self._read(self._receiver, address), lambda one: one["state"] == "pending", "it is lodged"
        )
        expect(case["consent"] == "pending" and case["statutory"] == "waiting", "it looks unanswered", case)
        expect(len(self._requests()) == 1, "no second request at the family's", self._requests())
        return "pending, like one that nobody has answered yet"

    def read_log(self) -> str:
        """Seen, read, previewed, answered, pulled, acknowledged: each is an entry, told in a sentence."""
        wanted = {
            "learner:request:see", "learner:statutory:read", "learner:comment:write", "learner:preview:read",
            "learner:request:answer", "learner:receipt:read", "recipient:document:pull",
            "recipient:documents:acknowledge",
        }  # fmt: skip
        entries = self._read(self._parent, f"/api/v1/learners/{self._learner}/log?limit=200")["entries"]
        acts = {line["entry"]["act"] for line in entries}
        expect(wanted <= acts, "an entry for each", sorted(wanted - acts))
        page = self._parent.open(f"/learners/{self._learner}/log")
        sentences = [one.text for one in page.main.find_all("p", marked="log__sentence")]
        expect(bool(sentences) and not any("learner:" in one for one in sentences), "in sentences", sentences)
        return f"{len(entries)} entries; {sentences[0]}"

    def stop_sharing(self) -> str:
        """Two taps: the list, 'stop'; at once, by one person."""
        page = self._parent.open(f"/learners/{self._learner}/sharing")
        expect(page.status == 200, "the list of sharings", page.text)
        stopped = self._tell(
            self._parent, self._home, f"/api/v1/learners/{self._learner}/grants/{self._grant}/stop", {}, 200
        )
        expect(stopped["state"] == "revoked", "it has ended", stopped)
        return "revoked"

    def fetch_after_stop(self) -> str:
        """The school asks for what changed, and gets nothing."""
        before = len(self._by_consent(self._case()))
        answer = self._receiver.tell(self._receiver_page, f"{self._incoming_at()}/pull", {})
        expect(answer.status in {202, 403, 404, 409, 422}, "an ordered answer", answer.status)
        expect(len(self._by_consent(self._case())) == before, "nothing came", before)
        return f"{answer.status}; nothing came"

    def see_erased(self) -> str:
        """A signed message told the new school; it erased the content, kept the fact, and answered."""
        case = self._wait(self._case, lambda one: one["consent"] == "ended", "the new school is told")
        left = [one for one in self._by_consent(case) if one["erased_at"] is None]
        expect(not left, "the content is gone", left)
        kept = [one for one in case["documents"] if one["lane"] == "statutory" and one["erased_at"] is None]
        expect(bool(kept), "what the law moved stays", case["documents"])
        grant = self._wait(
            lambda: next(one for one in self._grants() if one["grant"] == self._grant),
            lambda one: one["end_answer"] is not None,
            "the answer reaches the family",
        )
        expect(grant["end_answer"] == "erased", "erased", grant["end_answer"])
        return "erased, and the family sees it"

    def _decide(self, ticket: str, *, given: str | None = None) -> Page:
        start = self._officer.open("/staff/transfers/decide")
        schools = [address for address, _ in start.links if "decide?school=" in address]
        page = self._officer.open(schools[0]) if schools else start
        form = page.form_with(field="ticket")
        classes = [value for name, value in form.ticks if name == "class_id" and value]
        sexes = [value for name, value in form.ticks if name == "sex" and value]
        return self._officer.submit(
            form,
            {
                "ticket": ticket, "family_name": self._name["family"], "given_name": given or self._name["given"],
                "family_name_kana": self._name["family_kana"], "given_name_kana": self._name["given_kana"],
                "birth_date": date(min(self._years) - 7, 6, 1).isoformat(), "sex": sexes[0],
                "accepted_on": in_days(8), "class_id": classes[-1],
            },
        )  # fmt: skip
