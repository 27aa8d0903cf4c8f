"""Assets that pages have shown, by id."""

from __future__ import annotations

from app.scenario.assets import Asset
from app.services.known_assets import KnownAssets


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
