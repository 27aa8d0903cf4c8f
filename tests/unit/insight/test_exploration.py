"""Exploration: suggestions are similar, not the most similar, and never lead back."""

from __future__ import annotations

from app.insight.exploration import MOST_TRAIL, SUGGESTIONS, TOO_SIMILAR, extended, suggestions
from tests.support.assets import asset, ids

NEIGHBOURS = tuple(asset(f"n{at:02d}") for at in range(40))


def test_suggestions_come_from_bands_below_the_most_similar() -> None:
    """One from each band, in the order of the ranking."""
    names = ids(suggestions(NEIGHBOURS, ("asset_here",)))
    assert len(names) == SUGGESTIONS
    assert names == sorted(names)
    assert not {f"n{at:02d}" for at in range(TOO_SIMILAR)} & set(names)
    bands = [(int(name[1:]) - TOO_SIMILAR) * SUGGESTIONS // (40 - TOO_SIMILAR) for name in names]
    assert bands == list(range(SUGGESTIONS))


def test_the_same_trail_has_the_same_suggestions_and_another_one_others() -> None:
    """A shared link shows the same page; another trail shows other pictures."""
    first = suggestions(NEIGHBOURS, ("asset_a", "asset_here"))
    assert suggestions(NEIGHBOURS, ("asset_a", "asset_here")) == first
    assert suggestions(NEIGHBOURS, ("asset_b", "asset_here")) != first


def test_no_suggestion_leads_back() -> None:
    """Neither to the picture itself nor to one of the trail."""
    trail = tuple(each.id for each in NEIGHBOURS[10:39])
    assert not {each.id for each in suggestions(NEIGHBOURS, trail)} & set(trail)


def test_variants_count_as_one_neighbour() -> None:
    """The results of one job would fill all places."""
    hits = [asset(f"v{at}", job="j") for at in range(30)] + [asset("other")]
    assert ids(suggestions(hits, ("asset_here",))) == ["v0", "other"]


def test_a_small_library_suggests_the_neighbours_it_has() -> None:
    """Even very similar ones, or none."""
    assert ids(suggestions(NEIGHBOURS[:3], ())) == ["n00", "n01", "n02"]
    assert ids(suggestions(NEIGHBOURS[: SUGGESTIONS + 1], ())) == [
        f"n{at:02d}" for at in range(1, SUGGESTIONS + 1)
    ]
    assert suggestions((), ("asset_here",)) == ()


def test_a_trail_is_limited() -> None:
    """The oldest pictures are dropped."""
    trail = tuple(f"asset_{at}" for at in range(MOST_TRAIL))
    assert extended((), "asset_x") == ("asset_x",)
    assert extended(trail, "asset_x") == (*trail[1:], "asset_x")
