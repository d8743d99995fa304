"""The shape of the tree: small modules, empty package files, edges without SQL, services without HTTP."""

import re
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, imported, modules, name

LARGEST = 600
LARGE = 400
SIZE_EXEMPT = {"migrations": "a migration is read once, top to bottom"}
EDGE_NAMES = {"api", "pages", "my_pages", "schemas"}
SERVICE_NAMES = {"service", "models", "queries", "registry", "entries", "sequencer", "retention", "issuing"}
COUNTING = {
    "aggregator/estimation/": {"numpy"},
    "aggregator/plans/cells.py": {"numpy"},
    "aggregator/privacy/": {"numpy"},
    "aggregator/privacy/mechanisms.py": {"numpy", "diffprivlib"},
    "aggregator/protocol/": {"numpy"},
    "aggregator/reporter/": {"numpy"},
    "aggregator/rounds/tasks.py": {"numpy"},
    "manabi/bench/": {"numpy"},
}
"""Where the sums, the noise and the estimates of the national count are made, and with which library."""
FORBIDDEN_NAMES = {"utils", "helpers", "common", "core", "manager"}


@pytest.mark.parametrize("path", list(modules()), ids=name)
def test_no_module_is_longer_than_a_person_can_hold(path: Path) -> None:
    if any(part in SIZE_EXEMPT for part in path.parts):
        return
    lines = len(path.read_text().splitlines())
    assert lines <= LARGEST, f"{name(path)} has {lines} lines; split it by noun"
    if lines > LARGE:
        print(f"{name(path)} has {lines} lines and wants to become rooms")


def test_package_files_are_empty() -> None:
    full = [name(path) for path in modules() if path.name == "__init__.py" and path.read_text().strip()]
    assert set(full) <= {"manabi/check/__init__.py"}, full  # the outside client's few public names stand there


def test_no_room_has_a_name_that_says_nothing() -> None:
    assert [
        name(path) for path in modules() if path.stem in FORBIDDEN_NAMES or path.parent.name in FORBIDDEN_NAMES
    ] == []


def test_edges_never_import_sqlalchemy() -> None:
    faults = [
        f"{name(path)} imports {found}"
        for path in modules("web", "pds", "aggregator")
        if path.stem in EDGE_NAMES
        for found in imported(path)
        if found.startswith("sqlalchemy")
    ]
    assert faults == [], "move the query into the room's service or queries.py"


def test_services_never_import_flask() -> None:
    faults = [
        f"{name(path)} imports {found}"
        for path in modules("web", "pds", "aggregator")
        if path.stem in SERVICE_NAMES
        for found in imported(path)
        if found.split(".")[0] in {"flask", "werkzeug", "flask_smorest"}
    ]
    assert faults == [], "let the edge ask Flask and pass the value"


def test_only_the_own_room_reads_a_rooms_models() -> None:
    faults = [
        f"{name(path)} imports {found}"
        for path in modules("pds", "aggregator")
        if path.name != "queries.py" and "migrations" not in path.parts
        for found in imported(path)
        if re.fullmatch(r"(pds|aggregator)\.\w+\.models", found)
        and tuple(found.split(".")[:2]) != path.relative_to(ROOT).parts[:2]
    ]
    assert faults == [], "call the other room's service"


def test_unfinished_work_is_not_committed() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|raise NotImplementedError)\b")
    assert [name(path) for path in modules() if marks.search(path.read_text())] == []


def test_locks_hold_hashes_and_no_address() -> None:
    for lock in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / lock).read_text()
        assert "://" not in text, f"{lock} names a host; run `make lock`"
        assert all("--hash=sha256:" in block for block in re.split(r"\n(?=\S)", text.strip())), lock


def test_heavy_libraries_stay_where_the_workers_count() -> None:
    heavy = {"sklearn", "scipy", "pandas", "numpy", "diffprivlib"}
    faults = [
        f"{name(path)} imports {library}"
        for path in modules()
        for library in {found.split(".")[0] for found in imported(path)} & heavy
        if not any(name(path).startswith(prefix) and library in allowed for prefix, allowed in COUNTING.items())
    ]
    assert faults == [], "only the workers' rooms of the national count calculate; a page asks them for figures"
