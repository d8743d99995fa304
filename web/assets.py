"""Style sheets and scripts by addresses that change with their content, so that browsers may keep them for good."""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from flask import current_app, url_for

_OWN = ("manabi.css", "print.css")
_FIRST = "dads/global.css"


@dataclass(frozen=True, slots=True)
class StyleSheet:
    """All style of a service in one text: the design system first, then what it lacks."""

    text: str
    version: str


@lru_cache(maxsize=4)
def load_style(folder: Path) -> StyleSheet:
    """Put the vendored style sheets, unchanged, and our own into one answer instead of twenty."""
    vendored = sorted(path for path in (folder / "dads").glob("*.css") if path.name != "global.css")
    paths = [folder / _FIRST, *vendored, *(folder / name for name in _OWN)]
    text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    return StyleSheet(text, sha256(text.encode()).hexdigest()[:16])


def asset(name: str) -> str:
    """Return the address of a file under `static`, or of the whole style sheet for `style.css`."""
    folder = Path(current_app.static_folder or "")
    if name == "style.css":
        return url_for("shell.style_sheet", version=load_style(folder).version)
    return url_for("static", filename=name, v=_version(folder / name))


@lru_cache(maxsize=64)
def _version(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()[:16]
