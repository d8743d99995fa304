"""The room that takes requests in cannot know a learner: nothing it imports does."""

import subprocess
import sys

import pytest

ROOMS_OF_LEARNERS = (
    "pds.people", "pds.records", "pds.sharing", "pds.organisations", "pds.intake", "pds.look_back", "pds.school_work",
    "pds.granting", "pds.transfer", "pds.access_log", "pds.authorization.queries", "pds.authorization.tokens",
)  # fmt: skip


def imported_with(module: str) -> set[str]:
    script = f"import sys, {module}; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["pds.authorization.lodging", "pds.authorization.lodging_endpoint"])
def test_lodging_imports_no_room_of_learners_even_by_a_detour(module: str) -> None:
    imported = imported_with(module)
    assert "pds.authorization.models" in imported
    assert {name for name in imported if name.startswith(ROOMS_OF_LEARNERS)} == set()


def test_the_guard_sees_a_room_of_learners_where_there_is_one() -> None:
    assert any(name.startswith(ROOMS_OF_LEARNERS) for name in imported_with("pds.authorization.grant_types"))
