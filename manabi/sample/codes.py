"""School codes of the sample: valid in pattern and check digit, with school numbers that no real school bears."""

from manabi.sample.tables import published


def check_digit(body: str) -> str:
    """Return the check digit for the first twelve characters of a school code, by the published rule."""
    rule = published("school_codes.json")["school_code"]["check_digit"]
    total = 0
    for symbol, weight in zip(body, rule["weights"], strict=True):
        value = (rule["letter_values"][symbol] if symbol.isalpha() else int(symbol)) * weight
        total += value - 9 if value > rule["subtract_nine_above"] else value
    return str(-total % rule["modulus"])


def school_code(kind: str, prefecture: str, founder: int, serial: int) -> str:
    """Return a school code: school type, prefecture, founder (1 national, 2 public, 3 private) and a serial number.

    Numbers start with 99, which the ministry's list does not use.
    """
    if not 0 < serial < 100_000:
        raise ValueError(f"serial out of range: {serial}")
    body = f"{kind}{prefecture}{founder}99{serial:05d}"
    return body + check_digit(body)
