"""The filter panel: boxes, presets and ranges of a search, and their links."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from app.query.display import Display
from app.query.filters import Today
from app.query.links import SearchLinks
from app.query.params import pairs_of
from app.query.search import Search
from app.scenario.assets import Asset, Metadata, Named
from app.services.results import Vocabulary
from app.viewmodels.parts.filter_panel import MOST_SUGGESTED, panel

if TYPE_CHECKING:
    from app.viewmodels.parts.controls import Group
    from app.viewmodels.parts.filter_panel import Panel

TODAY = Today(date(2026, 3, 1))


def made(query: str = "", **known: Any) -> Panel:
    search = Search.parse(pairs_of(query))
    start = SearchLinks.of(search, Display()).start
    return panel(search, start, today=TODAY, **known)


def boxes(group: Group) -> list[tuple[str, bool, int | None]]:
    return [(option.label, option.is_chosen, option.count) for option in group.options]


def test_dates_are_absolute() -> None:
    """A link has the same meaning tomorrow."""
    assert [(each.label, each.url) for each in made("query=a").dates] == [
        ("Today", "/?query=a&createdAt=2026-03-01.."),
        ("7 days", "/?query=a&createdAt=2026-02-23.."),
        ("30 days", "/?query=a&createdAt=2026-01-31.."),
        ("A year", "/?query=a&createdAt=2025-03-02.."),
    ]


def test_a_size_replaces_another() -> None:
    """Width and height change; other ranges stay."""
    found = made("width=512..&height=512..&size=9..")
    assert [(each.label, each.url, each.is_chosen) for each in found.sizes] == [
        ("512+", "/?size=9..", True),
        ("1024+", "/?width=1024..&height=1024..&size=9..", False),
        ("2048+", "/?width=2048..&height=2048..&size=9..", False),
        ("Sprites", "/?width=..256&height=..256&size=9..", False),
    ]


def test_outlines_are_several_shapes() -> None:
    """The API has ratios; users think of landscape and portrait."""
    square, landscape, portrait = made("aspectRatio=1:1").outlines
    assert (square.url, square.is_chosen) == ("/", True)
    assert landscape.url == (
        "/?aspectRatio=16:10&aspectRatio=16:9&aspectRatio=21:9&aspectRatio=2:1"
        "&aspectRatio=3:2&aspectRatio=4:3&aspectRatio=5:4"
    )
    assert portrait.url.count("aspectRatio=") == landscape.url.count("aspectRatio=")


def test_a_preset_starts_on_the_first_page() -> None:
    """The page number belongs to another list."""
    assert made("query=a&page=3").sizes[0].url == "/?query=a&width=512..&height=512.."
    chosen = made("width=512..&height=512..&page=3").sizes[0]
    assert (chosen.url, chosen.is_chosen) == ("/", True)


def test_every_chosen_value_has_a_box() -> None:
    """Otherwise the form would lose it."""
    found = made("kind=hologram&aspectRatio=7:9&privacy=secret&collectionIds=gone&modelId=m")
    assert [
        option.value
        for group in (found.kinds, found.shapes, found.privacy, found.collections, *found.seen)
        for option in (group.options if group else ())
        if option.is_chosen
    ] == ["hologram", "7:9", "secret", "gone", "m"]


def test_the_counts_of_the_server_are_shown() -> None:
    """The most frequent first, after the usual ones; those of no asset are left out."""
    facets = {"kind": {"text": 2, "image": 9, "json": 5}, "collectionIds": {"c2": 4}}
    collections = (Named("c1", "Forts", 7), Named("c2", "Trees", 8))
    found = made(facets=facets, vocabulary=Vocabulary(collections))
    assert boxes(found.kinds) == [
        ("Image", False, 9),
        ("JSON", False, 5),
        ("Text", False, 2),
    ]
    assert boxes(found.collections) == [("Forts", False, None), ("Trees", False, 4)]


def test_shapes_that_no_asset_has_are_not_offered() -> None:
    """Unless one is chosen; a server that does not count has all."""
    wide = {"aspectRatio": {"16:9": 2}}
    assert [each.label for each in made(facets=wide).outlines] == ["Landscape"]
    chosen = made("aspectRatio=1:1", facets=wide)
    assert [each.label for each in chosen.outlines] == ["Square", "Landscape"]
    assert len(made().outlines) == 3


def test_ranges_of_generation_need_generated_assets() -> None:
    """Where that is known, and none of them is set."""
    assert made(facets={"kind": {"image": 2}}).other_bounds == ()
    assert made("guidance=3..", facets={"kind": {"image": 2}}).other_bounds
    assert made(facets={"modelId": {"flux": 2}}).other_bounds
    assert made().other_bounds


def test_without_counts_those_of_the_listing_are_shown() -> None:
    """They count whole collections."""
    found = made(vocabulary=Vocabulary((Named("c1", "Forts", 7),)))
    assert boxes(found.collections) == [("Forts", False, 7)]


def test_models_and_authors_come_from_the_results() -> None:
    """The most frequent first, by name if known; a facet without values is absent."""
    hits = [
        Asset(id=str(at), authorId="ann", metadata=Metadata(modelId=model))
        for at, model in enumerate(["m1", "m2", "m2", None])
    ]
    found = made("modelId=m3", hits=hits, vocabulary=Vocabulary(models={"m2": "Flux"}))
    assert [(group.label, boxes(group)) for group in found.seen] == [
        ("Model", [("Flux", False, None), ("m1", False, None), ("m3", True, None)]),
        ("Author", [("ann", False, None)]),
    ]
    assert found.more_is_used


def test_facets_that_exclude_nothing_are_absent() -> None:
    """A value of all results excludes nothing, a value of some of them does."""
    counts = {
        "privacy": {"private": 9},
        "authorId": {"local": 9},
        "mimeType": {"image/png": 7, "image/gif": 2},
        "modelId": {"m": 4},
        "type": {},
    }
    hits = [Asset(id="1", authorId="local", mimeType="image/png", metadata=Metadata(modelId="m"))]
    found = made(facets=counts, hits=hits, total=9)
    assert (found.privacy, [group.name for group in found.seen]) == (None, ["modelId", "mimeType"])
    two = made(facets={"privacy": {"private": 4, "public": 5}}, total=9).privacy
    assert two is not None
    chosen = made("privacy=private&authorId=local", facets=counts, total=9)
    assert chosen.privacy is not None
    assert [group.name for group in chosen.seen] == ["modelId", "authorId", "mimeType"]


def test_without_counts_facets_stay_while_there_may_be_more_results() -> None:
    """The hits are all results only on a single page."""
    hits = [
        Asset(id=str(at), authorId="ann", privacy="private", mimeType=mime)
        for at, mime in enumerate(["image/png", "image/gif"])
    ]
    for total, privacy, seen in (
        (None, True, ["authorId", "mimeType"]),
        (3, True, ["authorId", "mimeType"]),
        (2, False, ["mimeType"]),
    ):
        found = made(hits=hits, total=total)
        assert (found.privacy is not None, [group.name for group in found.seen]) == (privacy, seen)


def test_tags_have_three_modes() -> None:
    """Each mode has the boxes of its own tags."""
    found = made("tags=b&tags=a&tags.all=c&tags.not=d", facets={"tags": {"a": 3, "d": 1}})
    assert [(group.name, group.label, boxes(group)) for group in found.tags] == [
        ("tags", "Any of", [("a", True, 3), ("b", True, None)]),
        ("tags.all", "All of", [("c", True, None)]),
        ("tags.not", "None of", [("d", True, None)]),
    ]
    assert found.tags_url == "/tags?tags=a&tags=b&tags.all=c&tags.not=d"


def test_suggestions_begin_with_the_tags_of_the_results() -> None:
    """Those of the listing follow, up to a limit."""
    listed = (Named("a", "a", 99), Named("y", "y", 8), Named("x", "x", 1))
    found = made(
        facets={"tags": {"a": 2, "b": 5}},
        hits=[Asset(id="1", tags=("c",))],
        vocabulary=Vocabulary(tags=listed),
    )
    assert [(tag.id, tag.count) for tag in found.suggestions] == [
        ("b", 5),
        ("a", 2),
        ("c", None),
        ("y", 8),
        ("x", 1),
    ]
    many = tuple(Named(str(at), str(at)) for at in range(999))
    assert len(made(vocabulary=Vocabulary(tags=many)).suggestions) == MOST_SUGGESTED


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ("", "", "date")),
        ("createdAt=2025-01-31..", ("2025-01-31", "", "date")),
        ("createdAt=..2025-01-31T12:00Z", ("", "2025-01-31T12:00Z", "text")),
    ],
)
def test_a_date_with_a_time_has_a_text_input(query: str, expected: tuple[str, str, str]) -> None:
    """An input for dates would drop the time."""
    bounds = made(query).date_bounds[0]
    assert (bounds.low, bounds.high, bounds.kind) == expected


def test_numbers_have_inputs_for_their_kind() -> None:
    """Pixels are integers, guidance is not."""
    found = made("width=512..1024&guidance=3.5..")
    width, _ = found.size_bounds
    guidance = next(each for each in found.other_bounds if each.name == "guidance")
    assert (width.low, width.high, width.kind, width.step) == ("512", "1024", "number", "1")
    assert (guidance.low, guidance.kind, guidance.step) == ("3.5", "number", "any")
    assert found.more_is_used


def test_uncommon_ratios_need_several_hits() -> None:
    """The usual ones and the chosen ones do not."""
    counts = {"16:9": 1, "21:9": 1, "89:82": 1, "49:48": 3, "7:5": 2}
    found = made("aspectRatio=7:5", facets={"aspectRatio": counts}).shapes
    assert [label for label, _, _ in boxes(found)] == [
        *("16:9", "49:48", "21:9", "7:5"),
    ]
