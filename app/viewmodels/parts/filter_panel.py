"""The filter panel: the state of each control. Presets are links.

Submitting the panel unchanged gives the search that it was built from: every chosen value of a
facet has a checked box, every range its two ends. `carries` names the parameters with a control
here; the search form hides the others. Fields come from `app.query.fields`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

from app.query import folders
from app.query.describe import SPECS
from app.query.fields import FIELDS, reader
from app.query.filters import PARENTS, Range
from app.scenario.assets import Named
from app.services.results import Vocabulary
from app.viewmodels.parts.controls import Bounds, Group, Option, Preset

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from app.query.field_spec import FieldSpec
    from app.query.filters import Today
    from app.query.links import SearchLinks, Values
    from app.query.search import Search
    from app.scenario.assets import Asset

MOST_OPTIONS: Final = 12  # of a facet that lists what the results have
MOST_LISTED: Final = 60  # collections, which have names and can be read
MOST_SUGGESTED: Final = 100  # tags that the input proposes

SIZES: Final = (512, 1024, 2048)
SPRITE: Final = 256  # pixels
SQUARE: Final = ("1:1",)
LANDSCAPE: Final = ("21:9", "2:1", "16:9", "16:10", "3:2", "4:3", "5:4")
PORTRAIT: Final = ("4:5", "3:4", "2:3", "10:16", "9:16", "1:2", "9:21")
OUTLINES: Final = {"Square": SQUARE, "Landscape": LANDSCAPE, "Portrait": PORTRAIT}
COMMON_RATIOS: Final = frozenset(chain.from_iterable(OUTLINES.values()))
LEAST_HITS: Final = 3  # of a ratio that is not a common one, for it to be offered
DAYS: Final = {"Today": 0, "7 days": 6, "30 days": 29, "A year": 364}
FOLDER_MODES: Final = {folders.FIELD: "In", f"{folders.FIELD}.not": "Not in"}
MODES: Final = {"tags": "Any of", "tags.all": "All of", "tags.not": "None of"}

# Facets below "More", with a box for each value that the results have; and all ranges, by part.
MORE: Final = tuple(spec for spec in FIELDS if spec.facet and spec.panel == "more")
MARKS: Final = tuple(spec for spec in FIELDS if spec.facet and spec.panel == "marks")
RANGES: Final = {
    part: tuple(spec for spec in FIELDS if spec.range and spec.panel == part)
    for part in ("pixels", "dates", "more")
}
# Values that only generated assets have, and without which the ranges of generation are empty.
_GENERATED: Final = ("modelId", "baseModelId", "modelType", "scheduler")
# The facets whose values are read from the results where the server does not count them.
_READERS: Final = {spec.name: reader(spec) for spec in (*MORE, SPECS["privacy"])}
# The parameters that the controls submit.
CARRIED: Final = frozenset(
    {*(spec.name for spec in FIELDS if spec.facet or spec.range), *MODES, *FOLDER_MODES}
    | {"nsfw", "filter", "public"}
)


@dataclass(frozen=True, slots=True)
class Panel:
    """All filters; `carries` names the parameters that its controls submit."""

    kinds: Group
    marks: tuple[Group, ...]  # ratings and labels
    has_marks: bool  # one is chosen, or counted
    collections: Group
    chosen_folders: tuple[Group, ...]  # those of any, and of none
    shapes: Group
    privacy: Group | None  # like those of `seen`: only where it is selective
    tags: tuple[Group, ...]  # any, all, none
    suggestions: tuple[Named, ...]
    tags_url: str
    seen: tuple[Group, ...]  # facets whose values come from the results; chosen parents
    sizes: tuple[Preset, ...]
    outlines: tuple[Preset, ...]
    dates: tuple[Preset, ...]
    size_bounds: tuple[Bounds, ...]
    date_bounds: tuple[Bounds, ...]
    other_bounds: tuple[Bounds, ...]
    sensitive: tuple[Option, ...]
    is_public: bool
    offers_public: bool
    by_library: bool
    filter: str
    carries: frozenset[str]

    @property
    def has_more(self) -> bool:
        """True where there is a filter below "More"."""
        return bool(self.seen or self.privacy or self.other_bounds)

    @property
    def more_is_used(self) -> bool:
        """True where a filter below "More" is set."""
        return any(group.is_used for group in self.seen) or any(
            each.low or each.high for each in self.other_bounds
        )


def panel(
    search: Search,
    start: SearchLinks,
    *,
    today: Today,
    hits: Sequence[Asset] = (),
    facets: Mapping[str, Mapping[str, int]] | None = None,
    total: int | None = None,
    vocabulary: Vocabulary | None = None,
    by_library: bool = False,
) -> Panel:
    """Build the filters of a search.

    `start` makes the links from its first page. `facets` are the counts of a server that counts;
    otherwise the values are those of `hits`, which are all results where `total` is not larger.
    `by_library`: the server is Akin's own library, which has no public assets of other people.
    """
    vocabulary = vocabulary or Vocabulary()
    boxes = _Boxes(search, facets or {}, vocabulary.names)
    seen = _seen(hits)
    privacy = boxes.group(SPECS["privacy"])
    groups = [boxes.group(spec, tuple(seen[spec.name])) for spec in MORE]
    marks = tuple(boxes.group(spec) for spec in MARKS)
    parents = [boxes.group(SPECS[name]) for name in PARENTS]  # only the chosen ones have a box

    def is_selective(group: Group) -> bool:
        """Tell whether choosing a value would exclude anything, as far as that is known."""
        counts = (facets or {}).get(group.name)
        if counts is None and total is not None and total <= len(hits):
            counts = seen[group.name]
        if counts is None or group.is_used:
            return bool(group.options)
        return len(counts) > 1 or (bool(counts) and (total is None or sum(counts.values()) < total))

    def has_any(name: str, values: tuple[str, ...]) -> bool:
        """Tell whether a hit may have one of these values, or one is chosen."""
        counts = (facets or {}).get(name)
        return counts is None or any(
            each in counts or each in search.facet(name).any for each in values
        )

    is_generated = any((facets or {}).get(name) for name in _GENERATED) or any(
        search.range(spec.name) != Range(spec.name) for spec in RANGES["more"]
    )
    here = start.url()

    def preset(label: str, choice: Mapping[str, Values], days: int | None = None) -> Preset:
        """Link to the search with the choice, or without these fields where it is made already."""
        url = start.url(choice)
        is_chosen = url == here
        url = start.url(dict.fromkeys(choice, ())) if is_chosen else url
        return Preset(label, url, is_chosen, days)

    def bounds(part: str) -> tuple[Bounds, ...]:
        return tuple([_bounds(search, spec) for spec in RANGES[part]])

    return Panel(
        kinds=boxes.group(SPECS["kind"]),
        marks=marks,
        has_marks=any(option.count for group in marks for option in group.options)
        or any(group.is_used for group in marks),
        collections=boxes.named(SPECS["collectionIds"], vocabulary.collections),
        chosen_folders=tuple(boxes.chosen(name, label) for name, label in FOLDER_MODES.items()),
        shapes=boxes.group(SPECS["aspectRatio"], common=COMMON_RATIOS, least=LEAST_HITS),
        privacy=privacy if is_selective(privacy) else None,
        tags=tuple(boxes.tags(name, label) for name, label in MODES.items()),
        suggestions=_suggestions(facets or {}, vocabulary.tags, hits),
        tags_url=start.url(path="/tags"),
        seen=(*filter(is_selective, groups), *(each for each in parents if each.options)),
        sizes=(
            *(preset(f"{least}+", _both_sides(f"{least}..")) for least in SIZES),
            preset("Sprites", _both_sides(f"..{SPRITE}")),
        ),
        outlines=tuple(
            preset(label, {"aspectRatio": tuple(sorted(ratios))})
            for label, ratios in OUTLINES.items()
            if has_any("aspectRatio", ratios)
        ),
        dates=tuple(
            preset(label, {"createdAt": (f"{today.before(days)}..",)}, days)
            for label, days in DAYS.items()
        ),
        size_bounds=bounds("pixels"),
        date_bounds=bounds("dates"),
        other_bounds=() if facets and not is_generated else bounds("more"),
        sensitive=tuple(
            Option(value, label, value == search.nsfw)
            for value, label in {"blur": "Blur", "hide": "Hide", "show": "Show"}.items()
        ),
        is_public=search.public,
        offers_public=search.public or not by_library,
        by_library=by_library,
        filter=search.filter,
        carries=CARRIED,
    )


def _both_sides(interval: str) -> dict[str, Values]:
    return {"width": (interval,), "height": (interval,)}


class _Boxes:
    """Boxes of facets: the values to offer, which are chosen, and how many hits each has."""

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
        spec: FieldSpec,
        offered: tuple[str, ...] = (),
        *,
        common: Collection[str] = (),
        least: int = 1,
    ) -> Group:
        """The usual values of a field, those `offered`, those that the server counted, the chosen.

        Of a server that counts, only what has hits is offered. A counted value that is not among
        the `common` ones needs at least `least` hits.
        """
        chosen = self._search.facet(spec.name).any
        counts = self._facets.get(spec.name, {})
        listed = [each for each in counts if counts[each] >= least or each in common]
        listed.sort(key=lambda value: (-counts[value], value))
        most = len(spec.values) or MOST_OPTIONS
        usual = spec.usual if spec.name not in self._facets else filter(counts.get, spec.usual)
        values = list(dict.fromkeys([*usual, *offered, *listed]))[:most]
        values += [value for value in chosen if value not in values]
        labels = spec.values or self._names
        return Group(
            spec.name,
            spec.label,
            tuple(
                Option(value, labels.get(value, value), value in chosen, counts.get(value))
                for value in values
            ),
        )

    def named(self, spec: FieldSpec, items: tuple[Named, ...]) -> Group:
        """Values with names, in the order of the listing; the server's counts where it has any."""
        chosen = self._search.facet(spec.name).any
        counts = self._facets.get(spec.name)
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
        return Group(spec.name, spec.label, tuple(options))

    def chosen(self, name: str, label: str) -> Group:
        """The chosen folders of one mode."""
        facet = self._search.facet(folders.FIELD)
        values = facet.any if name == folders.FIELD else facet.none
        return Group(name, label, tuple(Option(each, each, True) for each in values))

    def tags(self, name: str, label: str) -> Group:
        """The chosen tags of one mode."""
        facet = self._search.facet("tags")
        chosen = {"tags": facet.any, "tags.all": facet.all, "tags.not": facet.none}[name]
        counts = self._facets.get("tags", {}) if name != "tags.not" else {}
        return Group(name, label, tuple(Option(tag, tag, True, counts.get(tag)) for tag in chosen))


