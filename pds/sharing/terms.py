"""Terms as they are kept in a row: the form in which they travel."""

from typing import Any

from consent.scope import Terms


def terms_to_json(terms: Terms) -> dict[str, Any]:
    """Return terms in JSON types. Equal terms give equal values."""
    return dict(terms.to_wire())


def terms_from_json(kept: dict[str, Any]) -> Terms:
    """Return the terms that `terms_to_json` wrote."""
    return Terms.from_wire(kept)
