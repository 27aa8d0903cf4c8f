"""Reading the pairs of a URL or a form: which parameters there are, and what each may say.

Lenient: what is nonsense falls back to the default and is written down as a problem. Knows the
words and bounds of the URL; what a search makes of them is `app.search`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal, get_args
from urllib.parse import parse_qsl

from app import filters
from app.errors import Problem
from app.filters import ARRAYS, FACETS, RANGES, Facet, Range

if TYPE_CHECKING:
    from collections.abc import Iterable

Sensitive = Literal["blur", "hide", "show"]

SORTABLE: Final = ("createdAt", "updatedAt", "width", "height", "score")
MOST_HITS: Final = 100  # a page, by the API's rule
MOST_LIKES: Final = 20
MOST_UNLIKES: Final = 10  # "keep unlike short": scenario-api.md
MOST_VALUES: Final = 50  # of one facet
MOST_PAIRS: Final = 500
MOST_TEXT: Final = {"query": 1000, "filter": 4000}
MOST_FACET_TEXT: Final = 200

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_INTEGER: Final = re.compile(r"[0-9]{1,9}")
_RATIO: Final = re.compile(r"[0-9]?\.?[0-9]{1,6}")


def is_id(text: str) -> bool:
    """Tell whether a text can be an asset's id or a `ref_...`."""
    return _ID.fullmatch(text) is not None


def clean(text: str) -> str:
    """A text without control characters and without the space around it."""
    return _CONTROL.sub(" ", text).strip()


def pairs_of(querystring: bytes | str) -> list[tuple[str, str]]:
    """Decode a query string in the order it was written, bytes that are no UTF-8 replaced.

    Only as many pairs are decoded as `Search.read` would look at.
    """
    text = querystring.decode("utf-8", "replace") if isinstance(querystring, bytes) else querystring
    return parse_qsl(
        "&".join(text.split("&", MOST_PAIRS + 1)[: MOST_PAIRS + 1]), keep_blank_values=True
    )


ENDS: Final = (".from", ".to")  # of a range: a form has an input for each
_BOUNDS: Final = {
    "page": (1, 10**6),
    "hitsPerPage": (1, MOST_HITS),
    "offset": (0, 10**8),
    "limit": (1, MOST_HITS),
}


