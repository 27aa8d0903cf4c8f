"""The parameters of a search in a URL or a form, with their bounds.

Parsing is lenient: an invalid value falls back to the default and is reported as a `Problem`.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any, Final, Literal, get_args
from urllib.parse import parse_qsl

from app.errors import Problem
from app.query import filters, folders
from app.query.filters import ARRAYS, FACETS, RANGES, Facet, Range
from app.query.sorts import LIBRARY_SORTABLE, RANDOM, SORTABLE

if TYPE_CHECKING:
    from collections.abc import Iterable

Sensitive = Literal["blur", "hide", "show"]

_REFERENCE: Final = re.compile(r"ref_[0-9a-f]{32}")
AUTO: Final = "auto"  # in a form: the words without a ratio
MOST_HITS: Final = 100  # a page, by the API's rule
MOST_LIKES: Final = 20
MOST_UNLIKES: Final = 10  # docs/scenario-api.md: "keep unlike short"
MOST_VALUES: Final = 50  # of one facet
MOST_PAIRS: Final = 500
MOST_PROBLEMS: Final = 20  # reported for one request
MOST_VALUE: Final = 4000  # characters of any value
MOST_QUERY: Final = 1000
_SORTABLE: Final = (*SORTABLE, *LIBRARY_SORTABLE)
_RANDOM: Final = re.compile(f"{RANDOM}:[0-9]{{1,9}}")
MOST_SORTS: Final = 2 * len(_SORTABLE)  # in one value: each field in both directions
MOST_FACET_TEXT: Final = 200
MOST_PATH: Final = 1000  # characters of the path of a folder

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_MORE_PROBLEMS: Final = Problem("", "", f"Only the first {MOST_PROBLEMS} problems are listed.")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_INTEGER: Final = re.compile(r"[0-9]{1,9}")
_RATIO: Final = re.compile(r"[0-9]?\.?[0-9]{1,6}")
# Parameters that mail programs, social networks and advertisers append to a link, as `name=`.
_TRACKING: Final = re.compile(
    r"(?:utm_[a-z_]+|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|twclid|ttclid|yclid|igshid"
    r"|igsh|li_fat_id|srsltid|mc_cid|mc_eid|mkt_tok|_hsenc|_hsmi|_ga|_gl)(?:=.*)?",
    re.ASCII | re.DOTALL,
)


def is_id(text: str) -> bool:
    """Tell whether a text can be an asset's id or a `ref_...`."""
    return _ID.fullmatch(text) is not None


def longest(parameter: str) -> int:
    """Return how many characters a value of a facet may have."""
    return MOST_PATH if parameter.partition(".")[0] == folders.FIELD else MOST_FACET_TEXT


def clean(text: str) -> str:
    """Return a text without control characters and without surrounding whitespace."""
    return _CONTROL.sub(" ", text).strip()


