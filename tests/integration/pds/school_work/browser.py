"""A browser of the tests: pages as text, forms with the token of the last page."""

import re
from dataclasses import dataclass, field
from html import unescape

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


@dataclass
class Browser:
    """One signed-in browser."""

    client: FlaskClient
    token: str = field(default="", repr=False)

    def get(self, path: str) -> TestResponse:
        return self._keep(self.client.get(path))

    def post(self, path: str, **form: object) -> TestResponse:
        return self._keep(self.client.post(path, data={"csrf_token": self.token, **form}))

    def _keep(self, response: TestResponse) -> TestResponse:
        found = re.search(r'name="csrf_token" value="([0-9a-f]+)"|data-token="([0-9a-f]+)"', response.text)
        if found:
            self.token = found[1] or found[2]
        return response


def main_text(response: TestResponse) -> str:
    """The words of the page itself, without tags."""
    main = response.text.split('<main id="main"')[1].split("</main>")[0]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", main)))
