"""The bodies that tests are fed with are bodies that a school could send."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tests.factories import bodies


@pytest.mark.parametrize(
    ("category", "body"),
    [
        ("guidance", bodies.guidance()),
        ("health_check", bodies.health_check()),
        ("enrolment", bodies.enrolment()),
        ("attendance_daily", bodies.attendance_daily()),
        ("report", bodies.report()),
        ("assessment", bodies.assessment()),
        ("portfolio", bodies.portfolio()),
    ],
)
def test_the_published_schema_accepts_it(category: str, body: dict[str, Any]) -> None:
    schema = json.loads(Path(f"api_specs/records/{category}.schema.json").read_text("utf-8"))
    jsonschema_rs.validate(schema, body)
