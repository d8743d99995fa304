"""Days, moments and school years in the reader's words: 2026年6月3日（水）, 2026年度."""

from datetime import date, datetime

from web.clock import JAPAN
from web.i18n import Locale, current_view

_WEEKDAYS = "月火水木金土日"
_ENGLISH_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ENGLISH_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
                   "October", "November", "December")  # fmt: skip


def say_day(day: date) -> str:
    """Return a day with its weekday. An instant is first brought to Japan. The filter `day`."""
    if isinstance(day, datetime):
        day = day.astimezone(JAPAN).date()
    if current_view().locale is Locale.EN:
        return f"{_ENGLISH_WEEKDAYS[day.weekday()]} {day.day} {_ENGLISH_MONTHS[day.month - 1]} {day.year}"
    return f"{day.year}年{day.month}月{day.day}日（{_WEEKDAYS[day.weekday()]}）"


def say_time(instant: datetime) -> str:
    """Return the time of day in Japan, 14:05. The filter `time`."""
    return instant.astimezone(JAPAN).strftime("%H:%M")


def say_moment(instant: datetime) -> str:
    """Return day and time in Japan. The filter `moment`."""
    return f"{say_day(instant)} {say_time(instant)}"


def say_school_year(year: int) -> str:
    """Return a school year, which begins on 1 April: 2026年度. The filter `school_year`."""
    return f"School year {year}" if current_view().locale is Locale.EN else f"{year}年度"
