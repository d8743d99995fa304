"""Login names and enrolment codes as people type them, brought to one form."""

import secrets
import unicodedata
from hashlib import sha256

from web.accounts.errors import LoginNameRefused

_CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U to mistake
_MISREAD = str.maketrans({"I": "1", "L": "1", "O": "0"})
_CODE_LENGTH = 16  # 80 bits: cannot be guessed in 7 days, nor searched from a stolen hash
_SHORTEST, _LONGEST = 4, 64


def fold_login_name(text: str) -> str:
    """Return the one form of a login name: full-width and capital letters make no difference (NFKC, case-folded)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()


def accept_login_name(text: str) -> str:
    """Return the folded form of a name somebody chose, or raise `LoginNameRefused`."""
    name = fold_login_name(text)
    if not _SHORTEST <= len(name) <= _LONGEST or any(not _allowed(character) for character in name):
        raise LoginNameRefused()
    return name


def make_code() -> str:
    """Return a new enrolment code, in groups of four as it is printed."""
    return group_code("".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH)))


def group_code(letters: str) -> str:
    """Part a code into groups of four."""
    return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def hash_code(text: str) -> bytes | None:
    """Return the SHA-256 of a code as typed, or None for what cannot be a code. Case, width and hyphens are free."""
    letters = unicodedata.normalize("NFKC", text).upper().translate(_MISREAD)
    letters = "".join(letter for letter in letters if letter.isalnum())
    if len(letters) != _CODE_LENGTH or any(letter not in _CODE_LETTERS for letter in letters):
        return None
    return sha256(b"manabi-enrolment-code-v1:" + letters.encode()).digest()


def hash_name(name: str) -> bytes:
    """Return the SHA-256 under which failed attempts of a folded login name are counted."""
    return sha256(b"manabi-login-name-v1:" + name.encode()).digest()


def _allowed(character: str) -> bool:
    return character.isalnum() or character in "-_.@+"
