"""The first sign-in with a code from a letter, walked through the pages like anybody: for families and for staff."""

from manabi.check.authenticator import Authenticator
from manabi.check.client import Client
from manabi.check.page import Page
from manabi.check.passkeys import register
from manabi.check.steps import expect


def redeem_family_code(url: str, code: str, login_name: str, password: str) -> None:
    """Spend a family's code at the service at `url` and give it a name and a password; raises `Unmet` if refused."""
    client = Client(url)
    page = enter_code(client, code)
    form = page.form_with(field="password_again")
    done = client.submit(form, {"login_name": login_name, "password": password, "password_again": password})
    expect(done.status == 200 and is_signed_in(done), "name and password are set and lead to the first page", done.text)
    sign_out(client, done)


def enrol_staff(url: str, code: str, device: Authenticator) -> tuple[Client, Page]:
    """Spend a staff code with a new passkey; return the signed-in browser and the first page it sees."""
    client = Client(url)
    page = enter_code(client, code)
    expect(not any("password" in form.fields for form in page.forms), "staff are offered no password", page.text)
    done = register(client, device, page)
    expect(done.status == 200 and is_signed_in(done), "the passkey leads to the first page", done.text)
    return client, done


def enter_code(client: Client, code: str) -> Page:
    """Go from the sign-in page to the one for a code and enter it; return the page that asks how to sign in."""
    start = client.open("/sign-in")
    leading = [address for address, _ in start.links if address == f"{client.origin}/enrol"]
    expect(bool(leading), "a link for those who hold a code", start.text)
    page = client.submit(client.open(leading[0]).form_with(field="code"), {"code": code})
    expect(page.status == 200, "the code is accepted", page.text)
    return page


def sign_out(client: Client, page: Page) -> Page:
    """Press the button that every page of a signed-in person has; return the page that follows."""
    return client.submit(page.form_with(action="/sign-out"))


def is_signed_in(page: Page) -> bool:
    """Tell whether a page was made for somebody signed in: only then it offers to sign out."""
    return any(form.action.endswith("/sign-out") for form in page.forms)
