"""Panel: the filters, as what each control shows; every preset is a link.

Submitted unchanged, the panel's controls are the search that they were made from: each wanted
value of a facet has a checked box, each range its two ends, and what has no control here is left
to the form (`carries` tells which is which).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Final

import msgspec

from app import words
from app.assets import Asset, Named
from app.filters import FACETS, RANGES
from app.views.option import Option

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date

    from app.nearby import Nearby, Values
    from app.search import Search

MOST_OPTIONS: Final = 12  # of a facet that lists what the results have
MOST_LISTED: Final = 60  # collections, which have names and can be read
MOST_SUGGESTED: Final = 100  # tags that the input proposes

SIZES: Final = (512, 1024, 2048)
SPRITE: Final = 256  # pixels
SQUARE: Final = ("1:1",)
LANDSCAPE: Final = ("21:9", "2:1", "16:9", "16:10", "3:2", "4:3", "5:4")
PORTRAIT: Final = ("4:5", "3:4", "2:3", "10:16", "9:16", "1:2", "9:21")
_FAMILIAR: Final = frozenset({*SQUARE, *LANDSCAPE, *PORTRAIT})
A_FEW: Final = 3  # hits that a shape without a name of its own needs to be offered
RATIOS: Final = ("1:1", "16:9", "3:2", "4:3", "3:4", "2:3", "9:16")
DAYS: Final = {"Today": 0, "7 days": 6, "30 days": 29, "A year": 364}
KINDS: Final = ("image", "video", "audio", "3d")
PRIVACIES: Final = ("private", "public", "unlisted")
# Facets whose values are read from the results: what they are called above their boxes.
SEEN: Final = {
    "type": "Made by",
    "modelId": "Model",
    "baseModelId": "Base model",
    "authorId": "Author",
    "mimeType": "Format",
    "scheduler": "Scheduler",
}
INPUTS: Final = {
    "width": "Width",
    "height": "Height",
    "createdAt": "Created",
    "updatedAt": "Changed",
    "size": "Bytes",
    "guidance": "Guidance",
    "numInferenceSteps": "Steps",
}
MODES: Final = {"tags": "Any of", "tags.all": "All of", "tags.not": "None of"}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that a panel and its chips show: asked for by the site, all may be missing."""

    collections: tuple[Named, ...] = ()
    tags: tuple[Named, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)  # id -> name

    @property
    def names(self) -> dict[str, str]:
        """Every id that has a name."""
        return {**{item.id: item.name for item in self.collections}, **self.models}


class Preset(msgspec.Struct, frozen=True, gc=False):
    """A link to a usual choice; the chosen one leads back."""

    label: str
    url: str
    is_chosen: bool


class Group(msgspec.Struct, frozen=True, gc=False):
    """The boxes of one facet."""

    name: str
    label: str
    options: tuple[Option, ...]

    @property
    def is_used(self) -> bool:
        """True where a box is checked: then it has to be seen."""
        return any(option.is_chosen for option in self.options)


class Bounds(msgspec.Struct, frozen=True, gc=False):
    """The two ends of a range, each an input."""

    name: str
    label: str
    low: str
    high: str
    kind: str  # the input's type: number, date, text
    step: str


@dataclass(frozen=True, slots=True)
class Panel:
    """All filters. `carries` names the parameters that its controls submit."""

    kinds: Group
    collections: Group
    shapes: Group
    privacy: Group | None  # as those of `seen`: only where it tells assets apart
    tags: tuple[Group, ...]  # any, all, none
    suggestions: tuple[Named, ...]
    tags_url: str
    seen: tuple[Group, ...]
    sizes: tuple[Preset, ...]
    outlines: tuple[Preset, ...]
    dates: tuple[Preset, ...]
    size_bounds: tuple[Bounds, ...]
    date_bounds: tuple[Bounds, ...]
    other_bounds: tuple[Bounds, ...]
    sensitive: tuple[Option, ...]
    is_public: bool
    offers_public: bool
    filter: str
    carries: frozenset[str]

    @property
    def more_is_used(self) -> bool:
        """True where something of the folded part is chosen."""
        return any(group.is_used for group in self.seen) or any(
            each.low or each.high for each in self.other_bounds
        )


