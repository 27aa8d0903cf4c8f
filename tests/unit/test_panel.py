"""The filters: which boxes, presets and ends of ranges a search has, and where they lead."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from app.assets import Asset, Metadata, Named
from app.display import Display
from app.nearby import Nearby
from app.reading import pairs_of
from app.search import Search
from app.views.panel import MOST_SUGGESTED, Vocabulary, panel

if TYPE_CHECKING:
    from app.views.panel import Group, Panel

TODAY = date(2026, 3, 1)


def made(query: str = "", **known: Any) -> Panel:
    search = Search.parse(pairs_of(query))
    start = Nearby.of(search, Display()).start
    return panel(search, start, today=TODAY, **known)


def boxes(group: Group) -> list[tuple[str, bool, int | None]]:
    return [(option.label, option.is_chosen, option.count) for option in group.options]


def test_dates_are_absolute() -> None:
    """A link means the same tomorrow."""
    assert [(each.label, each.url) for each in made("query=a").dates] == [
        ("Today", "/?query=a&createdAt=2026-03-01.."),
        ("7 days", "/?query=a&createdAt=2026-02-23.."),
        ("30 days", "/?query=a&createdAt=2026-01-31.."),
        ("A year", "/?query=a&createdAt=2025-03-02.."),
    ]


def test_sizes_take_each_others_place() -> None:
    """Both sides have the size; other ranges stay."""
    found = made("width=512..&height=512..&size=9..")
    assert [(each.label, each.url, each.is_chosen) for each in found.sizes] == [
        ("512+", "/?size=9..", True),
        ("1024+", "/?width=1024..&height=1024..&size=9..", False),
        ("2048+", "/?width=2048..&height=2048..&size=9..", False),
        ("Sprites", "/?width=..256&height=..256&size=9..", False),
    ]


def test_outlines_are_several_shapes() -> None:
    """The API knows ratios; a reader thinks of landscape."""
    square, landscape, portrait = made("aspectRatio=1:1").outlines
    assert (square.url, square.is_chosen) == ("/", True)
    assert landscape.url == (
        "/?aspectRatio=16:10&aspectRatio=16:9&aspectRatio=21:9&aspectRatio=2:1"
        "&aspectRatio=3:2&aspectRatio=4:3&aspectRatio=5:4"
    )
    assert portrait.url.count("aspectRatio=") == landscape.url.count("aspectRatio=")


def test_a_preset_starts_on_the_first_page() -> None:
    """What is counted from another place is another list."""
    assert made("query=a&page=3").sizes[0].url == "/?query=a&width=512..&height=512.."
    chosen = made("width=512..&height=512..&page=3").sizes[0]
    assert (chosen.url, chosen.is_chosen) == ("/", True)


def test_what_is_chosen_has_a_box_whatever_it_is() -> None:
    """Else the form would lose it."""
    found = made("kind=hologram&aspectRatio=7:9&privacy=secret&collectionIds=gone&modelId=m")
    assert [
        option.value
        for group in (found.kinds, found.shapes, found.privacy, found.collections, *found.seen)
        for option in (group.options if group else ())
        if option.is_chosen
    ] == ["hologram", "7:9", "secret", "gone", "m"]


def test_a_server_that_counts_says_how_many_and_what_there_is() -> None:
    """Values that are not usual come after those that are, the most frequent first."""
    facets = {"kind": {"text": 2, "image": 9, "json": 5}, "collectionIds": {"c2": 4}}
    collections = (Named("c1", "Forts", 7), Named("c2", "Trees", 8))
    found = made(facets=facets, vocabulary=Vocabulary(collections))
    assert boxes(found.kinds) == [
        ("Image", False, 9),
        ("Video", False, None),
        ("Sound", False, None),
        ("3D", False, None),
        ("JSON", False, 5),
        ("Text", False, 2),
    ]
    assert boxes(found.collections) == [("Forts", False, None), ("Trees", False, 4)]


def test_a_server_that_does_not_count_leaves_the_counts_of_the_listing() -> None:
    """They are of the whole collection."""
    found = made(vocabulary=Vocabulary((Named("c1", "Forts", 7),)))
    assert boxes(found.collections) == [("Forts", False, 7)]


def test_models_and_authors_are_read_from_the_results() -> None:
    """The most frequent first, by name where that is known; a facet that nothing has is absent."""
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


def test_a_box_is_there_only_where_it_tells_assets_apart() -> None:
    """A value that all of them have leaves nothing out; one that only some have does."""
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


def test_without_counts_a_box_is_there_as_long_as_more_may_come() -> None:
    """The hits of one page say nothing of the next; those of the only one say all."""
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


def test_tags_are_wanted_in_three_ways() -> None:
    """Each way has the boxes of its own tags."""
    found = made("tags=b&tags=a&tags.all=c&tags.not=d", facets={"tags": {"a": 3, "d": 1}})
    assert [(group.name, group.label, boxes(group)) for group in found.tags] == [
        ("tags", "Any of", [("a", True, 3), ("b", True, None)]),
        ("tags.all", "All of", [("c", True, None)]),
        ("tags.not", "None of", [("d", True, None)]),
    ]
    assert found.tags_url == "/tags?tags=a&tags=b&tags.all=c&tags.not=d"


def test_suggestions_begin_with_what_the_results_have() -> None:
    """Then those of the listing, as it has them; not more than a page can carry."""
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
def test_a_moment_needs_a_text_input(query: str, expected: tuple[str, str, str]) -> None:
    """An input for dates would drop it."""
    bounds = made(query).date_bounds[0]
    assert (bounds.low, bounds.high, bounds.kind) == expected


def test_numbers_have_inputs_of_their_kind() -> None:
    """Pixels are whole, guidance is not."""
    found = made("width=512..1024&guidance=3.5..")
    width, _ = found.size_bounds
    guidance = next(each for each in found.other_bounds if each.name == "guidance")
    assert (width.low, width.high, width.kind, width.step) == ("512", "1024", "number", "1")
    assert (guidance.low, guidance.kind, guidance.step) == ("3.5", "number", "any")
    assert found.more_is_used


def test_a_shape_without_a_name_needs_a_few_hits() -> None:
    """The usual ones are always there; what is chosen stays to be taken back."""
    counts = {"16:9": 1, "21:9": 1, "89:82": 1, "49:48": 3, "7:5": 2}
    found = made("aspectRatio=7:5", facets={"aspectRatio": counts}).shapes
    assert [label for label, _, _ in boxes(found)] == [
        *("1:1", "16:9", "3:2", "4:3", "3:4", "2:3", "9:16"),
        *("49:48", "21:9", "7:5"),
    ]
