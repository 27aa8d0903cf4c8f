"""Short texts about an asset: alternative text, size or duration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.query import describe

if TYPE_CHECKING:
    from app.scenario.assets import Asset


def alt_text(asset: Asset) -> str:
    """Return the alternative text of an image: description, prompt or name, at most one line."""
    text = asset.description or asset.metadata.prompt or asset.name
    text = " ".join(text.split())
    return text if len(text) <= 160 else text[:160].rsplit(" ", 1)[0] + "…"


def short_facts(asset: Asset) -> str:
    """Return size in pixels, or duration, or bytes: the first that is known."""
    if pixels := asset.pixels:
        return pixels
    duration = asset.properties.get("duration")
    if isinstance(duration, int | float) and not isinstance(duration, bool) and duration >= 0:
        return f"{int(duration // 60)}:{int(duration % 60):02d}"
    return describe.file_size(size) if (size := asset.bytes) else ""
