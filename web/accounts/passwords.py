"""Passwords of families: argon2id (RFC 9106, second recommended option), and the few rules that help."""

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from web.accounts.errors import PasswordTooShort, PasswordTooSimple
from web.accounts.names import fold_login_name

SHORTEST = 10
LONGEST = 200
_FEWEST_DIFFERENT = 4
_hasher = PasswordHasher()
_NOBODY = _hasher.hash("nobody has this password")
"""Checked when there is no such account, so that the answer takes as long as for one that exists."""


def accept_password(password: str, login_name: str) -> str:
    """Return the form of a new password that is hashed, or raise what is wrong with it (NIST SP 800-63B, 3.1.1.2)."""
    normal = _normalise(password)
    if len(normal) < SHORTEST:
        raise PasswordTooShort()
    folded = normal.casefold()
    name = fold_login_name(login_name)
    if len(normal) > LONGEST or len(set(normal)) < _FEWEST_DIFFERENT or (name and name in folded):
        raise PasswordTooSimple()
    return normal


def hash_password(accepted: str) -> str:
    """Return the argon2id hash in PHC format, which names its own parameters."""
    return _hasher.hash(accepted)


def verify_password(password: str, stored: str | None) -> bool:
    """Tell whether a password fits; without a stored hash it takes as long and says no."""
    try:
        _hasher.verify(stored or _NOBODY, _normalise(password)[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Tell whether a hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def _normalise(password: str) -> str:
    """Full-width digits and letters from a Japanese keyboard are the same as half-width ones."""
    return unicodedata.normalize("NFKC", password)
