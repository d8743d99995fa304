"""Kinds of data that never enter, known by the names of their columns."""

import re
from typing import Final

_WORDS: Final = re.compile(
    r"虐待|いじめ|要対協|要保護児童|生活保護|児童手当|相談記録|個人番号|マイナンバー"
    r"|safeguarding|bullying|child_?abuse|welfare|my_?number|individual_?number",
    re.IGNORECASE,
)


def is_forbidden(column: str) -> bool:
    """Whether a column is of a kind that has no category here: welfare, safeguarding, consultation, 個人番号."""
    return _WORDS.search(column) is not None