def bounded(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The first pairs of a form: one more than are read, so that the excess is reported."""
    return list(itertools.islice(pairs, MOST_PAIRS + 1))


def limited(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """At most MOST_PROBLEMS problems, then one that says that there are more."""
    first = tuple(itertools.islice(problems, MOST_PROBLEMS + 2))
    if len(first) <= MOST_PROBLEMS + (_MORE_PROBLEMS in first):
        return first
    return (*first[:MOST_PROBLEMS], _MORE_PROBLEMS)


def without_tracking(querystring: str) -> str:
    """Return a query string without parameters that only serve to track its reader."""
    return "&".join(part for part in querystring.split("&") if not _TRACKING.fullmatch(part))


def pairs_of(querystring: bytes | str) -> list[tuple[str, str]]:
    """Return the pairs of a query string in their order, without tracking parameters.

    Invalid UTF-8 is replaced. Pairs beyond the limit of `Search.read` are not decoded.
    """
    text = querystring.decode("utf-8", "replace") if isinstance(querystring, bytes) else querystring
    parts = without_tracking(text).split("&", MOST_PAIRS + 1)[: MOST_PAIRS + 1]
    return parse_qsl("&".join(parts), keep_blank_values=True)


ENDS: Final = (".from", ".to")  # the two inputs of a range in a form
_BOUNDS: Final = {
    "page": (1, 10**6),
    "hitsPerPage": (1, MOST_HITS),
    "offset": (0, 10**8),
    "limit": (1, MOST_HITS),
}


class Reader:
    """Collects the fields of a Search from pairs, and the problems of those that are invalid.

    Call `take` with each pair, then `fields`.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._fields: dict[str, Any] = {}
        self._sides: dict[str, str] = {}  # example -> "like" or "unlike"; the last mention wins
        self._facets: dict[tuple[str, str], list[str]] = {}
        self._ranges: dict[str, Range] = {}
        self._full: set[str] = set()  # parameters with more values than are used

    def problem(self, name: str, value: str, message: str) -> None:
        """Report a problem with a pair."""
        self.problems.append(Problem(name[:60], value[:200], message))

    def take_all(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Parse pairs, up to the limit."""
        for count, (name, value) in enumerate(pairs):
            if count >= MOST_PAIRS:
                self.problem("", "", f"Only the first {MOST_PAIRS} parameters were read.")
                break
            self.take(name, value)

    def fields(self) -> dict[str, Any]:
        """Return the fields of the search."""
        for side, most in (("like", MOST_LIKES), ("unlike", MOST_UNLIKES)):
            examples = [example for example, chosen in self._sides.items() if chosen == side]
            if len(examples) > most:
                self.problem(side, "", f"Only the first {most} of {len(examples)} are used.")
            self._fields[side] = tuple(examples[:most])
        self._fields["facets"] = tuple(
            Facet(field, **_mode(mode, values)) for (field, mode), values in self._facets.items()
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
        """Parse one pair."""
        read = self._BY_NAME.get(name)
        if read is None:
            self.problem(name, value, "There is no such parameter.")
        elif len(value) > MOST_VALUE and name != "query":
            message = f"It has more than {MOST_VALUE} characters, and is not used."
            self.problem(name, value, message)
        elif value := clean(value[: MOST_VALUE + 1]):
            read(self, name, value)

    def _text(self, name: str, value: str) -> None:
        if name == "query" and len(value) > MOST_QUERY:
            self.problem(name, value, f"Only the first {MOST_QUERY} characters are used.")
            value = value[:MOST_QUERY]
        elif name == "filter" and (mistake := filters.unbalanced(value)):
            self.problems.append(Problem(name, value, mistake.reason, mistake.at + 1))
            return
        self._fields[name] = value

    def _word_ratio(self, name: str, value: str) -> None:
        if value == AUTO:
            self._fields.pop(name, None)
        else:
            self._ratio(name, value)

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
        if len(value) > longest(name):
            self.problem(name, value, f"A value has at most {longest(name)} characters.")
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
        """Parse one end of a range, as a form submits it, and join it with the other end."""
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
        known = dict.fromkeys(self._fields.get(name, ()))
        sorts = value.split(",", MOST_SORTS)  # one choice of a <select> can be several
        for sort in sorts[:MOST_SORTS]:
            field, _, direction = sort.strip().partition(":")
            is_random = _RANDOM.fullmatch(sort.strip()) is not None
            if not is_random and (field not in _SORTABLE or direction not in {"asc", "desc"}):
                fields = ", ".join(_SORTABLE)
                message = f"It is one of {fields}, then :asc or :desc; or {RANDOM}:42."
                self.problem(name, sort, message)
            else:
                known[f"{field}:{direction}"] = None
        if len(sorts) > MOST_SORTS:
            self.problem(name, sorts[-1], f"Only the first {MOST_SORTS} sort orders are used.")
        self._fields[name] = tuple(known)

    def _integer(self, name: str, value: str) -> None:
        least, most = _BOUNDS[name]
        if not _INTEGER.fullmatch(value) or not least <= int(value) <= most:
            self.problem(name, value, f"It has to be a whole number from {least} to {most}.")
            return
        self._fields[name] = int(value)

    _BY_NAME: Final = {
        "query": _text,
        "querySemanticRatio": _word_ratio,
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


def is_reference(example: str) -> bool:
    """Tell a `ref_...` from an asset's id."""
    return _REFERENCE.fullmatch(example) is not None


def _mode(mode: str, values: Iterable[str]) -> dict[str, Any]:
    """Return the argument of a Facet: any, all or none."""
    return {mode: tuple(values)}