class Reader:
    """Collects the fields of a Search from pairs, and what was wrong with them.

    `take` each pair, then ask for the `fields`; `problems` tells what could not be used.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._fields: dict[str, Any] = {}
        self._sides: dict[str, str] = {}  # example -> "like" or "unlike"; the last mention wins
        self._facets: dict[tuple[str, str], list[str]] = {}
        self._ranges: dict[str, Range] = {}
        self._full: set[str] = set()  # parameters with more values than are used

    def problem(self, name: str, value: str, message: str) -> None:
        """Write down what is wrong with a pair."""
        self.problems.append(Problem(name[:60], value[:200], message))

    def take_all(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Read as many pairs as an address may have."""
        for count, (name, value) in enumerate(pairs):
            if count >= MOST_PAIRS:
                self.problem("", "", f"Only the first {MOST_PAIRS} parameters were read.")
                break
            self.take(name, value)

    def fields(self) -> dict[str, Any]:
        """The fields of the search that the pairs spell."""
        for side, most in (("like", MOST_LIKES), ("unlike", MOST_UNLIKES)):
            examples = [example for example, chosen in self._sides.items() if chosen == side]
            if len(examples) > most:
                self.problem(side, "", f"Only the first {most} of {len(examples)} are used.")
            self._fields[side] = tuple(examples[:most])
        self._fields["facets"] = tuple(
            Facet(field, **{mode: tuple(values)}) for (field, mode), values in self._facets.items()
        )
        self._fields["ranges"] = tuple(self._ranges.values())
        pages = self._fields.keys() & {"page", "hitsPerPage"}
        offsets = self._fields.keys() & {"offset", "limit"}
        if pages and offsets:
            self.problem("offset", "", "page and offset exclude each other; the page is used.")
            for name in offsets:
                del self._fields[name]
        return self._fields

    def take(self, name: str, value: str) -> None:
        """Read one pair."""
        read = self._BY_NAME.get(name)
        if read is None:
            self.problem(name, value, "There is no such parameter.")
        elif value := clean(value):
            read(self, name, value)

    def _text(self, name: str, value: str) -> None:
        most = MOST_TEXT[name]
        if len(value) > most and name == "query":
            self.problem(name, value, f"Only the first {most} characters are used.")
        elif len(value) > most:
            self.problem(name, value, f"It has more than {most} characters, and is not used.")
            return
        elif name == "filter" and (mistake := filters.unbalanced(value)):
            self.problems.append(Problem(name, value, mistake.reason, mistake.at + 1))
            return
        self._fields[name] = value[:most]

    def _ratio(self, name: str, value: str) -> None:
        if not _RATIO.fullmatch(value) or float(value) > 1:
            self.problem(name, value, "It has to be a number from 0 to 1.")
            return
        self._fields[name] = float(value)

    def _example(self, name: str, value: str) -> None:
        if not is_id(value):
            self.problem(name, value, "This cannot be the id of an asset.")
            return
        self._sides.pop(value, None)
        self._sides[value] = name

    def _facet(self, name: str, value: str) -> None:
        field, _, suffix = name.partition(".")
        mode = {"": "any", "all": "all", "not": "none"}[suffix]
        values = self._facets.setdefault((field, mode), [])
        if len(value) > MOST_FACET_TEXT:
            self.problem(name, value, f"A value has at most {MOST_FACET_TEXT} characters.")
        elif value in values:
            return
        elif len(values) < MOST_VALUES:
            values.append(value)
        elif name not in self._full:
            self._full.add(name)
            self.problem(name, value, f"At most {MOST_VALUES} values are used.")

    def _interval(self, name: str, value: str) -> None:
        try:
            interval = filters.parse_range(name, value)
        except ValueError as error:
            self.problem(name, value, str(error))
            return
        if interval:
            self._ranges[name] = interval

    def _end(self, name: str, value: str) -> None:
        """One end of a range, as two inputs of a form send it; joined with the other end."""
        field, _, end = name.partition(".")
        known = self._ranges.get(field, Range(field))
        low, high = (value, known.high) if end == "from" else (known.low, value)
        self._interval(field, f"{low or ''}..{high or ''}")

    def _sensitive(self, name: str, value: str) -> None:
        if value not in get_args(Sensitive):
            self.problem(name, value, "It is one of blur, hide, show.")
            return
        self._fields[name] = value

    def _truth(self, name: str, value: str) -> None:
        if value.lower() not in {"true", "false", "1", "0", "on", "off"}:
            self.problem(name, value, "It is true or false.")
            return
        self._fields[name] = value.lower() in {"true", "1", "on"}

    def _sort(self, name: str, value: str) -> None:
        for sort in value.split(","):  # one choice of a <select> can be several
            field, _, direction = sort.strip().partition(":")
            if field not in SORTABLE or direction not in {"asc", "desc"}:
                fields = ", ".join(SORTABLE)
                self.problem(name, sort, f"It is one of {fields}, then :asc or :desc.")
            else:
                self._fields[name] = (*self._fields.get(name, ()), f"{field}:{direction}")

    def _integer(self, name: str, value: str) -> None:
        least, most = _BOUNDS[name]
        if not _INTEGER.fullmatch(value) or not least <= int(value) <= most:
            self.problem(name, value, f"It has to be a whole number from {least} to {most}.")
            return
        self._fields[name] = int(value)

    _BY_NAME: Final = {
        "query": _text,
        "querySemanticRatio": _ratio,
        "like": _example,
        "unlike": _example,
        "imageSemanticRatio": _ratio,
        **dict.fromkeys(FACETS, _facet),
        **dict.fromkeys((f"{field}.all" for field in sorted(ARRAYS)), _facet),
        **dict.fromkeys((f"{field}.not" for field in FACETS), _facet),
        **dict.fromkeys(RANGES, _interval),
        **dict.fromkeys((f"{field}{end}" for field in RANGES for end in ENDS), _end),
        "nsfw": _sensitive,
        "filter": _text,
        "public": _truth,
        "originalAssets": _truth,
        "sortBy": _sort,
        **dict.fromkeys(_BOUNDS, _integer),
    }
    NAMES: Final = tuple(_BY_NAME)


PARAMETERS: Final = tuple(name for name in Reader.NAMES if not name.endswith(ENDS))
