"""What the authorization server refuses, in OAuth's own words (RFC 6749 section 5.2 and the extensions named below)."""

import re
from typing import Final

from authlib.oauth2 import OAuth2Error  # type: ignore[import-untyped]
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from trust.errors import N_, ManabiError

DATABASE_AWAY: Final = (OperationalError, PoolTimeout)
"""The database does not answer, or every connection is taken."""

_NOT_ALLOWED: Final = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
_LONGEST: Final = 300


def describe(text: str) -> str:
    """Return a text in the characters that `error_description` may hold; the library fails on any other."""
    return _NOT_ALLOWED.sub("'", text)[:_LONGEST]


class InsecureTransportAllowed(ManabiError):
    """The environment lets the OAuth library answer over plain HTTP under any name. For its own tests alone."""

    code = "startup.insecure_transport"
    status = 503
    title = N_("AUTHLIB_INSECURE_TRANSPORT is set, so tokens could travel unencrypted.")
    remedy = N_("Remove the variable from the environment, then start again.")


class OAuthRefused(OAuth2Error):  # type: ignore[misc]
    """A refusal in OAuth's form. `reason` is a stable name of what was wrong, for software; it goes into `code`."""

    reason: str | None = None

    def __init__(self, description: str = "", *, reason: str | None = None) -> None:
        super().__init__(describe(description))
        if reason is not None:
            self.reason = reason

    def get_body(self) -> list[tuple[str, str]]:
        """Return the members of the answer."""
        body: list[tuple[str, str]] = super().get_body()
        return body if self.reason is None else [*body, ("code", self.reason)]


class RequestRefused(OAuthRefused):
    """A parameter is missing, stands twice or cannot be read."""

    error = "invalid_request"


class ClientRefused(OAuthRefused):
    """The client did not authenticate, or is not in the participant registry."""

    error = "invalid_client"


class GrantRefused(OAuthRefused):
    """The refresh token, the request id or the dossier is unknown, over, or another client's. Which, is not told."""

    error = "invalid_grant"


class DetailsRefused(OAuthRefused):
    """The authorization details are of an unknown type or not as their schema says (RFC 9396 section 5)."""

    error = "invalid_authorization_details"


class ProofOfPossessionRefused(OAuthRefused):
    """The DPoP proof is missing, wrong or used before (RFC 9449 section 5)."""

    error = "invalid_dpop_proof"


class BindingMessageRefused(OAuthRefused):
    """The binding message cannot be shown (OpenID CIBA Core section 13)."""

    error = "invalid_binding_message"


class Pending(OAuthRefused):
    """Nobody has decided yet; an unknown ticket says the same (OpenID CIBA Core section 11)."""

    error = "authorization_pending"


class SlowDown(OAuthRefused):
    """Asked again sooner than the interval allows; it grows by five seconds from now on."""

    error = "slow_down"


class Declined(OAuthRefused):
    """The family said no, or took it back before it was fetched."""

    error = "access_denied"


class Lapsed(OAuthRefused):
    """Thirty days have passed since the request was lodged."""

    error = "expired_token"


class Unavailable(OAuthRefused):
    """The database does not answer just now."""

    error = "temporarily_unavailable"
    status_code = 503


class Failed(OAuthRefused):
    """A fault of ours; nothing of the inside is told."""

    error = "server_error"
    status_code = 500
