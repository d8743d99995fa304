"""Style sheets and scripts by addresses that change with their content, so that browsers may keep them for good."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from flask import current_app, url_for

_FIRST, _OWN, _LAST = "dads/global.css", "manabi.css", "print.css"
STYLE = "manabi.style"
"""Under this name the application keeps its style sheet."""


@dataclass(frozen=True, slots=True)
class StyleSheet:
    """All style of a service in one text: the design system first, then what it lacks."""

    text: str
    version: str


def load_style(folder: Path, features: Sequence[Path] = ()) -> StyleSheet:
    """Put the vendored style sheets, unchanged, our own and those of features into one answer instead of twenty."""
    vendored = sorted(path for path in (folder / "dads").glob("*.css") if path.name != "global.css")
    paths = [folder / _FIRST, *vendored, folder / _OWN, *features, folder / _LAST]
    text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    return StyleSheet(text, sha256(text.encode()).hexdigest()[:16])


def asset(name: str) -> str:
    """Return the address of a file under `static`, or of the whole style sheet for `style.css`."""
    if name == "style.css":
        return url_for("shell.style_sheet", version=current_app.extensions[STYLE].version)
    return url_for("static", filename=name, v=_version(Path(current_app.static_folder or "") / name))


@lru_cache(maxsize=64)
def _version(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()[:16]
