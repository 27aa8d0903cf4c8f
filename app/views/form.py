"""Form: the one search form, and the pictures that steer it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app import words
from app.references import is_reference
from app.search import MOST_HITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.assets import Asset, Named
    from app.search import Search

PAGE_SIZES: Final = (24, 48, 96, MOST_HITS)


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a select, a radio or a checkbox."""

    value: str
    label: str
    is_chosen: bool
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """The one search form: what each control shows, and the state that has no control."""

    query: str
    modes: tuple[Option, ...]  # querySemanticRatio
    likeness: tuple[Option, ...]  # imageSemanticRatio; empty without an example
    kinds: tuple[Option, ...]
    collections: tuple[Option, ...]
    sensitive: tuple[Option, ...]
    sorts: tuple[Option, ...]
    sizes: tuple[Option, ...]
    size_name: str  # hitsPerPage or limit
    is_public: bool
    filter: str
    hidden: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, search: Search, collections: Iterable[Named] = ()) -> Form:
        """Lay out a search. Submitted unchanged, it is the same search from its first page."""
        sort = search.sortBy[0] if search.sortBy else ""
        default = "Best match" if search.is_ranked else words.SORTS["createdAt:desc"]
        sorts = {"": default, **words.SORTS}
        if not search.is_ranked:
            del sorts["createdAt:desc"]
        size_name = "hitsPerPage" if search.limit is None else "limit"
        sizes = sorted({*PAGE_SIZES, search.size})
        kinds = search.facet("kind").any
        named = tuple(collections)
        chosen = search.facet("collectionIds").any
        in_panel = {item.id for item in named}
        controls = {"query", "querySemanticRatio", "kind", "nsfw", "filter", "public", size_name}
        if search.examples:
            controls.add("imageSemanticRatio")
        hidden = [
            (name, value)
            for name, value in search.pairs(paging=False)
            if name not in controls
            and not (name == "sortBy" and value == sort)
            and not (name == "collectionIds" and value in in_panel)
        ]
        return cls(
            query=search.query,
            modes=_ratio_options(
                search.querySemanticRatio,
                {0.0: "Exact words", 0.5: "Balanced", 1.0: "Meaning"},
            ),
            likeness=_ratio_options(
                search.imageSemanticRatio,
                {1.0: "Same subject", 0.5: "Same look", 0.0: "Near-duplicates"},
            )
            if search.examples
            else (),
            kinds=tuple(
                Option(kind, name, kind in kinds)
                for kind, name in {
                    **{kind: words.KINDS[kind] for kind in ("image", "video", "audio", "3d")},
                    **{kind: words.KINDS.get(kind, kind) for kind in kinds},
                }.items()
            ),
            collections=tuple(
                Option(item.id, item.name, item.id in chosen, item.count) for item in named
            ),
            sensitive=tuple(
                Option(value, label, value == search.nsfw)
                for value, label in {"blur": "Blur", "hide": "Hide", "show": "Show"}.items()
            ),
            sorts=tuple(Option(value, label, value == sort) for value, label in sorts.items()),
            sizes=tuple(Option(str(size), str(size), size == search.size) for size in sizes),
            size_name=size_name,
            is_public=search.public,
            filter=search.filter,
            hidden=tuple(hidden),
        )


def _ratio_options(ratio: float, labels: dict[float, str]) -> tuple[Option, ...]:
    """The named points of a ratio, and its own value where it is none of them."""
    if ratio not in labels:
        labels = {**labels, ratio: f"{ratio:g}"}
    return tuple(Option(f"{value:g}", label, value == ratio) for value, label in labels.items())


@dataclass(frozen=True, slots=True)
class Example:
    """A chosen picture in the bar."""

    example: str
    side: str
    name: str
    image_url: str
    remove_url: str
    swap_url: str
    asset_url: str  # empty for an uploaded picture


def examples(
    search: Search, known: Mapping[str, Asset], *, image_url: str = "/assets/{}/image?width=256"
) -> tuple[Example, ...]:
    """Show the chosen pictures of a search, likes first."""
    shown = []
    for side, ids in (("like", search.like), ("unlike", search.unlike)):
        for example in ids:
            uploaded = is_reference(example)
            asset = known.get(example)
            name = "Your picture" if uploaded else asset.name if asset else example
            swapped = search.with_unlike if side == "like" else search.with_like
            shown.append(
                Example(
                    example=example,
                    side=side,
                    name=name,
                    image_url=f"/references/{example}" if uploaded else image_url.format(example),
                    remove_url=search.without(side, example).url(),
                    swap_url=swapped(example).url(),
                    asset_url="" if uploaded else f"/assets/{example}",
                )
            )
    return tuple(shown)
