"""Wandering: the doors of a picture are near, not nearest, and never lead back."""

from __future__ import annotations

from app.insight.wander import DOORS, MOST_TRAIL, NEAREST, doors, followed
from tests.unit.gallery import asset, ids

NEIGHBOURS = tuple(asset(f"n{at:02d}") for at in range(40))


def test_doors_are_near_and_not_the_nearest() -> None:
    """One from each band further out, nearer ones first."""
    found = ids(doors(NEIGHBOURS, ("asset_here",)))
    assert len(found) == DOORS
    assert found == sorted(found)
    assert not {f"n{at:02d}" for at in range(NEAREST)} & set(found)
    bands = [(int(name[1:]) - NEAREST) * DOORS // (40 - NEAREST) for name in found]
    assert bands == list(range(DOORS))


def test_the_same_trail_has_the_same_doors_and_another_one_others() -> None:
    """A link shows what was seen; coming another way shows something new."""
    first = doors(NEIGHBOURS, ("asset_a", "asset_here"))
    assert doors(NEIGHBOURS, ("asset_a", "asset_here")) == first
    assert doors(NEIGHBOURS, ("asset_b", "asset_here")) != first


def test_no_door_leads_back() -> None:
    """Neither to the picture itself nor to any on the way."""
    trail = tuple(each.id for each in NEIGHBOURS[10:39])
    assert not {each.id for each in doors(NEIGHBOURS, trail)} & set(trail)


def test_variants_are_one_neighbour() -> None:
    """Results of one job would all be the nearest."""
    hits = [asset(f"v{at}", job="j") for at in range(30)] + [asset("other")]
    assert ids(doors(hits, ("asset_here",))) == ["v0", "other"]


def test_a_small_library_shows_what_it_has() -> None:
    """Near ones are better than none; none are better than an error."""
    assert ids(doors(NEIGHBOURS[:3], ())) == ["n00", "n01", "n02"]
    assert ids(doors(NEIGHBOURS[: DOORS + 1], ())) == [f"n{at:02d}" for at in range(1, DOORS + 1)]
    assert doors((), ("asset_here",)) == ()


def test_a_trail_forgets_its_beginning() -> None:
    """A link has an end."""
    trail = tuple(f"asset_{at}" for at in range(MOST_TRAIL))
    assert followed((), "asset_x") == ("asset_x",)
    assert followed(trail, "asset_x") == (*trail[1:], "asset_x")