def panel(
    search: Search,
    start: Nearby,
    *,
    today: date,
    hits: Sequence[Asset] = (),
    facets: Mapping[str, Mapping[str, int]] | None = None,
    total: int | None = None,
    vocabulary: Vocabulary | None = None,
    by_library: bool = False,
) -> Panel:
    """Lay out the filters of a search.

    `start` spells the addresses around its first page; `facets` are the server's counts where it
    gives them; `hits` say which values there are where it does not, and are the whole of it where
    `total`, how many are found, is no more than they are. `by_library`: Akin's own library
    answers, which has no assets of others.
    """
    vocabulary = vocabulary or Vocabulary()
    boxes = _Boxes(search, facets or {}, vocabulary.names)
    seen = _seen(hits)
    privacy = boxes.group("privacy", "Privacy", PRIVACIES)
    bounds = {name: _bounds(search, name) for name in INPUTS}
    groups = [boxes.group(name, SEEN[name], tuple(seen[name])) for name in SEEN]

    def tells(group: Group) -> bool:
        """Whether choosing would leave anything out, as far as that is known."""
        counts = (facets or {}).get(group.name)
        if counts is None and total is not None and total <= len(hits):
            counts = seen[group.name]
        if counts is None or group.is_used:
            return bool(group.options)
        return len(counts) > 1 or (bool(counts) and (total is None or sum(counts.values()) < total))

    here = start.url()

    def preset(label: str, choice: Mapping[str, Values]) -> Preset:
        """Link to the choice; where it is made already, to none of these fields."""
        url = start.url(choice)
        is_chosen = url == here
        return Preset(label, start.url(dict.fromkeys(choice, ())) if is_chosen else url, is_chosen)

    outlines = {"Square": SQUARE, "Landscape": LANDSCAPE, "Portrait": PORTRAIT}
    return Panel(
        kinds=boxes.group("kind", "Kind", KINDS, shown=words.KINDS, most=len(words.KINDS)),
        collections=boxes.named("collectionIds", "Collection", vocabulary.collections),
        shapes=boxes.group("aspectRatio", "Shape", RATIOS, familiar=_FAMILIAR, least=A_FEW),
        privacy=privacy if tells(privacy) else None,
        tags=tuple(boxes.tags(name, label) for name, label in MODES.items()),
        suggestions=_suggestions(facets or {}, vocabulary.tags, hits),
        tags_url=start.url(path="/tags"),
        seen=tuple(filter(tells, groups)),
        sizes=(
            *(preset(f"{least}+", _both_sides(f"{least}..")) for least in SIZES),
            preset("Sprites", _both_sides(f"..{SPRITE}")),
        ),
        outlines=tuple(
            preset(label, {"aspectRatio": tuple(sorted(ratios))})
            for label, ratios in outlines.items()
        ),
        dates=tuple(
            preset(label, {"createdAt": (f"{today - timedelta(days=days)}..",)})
            for label, days in DAYS.items()
        ),
        size_bounds=(bounds.pop("width"), bounds.pop("height")),
        date_bounds=(bounds.pop("createdAt"), bounds.pop("updatedAt")),
        other_bounds=tuple(bounds.values()),
        sensitive=tuple(
            Option(value, label, value == search.nsfw)
            for value, label in {"blur": "Blur", "hide": "Hide", "show": "Show"}.items()
        ),
        is_public=search.public,
        offers_public=search.public or not by_library,
        filter=search.filter,
        carries=frozenset({*FACETS, *RANGES, *MODES, "nsfw", "filter", "public"}),
    )


def _both_sides(interval: str) -> dict[str, Values]:
    return {"width": (interval,), "height": (interval,)}


