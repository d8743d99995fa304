"""The walk 'look-back': a student reads years of records, sees who looked, and checks the log without the node.

Staff, guardian and a second child take part, since their looks and refusals are what the log must tell of.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from manabi.check import own_records
from manabi.check.authenticator import Authenticator
from manabi.check.client import Answer, Client
from manabi.check.enrolment import enrol_staff, is_signed_in, sign_out
from manabi.check.log_proof import SignedLog, check_offline, check_tampered, fetch_signed_log
from manabi.check.page import Page
from manabi.check.passkeys import use
from manabi.check.steps import Act, expect
from manabi.check.tree import Element

SignIns = Mapping[str, Mapping[str, str]]
"""Role -> name and password (families) or code (staff), as the demo prints them."""

_GRADES: Final = [f"{stage}{grade}" for stage, last in (("P", 6), ("J", 3), ("H", 3)) for grade in range(1, last + 1)]
_REGISTER: Final = "guidance"
_WITHHELD: Final = ("overall_remarks", "総合所見")
"""The field of the register (指導要録) that families do not see on the page by default, and what the form calls it."""


class LookBack:
    """One walk, with what its steps learn for the later ones. Every id comes from an answer of the service."""

    def __init__(self, url: str, sign_ins: SignIns) -> None:
        self._url, self._sign_ins = url, sign_ins
        self._device = Authenticator()
        self._teacher = self._student = self._guardian = Client(url)
        self._learner = self._sibling = ""
        self._home = self._register_page = Page(url, 0, "")
        self._timeline: dict[str, Any] = {}
        self._register: dict[str, Any] = {}
        self._looks: dict[str, str] = {}
        self._refused: list[str] = []
        self._first_log = self._last_log = SignedLog({}, frozenset())

    def steps(self) -> Sequence[tuple[str, Act]]:
        """Return the steps in their order."""
        return (
            ("teacher enrols with a code and a passkey", self.enrol_teacher),
            ("teacher signs in again with the passkey", self.sign_teacher_in),
            ("student signs in with a password", self.sign_student_in),
            ("student sees the home page", self.see_home),
            ("timeline begins in grade 1", self.see_timeline),
            ("every year names its source and signature", self.see_sources),
            ("student opens a register page", self.open_register),
            ("the interface gives the same record", self.compare_with_interface),
            ("student opens a report card", self.open_report),
            ("one subject is followed through the years", self.follow_subject),
            ("student saves a file of the portfolio", self.save_file),
            ("languages and readings differ", self.switch_languages),
            ("student keeps a first signed log", self.keep_first_log),
            ("teacher opens the student's record", self.look_as_teacher),
            ("guardian chooses among the children", self.look_as_guardian),
            ("another child's record is refused like an unknown one", self.try_other_child),
            ("the log says who looked", self.read_log),
            ("refused attempts are marked", self.read_refusals),
            ("the downloaded log holds offline", self.check_log),
            ("tampered copies are caught", self.tamper),
            ("signing out ends the session", self.end_session),
        )

    def enrol_teacher(self) -> str:
        """Spend the teacher's code; it must not work a second time."""
        code = self._sign_ins["teacher"]["code"]
        self._teacher, page = enrol_staff(self._url, code, self._device)
        stranger = Client(self._url)
        again = stranger.submit(stranger.open("/enrol").form_with(field="code"), {"code": code})
        expect(again.status == 422, "a used code is refused", again.status)
        sign_out(self._teacher, page)
        return "the code is spent, a passkey is registered"

    def sign_teacher_in(self) -> str:
        """Use the passkey where the sign-in page offers it."""
        page = use(self._teacher, self._device, self._teacher.open("/sign-in"))
        expect(page.status == 200 and is_signed_in(page), "the passkey signs in", page.text)
        me = self._read(self._teacher, "/api/v1/me")
        expect(me["kind"] == "staff", "a staff account", me["kind"])
        return f"offices: {', '.join(sorted({office['role'] for office in me['offices']}))}"

    def sign_student_in(self) -> str:
        """Sign in through the form; a wrong password first leads nowhere."""
        self._student = Client(self._url)
        self._home = self._sign_in(self._student, "student")
        me = self._read(self._student, "/api/v1/me")
        expect(me["kind"] == "learner", "a learner's account", me["kind"])
        self._learner = me["person"]
        children = self._read(self._student, "/api/v1/learners")["learners"]
        expect([one["learner"] for one in children] == [self._learner], "one's own record and no other", children)
        return "a wrong password is refused, the right one leads home"

    def see_home(self) -> str:
        """The first page names whose record it is and leads to the years and to who looked."""
        name = self._read(self._student, "/api/v1/learners")["learners"][0]["name"]
        header = " ".join(one.text for one in self._home.root.find_all("header"))
        expect(name["family"] in header and name["given"] in header, "whose record is open", header)
        wanted = {self._at("log"), self._at("")}
        links = {address for address, _ in self._home.links}
        expect(wanted <= links, "links to all years and to who looked", wanted - links)
        years = [link for link in links if link.startswith(self._at("years/"))]
        expect(bool(years), "the years as a line", self._home.text)
        return f"{len({link.partition('#')[0] for link in years})} years on the first page"

    def see_timeline(self) -> str:
        """Every grade from the first to the present one, no year missing, the same on the page."""
        self._timeline = self._read(self._student, self._api("timeline"))
        years = self._timeline["years"]
        grades = [year["grade"] for year in years]
        expect(len(grades) > 1 and grades == _GRADES[: len(grades)], "grades from P1 on without a hole", grades)
        numbers = [year["school_year"] for year in years]
        expect(numbers == list(range(numbers[0], numbers[0] + len(numbers))), "a school year after the other", numbers)
        page = self._student.open(self._at(""))
        shown = [link.partition("#")[0] for link, _ in page.links if link.startswith(self._at("years/"))]
        expect(list(dict.fromkeys(shown)) == [self._at(f"years/{year}") for year in numbers], "these years", shown)
        year_page = self._student.open(self._at(f"years/{numbers[-1]}"))
        expect(year_page.status == 200 and bool(year_page.headings), "the page of the last year", year_page.status)
        return f"{grades[0]} to {grades[-1]}, {numbers[0]} to {numbers[-1]}"

    def see_sources(self) -> str:
        """Each year's records stand under the school that signed them, with the number of its key."""
        page = self._student.open(self._at(""))
        blocks = page.root.find_all("li", marked="line__year")
        expect(len(blocks) == len(self._timeline["years"]), "a block per year", len(blocks))
        for block, year in zip(blocks, self._timeline["years"], strict=True):
            sources = " ".join(one.text for one in block.find_all("details", marked="source"))
            for record in year["records"]:
                for shown in (record["school"]["name"], record["signed_by"]):
                    expect(shown in sources, f"{shown} as a source in {year['school_year']}", sources)
        records = [record for year in self._timeline["years"] for record in year["records"]]
        schools = {record["school"]["name"] for record in records}
        return f"{len(records)} records, signed by {', '.join(sorted(schools))}"

    def open_register(self) -> str:
        """Open the newest register page on which a field stays closed: it is named, with what to do, and not shown."""
        timeline = self._student.open(self._at(""))
        linked = {address for address, _ in timeline.links}
        field, name = _WITHHELD
        for line in reversed(self._lines(_REGISTER)):
            expect(self._at(f"records/{line['record']}") in linked, "a link to the record on the timeline", line)
            self._register = self._read(self._student, self._api(f"records/{line['record']}"))
            if field in self._register["withheld"]:
                break
        expect(self._register.get("withheld") == [field], f"a register with {field} closed", self._register.keys())
        expect(field not in self._register["body"], "the closed field is not in the body", field)
        self._register_page = self._student.open(self._at(f"records/{self._register['record']}"))
        expect(self._register_page.status == 200, "the register page", self._register_page.status)
        banners = self._register_page.main.find_all("div", marked="banner")
        expect(any(name in banner.text for banner in banners), "the closed field is named", self._register_page.text)
        return f"{self._register['school']['name']}, {self._register['school_year']}: {field} is named and closed"

    def compare_with_interface(self) -> str:
        """Whatever the school wrote in its own words stands on the page, with school, version and signature."""
        shown = _squeezed(self._register_page.text)
        words = [*_own_words(self._register["body"]), self._register["school"]["name"], self._register["signed_by"]]
        missing = [text for text in words if _squeezed(text) not in shown]
        expect(not missing, "the page shows the record of the interface", missing)
        line = next(one for one in self._lines(_REGISTER) if one["record"] == self._register["record"])
        same = ("category", "school", "version", "signed_by")
        expect(all(self._register[name] == line[name] for name in same), "the timeline tells the same", line)
        return f"version {self._register['version']}, {len(words)} texts compared"

    def open_report(self) -> str:
        """Open the newest report card, a form per term."""
        return own_records.open_report(self._student, self._at(""), self._api(""), self._timeline)

    def follow_subject(self) -> str:
        """Follow one subject by the form of the timeline."""
        return own_records.follow_subject(self._student, self._at(""), self._timeline)

    def save_file(self) -> str:
        """Save a file the student made; it has the hash that the school signed."""
        return own_records.save_file(self._student, self._at(""), self._api(""), self._timeline)

    def switch_languages(self) -> str:
        """English, plain Japanese and readings each change the page; Japanese brings back the first one."""
        before = self._student.open(self._at(""))
        views = {"ja": before.text}
        readings: dict[str, int] = {}
        for name, value in (("locale", "en"), ("locale", "plain"), ("ruby", "off"), ("ruby", "all"), ("locale", "ja")):
            form, button = before.button(name, value)
            page = self._student.submit(form, {}, button)
            expect(page.address == before.address, "the same page comes back", page.address)
            readings[value] = page.readings
            if name == "locale" and value != "ja":
                views[value] = page.text
                expect(
                    page.language == ("en" if value == "en" else "ja"), f"the page says it is {value}", page.language
                )
            before = self._student.open(self._at(""))
        expect(len(set(views.values())) == len(views), "three different texts", views)
        expect(readings["off"] == readings["en"] == 0 < readings["all"], "readings only where wanted", readings)
        form, button = before.button("ruby", "off")
        last = self._student.submit(form, {}, button)
        expect(last.text == views["ja"], "the first text again", last.text)
        return f"three languages, {readings['all']} readings when they are on"

    def keep_first_log(self) -> str:
        """Download the log as it is now and pin the node's key from it."""
        self._first_log = fetch_signed_log(self._student, self._at("log/download"), {self._register_page.reference})
        check_offline(self._first_log, None)
        return f"{len(self._first_log.document['entries'])} entries, key {self._first_log.key.kid}"

    def look_as_teacher(self) -> str:
        """The class teacher sees the field that the page closes to the family: it never was in the family's answers."""
        record = self._register["record"]
        page = self._teacher.open(self._at(f"records/{record}"))
        expect(page.status == 200, "the class teacher may open the register", page.text)
        answer = self._teacher.fetch(self._api(f"records/{record}"))
        seen = answer.document()
        expect(answer.status == 200 and seen["relation"] == "class_teacher", "as the class teacher", seen)
        body = dict(seen["body"])
        closed = body.pop(_WITHHELD[0], None)
        expect(bool(closed) and body == self._register["body"], "the same record with one field more", body)
        expect(_squeezed(closed) in _squeezed(page.text), "the teacher's page shows the field", page.text)
        expect(
            _squeezed(closed) not in _squeezed(self._register_page.html), "the family's page did not hold it", closed
        )
        self._looks |= {"teacher's page": page.reference, "teacher's program": answer.reference}
        return f"as {seen['relation']}, with {_WITHHELD[0]}"

    def look_as_guardian(self) -> str:
        """The guardian's first page offers the children; one of them is this student, another a sibling."""
        self._guardian = Client(self._url)
        home = self._sign_in(self._guardian, "guardian")
        children = [one["learner"] for one in self._read(self._guardian, "/api/v1/learners")["learners"]]
        expect(self._learner in children and len(children) > 1, "several children, the student among them", children)
        links = {address for address, _ in home.links}
        wanted = {f"{self._guardian.origin}/learners/{child}/" for child in children}
        expect(wanted <= links, "a way to each child on the first page", wanted - links)
        self._sibling = next(child for child in children if child != self._learner)
        page = self._guardian.open(self._at(""))
        expect(page.status == 200, "the guardian opens the child's years", page.text)
        register = self._guardian.open(self._at(f"records/{self._register['record']}"))
        expect(register.status == 200, "and the register", register.text)
        expect(register.text.count(_WITHHELD[1]) > 0, "with the closed field named", register.text)
        self._looks |= {"guardian's look at the years": page.reference, "guardian's page": register.reference}
        return f"{len(children)} children"

    def try_other_child(self) -> str:
        """The student asks for the sibling: answered word for word like a child who does not exist."""
        timeline = self._read(self._guardian, f"/api/v1/learners/{self._sibling}/timeline")
        record = next(line["record"] for year in timeline["years"] for line in year["records"])
        places = ("", f"records/{record}", "log", f"years/{timeline['years'][-1]['school_year']}", "log/download")
        for place in places:
            known = self._student.open(f"/learners/{self._sibling}/{place}")
            unknown = self._student.open(f"/learners/{uuid4()}/{place}")
            expect(known.status == unknown.status == 404, f"nothing at {place or 'the years'}", known.status)
            expect(_unnumbered(known) == _unnumbered(unknown), "the same page for both", known.text)
            self._refused.append(known.reference)
        for place in ("timeline", f"records/{record}", "log", "log/download"):
            known_answer = self._student.fetch(f"/api/v1/learners/{self._sibling}/{place}")
            unknown_answer = self._student.fetch(f"/api/v1/learners/{uuid4()}/{place}")
            expect(_without_number(known_answer) == _without_number(unknown_answer), "the same answer for both", place)
            expect(known_answer.status == 404, "nothing there", known_answer.status)
            self._refused.append(known_answer.reference)
        return f"{len(self._refused)} addresses of another child answer as if there were none"

    def read_log(self) -> str:
        """The student's log tells of each look by its number, in a sentence that is not the student's own."""
        lines = self._log_lines(self._student, self._at("log"))
        entries = self._log_entries(self._student, self._learner)
        told = []
        for look, reference in self._looks.items():
            expect(reference in entries, f"an entry for the {look}", sorted(entries))
            expect(reference in lines, f"a line for the {look}", sorted(lines))
            own = lines[reference].has("log__line--own") or lines[reference].has("log__line--refused")
            expect(not own, "a look of somebody else, which was allowed", lines[reference].text)
            told.append(_sentence(lines[reference]))
            school = entries[reference]["who"]["organisation_name"]
            expect(school is None or school in told[-1], "the sentence names the school", told[-1])
        roles = {entries[reference]["who"]["relation"] for reference in self._looks.values()}
        expect(roles == {"class_teacher", "carer"}, "a class teacher and a carer", roles)
        return " / ".join(dict.fromkeys(told))

    def read_refusals(self) -> str:
        """In the sibling's log, as the guardian reads it, each attempt is marked as refused."""
        address = f"{self._guardian.origin}/learners/{self._sibling}/log?only=refused"
        lines = self._log_lines(self._guardian, address)
        entries = self._log_entries(self._guardian, self._sibling)
        for reference in self._refused:
            expect(entries.get(reference, {}).get("outcome") == "refused", "a refused entry", reference)
            expect(reference in lines and lines[reference].has("log__line--refused"), "a marked line", reference)
            expect(bool(lines[reference].find_all("p", marked="log__reason")), "with a word on why", reference)
        return f"{len(self._refused)} attempts: {_sentence(lines[self._refused[0]])}"

    def check_log(self) -> str:
        """A later download holds under the key pinned before, has each look, and extends the first one."""
        self._last_log = fetch_signed_log(self._student, self._at("log/download"), self._looks.values())
        report = check_offline(self._last_log, self._first_log.key, self._first_log)
        listed = set(self._log_entries(self._student, self._learner))
        expect(self._last_log.references <= listed, "the page lists what is signed", self._last_log.references - listed)
        return f"{report.entries} entries without a hole, {len(self._first_log.document['entries'])} of them as before"

    def tamper(self) -> str:
        """Forged copies of the file do not pass."""
        return "; ".join(check_tampered(self._last_log, self._first_log.key))

    def end_session(self) -> str:
        """After signing out, the pages ask to sign in, and the old session's token opens nothing."""
        kept = self._student.copy()
        sign_out(self._student, self._student.open("/"))
        page = self._student.open(self._at(""))
        expect(page.address.startswith(f"{self._student.origin}/sign-in"), "the sign-in page", page.address)
        replayed = kept.fetch(self._api("timeline"))
        expect(replayed.status == 401, "an ended session opens nothing", replayed.status)
        expect(not is_signed_in(kept.open(self._at(""))), "nor any page", "a page for somebody signed in")
        return "the token of the ended session is refused"

    def _sign_in(self, client: Client, role: str) -> Page:
        known = self._sign_ins[role]
        form = client.open("/sign-in").form_with(field="password")
        refused = client.submit(form, {"login_name": known["name"], "password": f"not {known['password']}"})
        expect(refused.status == 422 and not is_signed_in(refused), "a wrong password is refused", refused.status)
        form = refused.form_with(field="password")
        page = client.submit(form, {"login_name": known["name"], "password": known["password"]})
        expect(page.status == 200 and is_signed_in(page), "name and password sign in", page.text)
        expect(page.address == f"{client.origin}/", "the first page", page.address)
        return page

    def _at(self, place: str) -> str:
        return f"{self._student.origin}/learners/{self._learner}/{place}"

    def _api(self, place: str) -> str:
        return f"/api/v1/learners/{self._learner}/{place}"

    def _read(self, client: Client, address: str) -> dict[str, Any]:
        answer = client.fetch(address)
        expect(answer.status == 200, f"{address} answers", answer.body.decode(errors="replace"))
        return answer.document()

    def _lines(self, category: str) -> list[dict[str, Any]]:
        records = [record for year in self._timeline["years"] for record in year["records"]]
        return [record for record in records if record["category"] == category]

    def _log_entries(self, client: Client, learner: str) -> dict[str, dict[str, Any]]:
        """Return the whole log of a child as a client sees it, by the number of the request."""
        found: dict[str, dict[str, Any]] = {}
        address: str | None = f"/api/v1/learners/{learner}/log?limit=200"
        while address is not None:
            part = self._read(client, address)
            found |= {line["entry"]["reference"]: line["entry"] for line in part["entries"]}
            before = part["next_before"]
            address = None if before is None else f"/api/v1/learners/{learner}/log?limit=200&before={before}"
        return found

    def _log_lines(self, client: Client, address: str) -> dict[str, Element]:
        """Return the lines of a page of the log by the numbers each of them tells of."""
        page = client.open(address)
        expect(page.status == 200, "the page of who looked", page.text)
        lines = page.main.find_all("li", marked="log__line")
        return {
            number: line
            for line in lines
            for cell in line.find_all("dd", marked="log__numbers")
            for number in cell.text.replace("、", " ").replace(",", " ").split()
        }


def _own_words(value: object) -> list[str]:
    """Return the texts of a record that people wrote, wherever they stand; codes are shown by their labels."""
    match value:
        case str():
            return [] if value.isascii() else [value]
        case dict():
            return [text for inner in value.values() for text in _own_words(inner)]
        case list():
            return [text for inner in value for text in _own_words(inner)]
        case _:
            return []


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _sentence(line: Element) -> str:
    return " ".join(one.text for one in line.find_all("p", marked="log__sentence"))


def _unnumbered(page: Page) -> str:
    """Return what a page says, without the number of its request, whatever child it was asked about."""
    return page.text.replace(page.reference, "")


def _without_number(answer: Answer) -> tuple[int, str, dict[str, Any]]:
    """Return an error as it would be for any request."""
    varying = ("reference", "instance")
    problem = {name: value for name, value in answer.document().items() if name not in varying}
    return answer.status, answer.media_type, problem
