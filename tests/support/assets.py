"""Assets with texts, for tests of their descriptions."""

from __future__ import annotations

from app.scenario.assets import Asset, Metadata


def asset(
    name: str,
    *,
    prompt: str | None = None,
    tags: str = "",
    job: str | None = None,
    description: str | None = None,
    seed: str | int | None = None,
) -> Asset:
    """An asset whose id is `asset_` and its name; `tags` are separated by blanks."""
    return Asset(
        id=f"asset_{name}",
        tags=tuple(tags.split()),
        description=description,
        metadata=Metadata(name=name, prompt=prompt, parentJobId=job, seed=seed),
    )


def ids(assets: tuple[Asset, ...]) -> list[str]:
    """Their names, in order."""
    return [each.id.removeprefix("asset_") for each in assets]
