"""Compiled templates, kept for all applications of a test process: each would compile every page it shows anew."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class KeptTemplates(BytecodeCache):
    """Code by template and content, in memory."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        kept = self._kept.get((bucket.key, bucket.checksum))
        if kept is not None:
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[(bucket.key, bucket.checksum)] = bucket.bytecode_to_string()


@contextmanager
def keep_templates() -> Iterator[None]:
    """Let every application made meanwhile share what was compiled."""
    before: dict[str, Any] = Flask.jinja_options
    Flask.jinja_options = {**before, "bytecode_cache": KeptTemplates()}
    try:
        yield
    finally:
        Flask.jinja_options = before
