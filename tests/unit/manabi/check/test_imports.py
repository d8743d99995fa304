"""The outside client is outside: importing all of it brings in nothing of the node."""

import json
import subprocess
import sys

_SCRIPT = """
import importlib, json, pkgutil, sys
import manabi.check
for module in pkgutil.walk_packages(manabi.check.__path__, "manabi.check."):
    importlib.import_module(module.name)
print(json.dumps(sorted(sys.modules)))
"""
_BEYOND_TRUST = {"consent", "pds", "web", "aggregator", "api_specs"}
_SERVER_LIBRARIES = {"sqlalchemy", "psycopg", "flask", "werkzeug", "celery", "marshmallow", "webauthn", "alembic"}


def test_no_server_code_is_loaded_with_the_outside_client() -> None:
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True)
    modules: list[str] = json.loads(done.stdout)
    rooms = {name.partition(".")[0] for name in modules}
    assert "trust" in rooms, "the proof of the log is checked with trust"
    assert not rooms & (_BEYOND_TRUST | _SERVER_LIBRARIES)
    others = [name for name in modules if name.startswith("manabi.") and not name.startswith("manabi.check")]
    assert others == []


def test_only_the_standard_library_cryptography_and_trust_are_named() -> None:
    """What trust itself needs (joserfc, a Merkle library) comes in through trust alone."""
    script = _SCRIPT.replace("import importlib", "import ast, pathlib, importlib").replace(
        "print(json.dumps(sorted(sys.modules)))",
        """
named = set()
for path in pathlib.Path(manabi.check.__path__[0]).glob("*.py"):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            named.add(node.module or ".")
allowed = sys.stdlib_module_names | {"cryptography", "trust"}
print(json.dumps(sorted(
    name for name in named if name.partition(".")[0] not in allowed and not name.startswith("manabi.check")
)))
""",
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