class _Boxes:
    """Makes the boxes of facets: what is chosen, what there is, and how many of each."""

    def __init__(
        self,
        search: Search,
        facets: Mapping[str, Mapping[str, int]],
        names: Mapping[str, str],
    ) -> None:
        self._search = search
        self._facets = facets
        self._names = names

    def group(
        self,
        name: str,
        label: str,
        usual: Iterable[str],
        *,
        shown: Mapping[str, str] | None = None,
        most: int = MOST_OPTIONS,
        familiar: Collection[str] = (),
        least: int = 1,
    ) -> Group:
        """The chosen values, the usual ones and those that the server counted.

        One that is not `familiar` is listed from `least` hits on.
        """
        chosen = self._search.facet(name).any
        counts = self._facets.get(name, {})
        offered = [each for each in counts if counts[each] >= least or each in familiar]
        counted = sorted(offered, key=lambda value: (-counts[value], value))
        values = list(dict.fromkeys([*usual, *counted]))[:most]
        values += [value for value in chosen if value not in values]
        names = shown or self._names
        return Group(
            name,
            label,
            tuple(
                Option(value, names.get(value, value), value in chosen, counts.get(value))
                for value in values
            ),
        )

    def named(self, name: str, label: str, items: tuple[Named, ...]) -> Group:
        """Values with names, in the order of the listing; the server's counts where it has any."""
        chosen = self._search.facet(name).any
        counts = self._facets.get(name)
        listed = [item for at, item in enumerate(items) if at < MOST_LISTED or item.id in chosen]
        known = {item.id for item in listed}
        options = [
            Option(
                item.id,
                item.name,
                item.id in chosen,
                item.count if counts is None else counts.get(item.id),
            )
            for item in listed
        ]
        options += [Option(value, value, True) for value in chosen if value not in known]
        return Group(name, label, tuple(options))

    def tags(self, name: str, label: str) -> Group:
        """The chosen tags of one mode."""
        facet = self._search.facet("tags")
        chosen = {"tags": facet.any, "tags.all": facet.all, "tags.not": facet.none}[name]
        counts = self._facets.get("tags", {}) if name != "tags.not" else {}
        return Group(name, label, tuple(Option(tag, tag, True, counts.get(tag)) for tag in chosen))


# Where in an asset each facet stands whose values are read from the results.
_SEEN: Final = {
    name: attrgetter(name if name in Asset.__struct_fields__ else f"metadata.{name}")
    for name in (*SEEN, "privacy")
}


def _seen(hits: Sequence[Asset]) -> dict[str, dict[str, int]]:
    """How many of the hits have which value of privacy and each facet of SEEN, most first."""
    counts = {name: Counter(filter(None, map(of_hit, hits))) for name, of_hit in _SEEN.items()}
    return {
        name: dict(sorted(counted.items(), key=lambda each: (-each[1], each[0])))
        for name, counted in counts.items()
    }


def _suggestions(
    facets: Mapping[str, Mapping[str, int]], listed: Iterable[Named], hits: Iterable[Asset]
) -> tuple[Named, ...]:
    """Tags to choose from: those of the results, counted where the server does; then as listed."""
    counts = facets.get("tags", {})
    found = {tag: Named(tag, tag, counts[tag]) for tag in sorted(counts, key=lambda t: -counts[t])}
    for tag in chain.from_iterable(hit.tags for hit in hits):
        if tag not in found:
            found[tag] = Named(tag, tag)
    for item in listed:
        if len(found) >= MOST_SUGGESTED:
            break
        found.setdefault(item.id, item)
    return tuple(found.values())[:MOST_SUGGESTED]


def _bounds(search: Search, name: str) -> Bounds:
    interval = search.range(name)
    low, high = interval.low or "", interval.high or ""
    kind, step = {"integer": ("number", "1"), "number": ("number", "any")}.get(
        RANGES[name], ("date", "1")
    )
    if kind == "date" and max(len(low), len(high)) > len("2025-01-31"):
        kind = "text"  # a moment of a day, which an input for dates cannot hold
    return Bounds(name, INPUTS[name], low, high, kind, step)
