"""Names for the sample: common and rare Japanese ones with variant characters, and names from elsewhere."""

from bisect import bisect
from itertools import accumulate
from random import Random
from typing import Any

from manabi.sample.people import Name, Sex
from manabi.sample.tables import table

FOREIGN_SHARE = 0.035
"""Share of households whose names come from elsewhere."""


class Family:
    """The names of one household: a family name, and given names of its own kind."""

    def __init__(self, family: str, kana: str, origin: dict[str, Any] | None = None) -> None:
        self.family = family
        self.kana = kana
        self._origin = origin
        self._used: set[str] = set()

    def child(self, rng: Random, sex: Sex) -> Name:
        """Name a child; no two children of a household are named alike."""
        source = self._origin or table("names")
        choices = source["boys" if sex == "male" else "girls"]
        free = [pair for pair in choices if pair[0] not in self._used] or table("names")["boys"]
        given, kana = free[int(rng.random() * len(free))]
        self._used.add(given)
        return self._named(given, kana)

    def adult(self, rng: Random, sex: Sex) -> Name:
        """Name an adult of the household."""
        source = self._origin or table("names")
        choices = source["men" if sex == "male" else "women"]
        given, kana = choices[int(rng.random() * len(choices))]
        return self._named(given, kana)

    def _named(self, given: str, kana: str) -> Name:
        if self._origin is None:
            return Name(self.family, given, self.kana, kana)
        middle, middle_kana = "", ""
        if self._origin["origin"] == "vietnam" and " " in given:
            (middle, given), (middle_kana, kana) = given.rsplit(" ", 1), kana.rsplit(" ", 1)
        preferred = self._origin["preferred"]
        if not preferred:
            return Name(self.family, given, self.kana, kana, middle, middle_kana)
        daily, daily_kana = preferred[len(self.family) % len(preferred)]
        daily_given = kana if given.isascii() or "Ã" in given else given
        return Name(self.family, given, self.kana, kana, middle, middle_kana, daily, daily_given, daily_kana, kana)


class NameBook:
    """Draws families by how common their names are."""

    def __init__(self) -> None:
        self._families: list[list[Any]] = table("names")["families"]
        self._weights = list(accumulate(entry[2] for entry in self._families))

    def draw(self, rng: Random) -> Family:
        """Draw a household's names; a few come from elsewhere."""
        if rng.random() < FOREIGN_SHARE:
            origins = table("names")["foreign"]
            origin = origins[int(rng.random() * len(origins))]
            family, kana = origin["families"][int(rng.random() * len(origin["families"]))]
            return Family(family, kana, origin)
        family, kana, _ = self._families[bisect(self._weights, rng.random() * self._weights[-1])]
        return Family(family, kana)

    def japanese(self, rng: Random) -> Family:
        """Draw one of the Japanese families."""
        family, kana, _ = self._families[bisect(self._weights, rng.random() * self._weights[-1])]
        return Family(family, kana)

    def known(self, family: str) -> Family:
        """Return the household of a given family name, as it stands in the list."""
        for name, kana, _ in self._families:
            if name == family:
                return Family(name, kana)
        for origin in table("names")["foreign"]:
            for name, kana in origin["families"]:
                if name == family:
                    return Family(name, kana, origin)
        raise KeyError(family)
