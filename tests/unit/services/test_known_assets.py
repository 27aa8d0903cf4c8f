"""Assets that pages have shown, by id."""

from __future__ import annotations

from app.scenario.assets import Asset
from app.services.known_assets import MAX_ASSETS, KnownAssets


def test_assets_are_found_by_id() -> None:
    """Ids that no page has shown are left out."""
    known = KnownAssets()
    first, second = Asset(id="a"), Asset(id="b")
    known.put([first, second])
    assert known.get("a") == first
    assert known.get("c") is None
    assert known.among(["b", "c"]) == {"b": second}


def test_a_later_state_replaces_the_earlier_one() -> None:
    """A page shows what the API has returned last."""
    known = KnownAssets()
    known.put([Asset(id="a", updatedAt="2026-01-01T00:00:00Z")])
    known.put([Asset(id="a", updatedAt="2026-02-01T00:00:00Z")])
    asset = known.get("a")
    assert asset is not None
    assert asset.updatedAt == "2026-02-01T00:00:00Z"


def test_those_used_least_recently_are_dropped() -> None:
    """What was read lately stays when new assets need the room."""
    known = KnownAssets()
    known.put(Asset(id=f"a{number}") for number in range(MAX_ASSETS))
    assert known.get("a0") is not None
    known.put([Asset(id="b"), Asset(id="a2")])
    assert known.get("a1") is None
    assert set(known.among(["a0", "a2", "b"])) == {"a0", "a2", "b"}
