"""An HTML page as a tree of elements, read with the standard library's parser.

Made for pages that write their end tags; an element that was never closed ends with the element around it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

_VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_UNREAD: Final = frozenset({"script", "style", "template", "rt", "rp"})
"""What is not part of the running text; readings (`rt`) stand over the words and do not belong between them."""
_INLINE: Final = frozenset(
    {"a", "abbr", "b", "bdi", "cite", "code", "data", "em", "i", "mark", "q", "rb", "ruby", "s"}
    | {"small", "span", "strong", "sub", "sup", "time", "u", "wbr"}
)
"""Elements that stand within a word or a sentence; all others keep what is before them apart from what follows."""
_DEEPEST: Final = 200


class TooDeep(ValueError):
    """The page nests elements deeper than any page of people for people does."""


@dataclass(slots=True)
class Element:
    """One element with its attributes (an attribute without value has the empty text) and what stands inside."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Element | str"] = field(default_factory=list)

    def walk(self) -> Iterator["Element"]:
        """Yield the element and all inside it, in the order of the page."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def find_all(self, *tags: str, marked: str | None = None) -> list["Element"]:
        """Return the elements inside with one of these tags, and with the attribute or class `marked` if given."""
        return [one for one in self.walk() if one.tag in tags and (marked is None or one.has(marked))]

    def has(self, mark: str) -> bool:
        """Tell whether the element has an attribute or a class of that name."""
        return mark in self.attributes or mark in self.attributes.get("class", "").split()

    @property
    def text(self) -> str:
        """What a reader reads, blanks and line ends squeezed; block elements keep words apart."""
        return " ".join("".join(self._pieces()).split())

    def _pieces(self) -> Iterator[str]:
        if self.tag in _UNREAD:
            return
        apart = "" if self.tag in _INLINE else " "
        yield apart
        for child in self.children:
            if isinstance(child, Element):
                yield from child._pieces()
            else:
                yield child
        yield apart


def read_tree(html: str) -> Element:
    """Return the root of a page; raises `TooDeep`."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.root


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in reversed(attrs)})
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)
            if len(self._open) > _DEEPEST:
                raise TooDeep(f"more than {_DEEPEST} elements inside each other")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        for place in range(len(self._open) - 1, 0, -1):
            if self._open[place].tag == tag:
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)
