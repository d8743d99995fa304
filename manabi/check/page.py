"""A page as a browser sees it: its text, links and forms, and the places where a passkey is asked for.

Addresses, hidden fields and tokens are taken from the page and never made up, so that a walk goes only where a person
with a browser could go.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

from manabi.check.errors import Unmet
from manabi.check.tree import Element, read_tree

_BUTTON_KINDS: Final = frozenset({"submit", "image", "button", "reset"})
_NOT_FILLED: Final = frozenset({"checkbox", "radio", "file"})


@dataclass(frozen=True, slots=True)
class Button:
    """A button that sends its form."""

    name: str
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Form:
    """A form: where it goes, what it sends as it stands, which fields can be filled, and its buttons.

    `ticks` are the check boxes and radio buttons with the values they send when chosen.
    """

    action: str
    method: str
    values: tuple[tuple[str, str], ...]
    fields: frozenset[str]
    ticks: tuple[tuple[str, str], ...]
    buttons: tuple[Button, ...]

    def fill(self, values: Mapping[str, str], button: Button | None = None) -> list[tuple[str, str]]:
        """Return the pairs to send; raises `Unmet` for a field that the page does not offer.

        Without `button` the first one counts, as after the Enter key.
        """
        pressed = button or next(iter(self.buttons), None)
        kept = [(name, value) for name, value in self.values if name not in values]
        for name, value in values.items():
            if name not in self.fields and (name, value) not in self.ticks:
                raise Unmet(expected=f"a field {name} in the form {self.action}", found=", ".join(sorted(self.fields)))
            kept.append((name, value))
        return [*kept, (pressed.name, pressed.value)] if pressed is not None and pressed.name else kept


@dataclass(frozen=True, slots=True)
class PasskeyPlace:
    """Where a page offers a passkey: the ceremony (create or get), its two addresses, where it leads, the token."""

    ceremony: str
    options: str
    verify: str
    next: str
    token: str


class Page:
    """One HTML answer; `address` is where it was found after redirects, `reference` the number of the request."""

    def __init__(self, address: str, status: int, html: str, reference: str = "") -> None:
        """Read the page; raises `tree.TooDeep`."""
        self.address = address
        self.status = status
        self.html = html
        self.reference = reference
        self.root = read_tree(html)

    @property
    def language(self) -> str:
        """The `lang` of the page."""
        return next((one.attributes.get("lang", "") for one in self.root.find_all("html")), "")

    @property
    def title(self) -> str:
        """The title in the browser's tab."""
        return next((one.text for one in self.root.find_all("title")), "")

    @property
    def main(self) -> Element:
        """The main part, or everything where there is none."""
        return next(iter(self.root.find_all("main")), self.root)

    @property
    def text(self) -> str:
        """What the main part says, readings left out."""
        return self.main.text

    @property
    def headings(self) -> list[str]:
        """The headings of the main part."""
        return [one.text for one in self.main.find_all("h1", "h2", "h3", "h4")]

    @property
    def readings(self) -> int:
        """How many readings (ruby) stand on the page."""
        return len(self.root.find_all("rt"))

    @property
    def links(self) -> list[tuple[str, str]]:
        """Address and words of each link."""
        return [
            (urljoin(self.address, one.attributes["href"]), one.text)
            for one in self.root.find_all("a")
            if "href" in one.attributes
        ]

    @property
    def forms(self) -> list[Form]:
        """All forms, in the order of the page."""
        return [_read_form(one, self.address) for one in self.root.find_all("form")]

    @property
    def token(self) -> str:
        """The token that the page's forms carry against forged requests; raises `Unmet` where there is none."""
        for form in self.forms:
            for name, value in form.values:
                if name == "csrf_token":
                    return value
        raise Unmet(expected=f"a form on {self.address}", found=self._summary())

    @property
    def passkeys(self) -> list[PasskeyPlace]:
        """All places where a passkey can be used or registered."""
        return [
            PasskeyPlace(
                ceremony=one.attributes["data-passkey"],
                options=urljoin(self.address, one.attributes.get("data-options-url", "")),
                verify=urljoin(self.address, one.attributes.get("data-verify-url", "")),
                next=one.attributes.get("data-next", "/"),
                token=one.attributes.get("data-token", ""),
            )
            for one in self.root.walk()
            if "data-passkey" in one.attributes
        ]

    def form_with(self, *, field: str | None = None, action: str | None = None) -> Form:
        """Return the form that has a field to fill, or that leads to an address; raises `Unmet`."""
        for form in self.forms:
            if field is not None and field in form.fields:
                return form
            if action is not None and form.action == urljoin(self.address, action):
                return form
        raise Unmet(expected=f"a form for {field or action} on {self.address}", found=self._summary())

    def button(self, name: str, value: str) -> tuple[Form, Button]:
        """Return a button by what it sends, with its form; raises `Unmet`."""
        for form in self.forms:
            for one in form.buttons:
                if (one.name, one.value) == (name, value):
                    return form, one
        raise Unmet(expected=f"a button {name}={value} on {self.address}", found=self._summary())

    def passkey(self, ceremony: str) -> PasskeyPlace:
        """Return the place of a ceremony; raises `Unmet`."""
        for place in self.passkeys:
            if place.ceremony == ceremony:
                return place
        raise Unmet(expected=f"a passkey button ({ceremony}) on {self.address}", found=self._summary())

    def _summary(self) -> str:
        return f"{self.status} {' / '.join(self.headings) or self.title}"


def _read_form(form: Element, address: str) -> Form:
    values: list[tuple[str, str]] = []
    fields: set[str] = set()
    ticks: list[tuple[str, str]] = []
    buttons: list[Button] = []
    for one in form.walk():
        name, kind = one.attributes.get("name", ""), one.attributes.get("type", "").lower()
        if "disabled" in one.attributes:
            continue
        if one.tag == "button" or (one.tag == "input" and kind in _BUTTON_KINDS):
            if kind not in {"button", "reset"}:
                buttons.append(Button(name, one.attributes.get("value", ""), one.text))
        elif not name:
            continue
        elif one.tag == "input" and kind in _NOT_FILLED:
            pair = (name, one.attributes.get("value", "on"))
            ticks.append(pair)
            if "checked" in one.attributes:
                values.append(pair)
        elif one.tag == "input":
            values.append((name, one.attributes.get("value", "")))
            if kind != "hidden":
                fields.add(name)
        elif one.tag == "textarea":
            values.append((name, "".join(child for child in one.children if isinstance(child, str))))
            fields.add(name)
        elif one.tag == "select":
            offered = [(name, _option_value(option)) for option in one.find_all("option")]
            chosen = [option for option in one.find_all("option") if "selected" in option.attributes]
            ticks += offered
            values += [(name, _option_value(option)) for option in chosen] or offered[:1]
    return Form(
        action=urljoin(address, form.attributes.get("action", "")),
        method=form.attributes.get("method", "get").lower(),
        values=tuple(values),
        fields=frozenset(fields),
        ticks=tuple(ticks),
        buttons=tuple(buttons),
    )


def _option_value(option: Element) -> str:
    return option.attributes.get("value", option.text)