def _seen(hits: Sequence[Asset]) -> dict[str, dict[str, int]]:
    """How many of the hits have each value, by field, the most frequent first."""
    counts = {name: Counter(filter(None, map(read, hits))) for name, read in _READERS.items()}
    return {
        name: dict(sorted(counted.items(), key=lambda each: (-each[1], each[0])))
        for name, counted in counts.items()
    }


def _suggestions(
    facets: Mapping[str, Mapping[str, int]], listed: Iterable[Named], hits: Iterable[Asset]
) -> tuple[Named, ...]:
    """Tags to suggest: those of the results, with counts if known, then those of the listing."""
    counts = facets.get("tags", {})
    suggested = {
        tag: Named(tag, tag, counts[tag]) for tag in sorted(counts, key=lambda t: -counts[t])
    }
    for tag in chain.from_iterable(hit.tags for hit in hits):
        if tag not in suggested:
            suggested[tag] = Named(tag, tag)
    for item in listed:
        if len(suggested) >= MOST_SUGGESTED:
            break
        suggested.setdefault(item.id, item)
    return tuple(suggested.values())[:MOST_SUGGESTED]


def _bounds(search: Search, spec: FieldSpec) -> Bounds:
    interval = search.range(spec.name)
    low, high = interval.low or "", interval.high or ""
    kind, step = {"integer": ("number", "1"), "number": ("number", "any")}.get(
        spec.kind, ("date", "1")
    )
    if kind == "date" and max(len(low), len(high)) > len("2025-01-31"):
        kind = "text"  # with a time or an offset, which an input for dates cannot hold
    label = f"{spec.label} ({spec.unit})" if spec.unit else spec.label
    return Bounds(spec.name, label, low, high, kind, step, spec.kind == "date")
