"""The one place that asks the machine for the time."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

JAPAN = ZoneInfo("Asia/Tokyo")
"""Every date that a person reads or a rule names is a date in Japan."""

Clock = Callable[[], datetime]
"""Gives an aware instant. Services take the instant itself; only edges and workers hold a clock."""


def system_clock() -> datetime:
    """Return the present instant in UTC."""
    return datetime.now(UTC)
