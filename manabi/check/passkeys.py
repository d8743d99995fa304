"""The two passkey ceremonies as a page's script performs them: options, the device's answer, on to the next page."""

from collections.abc import Mapping

from manabi.check.authenticator import Authenticator
from manabi.check.client import Client
from manabi.check.page import Page
from manabi.check.steps import expect


def register(client: Client, device: Authenticator, page: Page) -> Page:
    """Register a passkey where `page` offers it, and return the page it leads to; raises `Unmet` if it is refused."""
    place = page.passkey("create")
    begun = client.ask(place, place.options, {"label": ""})
    expect(begun.status == 200, "options for a new passkey", begun.body.decode(errors="replace"))
    credential = device.create(begun.document()["options"], client.origin)
    return _finish(client, page, "create", {"ceremony": begun.document()["ceremony"], "credential": credential})


def use(client: Client, device: Authenticator, page: Page) -> Page:
    """Use a passkey where `page` offers it, and return the page it leads to; raises `Unmet` if it is refused."""
    place = page.passkey("get")
    begun = client.ask(place, place.options, {})
    expect(begun.status == 200, "options for a passkey", begun.body.decode(errors="replace"))
    credential = device.get(begun.document()["options"], client.origin)
    answer = {"ceremony": begun.document()["ceremony"], "credential": credential, "shared_device": False}
    return _finish(client, page, "get", {**answer, "next": place.next})


def _finish(client: Client, page: Page, ceremony: str, body: Mapping[str, object]) -> Page:
    place = page.passkey(ceremony)
    done = client.ask(place, place.verify, body)
    expect(done.status == 200, "the passkey is accepted", done.body.decode(errors="replace"))
    return client.open(str(done.document()["next"]))
