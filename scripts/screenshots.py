"""Takes a picture of each page and state, wide and narrow, dark and light.

Starts Akin over the demo library, and once more before an API that refuses every connection. All
pictures go to `tmp/screenshots` as PNG; those named in DOCUMENTS also to `docs/screenshots`, as
WebP small enough for git.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.browser.browsing import Watch, launch
from tests.browser.server import ROOT, Server
from tests.faults import Upstream

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ALL = ROOT / "tmp" / "screenshots"
KEPT = ROOT / "docs" / "screenshots"
WIDTHS = {"wide": (1440, 900), "narrow": (390, 844)}
THEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")
DOCUMENTS = {  # what README and docs show
    "first-page-wide-dark": "first-page",
    "first-page-wide-light": "first-page-light",
    "first-page-narrow-dark": "first-page-narrow",
    "like-unlike-wide-dark": "like-unlike",
    "asset-wide-dark": "asset",
    "bad-filter-wide-dark": "bad-filter",
}
MOST_BYTES = 300_000


def pages(page: Page) -> dict[str, str]:
    """The address of each page and state, for the library that is served."""

    def found(words: str) -> list[str]:
        answer: dict[str, Any] = page.request.get("/search.json", params={"query": words}).json()
        return [hit["id"] for hit in answer["hits"]]

    trees, coins, many = found("tree"), found("gem"), found("")
    character = found("person")[0]
    return {
        "first-page": "/",
        "words": "/?query=robot",
        "meaning": "/?query=treasure&querySemanticRatio=1",
        "like-unlike": f"/?like={trees[0]}&like={trees[2]}&unlike={coins[0]}",
        "filtered": "/?kind=audio&query=jump",
        "asset": f"/assets/{character}?like={character}",
        "likes-full": "/?" + "&".join(f"like={each}" for each in [*trees, *coins, *many][:20]),
        "sounds": "/?kind=audio",
        "stacks": "/?query=tree&stacks=on",
        "asset-sound": f"/assets/{found('jump')[0]}",
        "selection": "/selection?" + "&".join(f"id={each}" for each in [*trees, *coins][:5]),
        "compare": f"/compare?a={trees[0]}&b={trees[1]}",
        "compare-slider": f"/compare?a={trees[0]}&b={trees[1]}&view=slider",
        "code": "/code?query=tree",
        "ends-words": "/ends/words?query=tree",
        "ends-likeness": f"/ends/likeness?like={trees[0]}",
        "why": f"/why/{trees[0]}?query=tree&like={trees[1]}",
        "wander": f"/wander/{trees[0]}?trail={coins[0]}",
        "part": f"/assets/{character}/part",
        "tags": "/tags",
        "crowded": f"/?query=green&like={trees[0]}&unlike={coins[0]}&density=small&hitsPerPage=100",
        "nowhere": "/nowhere",
        "nothing-found": "/?query=castle&kind=3d&filter=width+%3E+100",
        "nothing-in-words": "/?query=castle",
        "bad-filter": "/?filter=kind+%3D+image+AND+colour+%3D+red",
        "unknown-asset": "/assets/asset_nothing",
    }


def take(browser: Browser, server: Server, names: dict[str, str] | None) -> None:
    """Photograph the named addresses; `pages` of the library where none are given."""
    for width, (w, h) in WIDTHS.items():
        for theme in THEMES:
            watch = Watch(browser, server.url)
            page = watch.page(
                viewport={"width": w, "height": h},
                color_scheme=theme,
                reduced_motion="reduce",
                device_scale_factor=1 if width == "wide" else 2,
                has_touch=width == "narrow",
                is_mobile=width == "narrow",
            )
            for name, address in (names or pages(page)).items():
                page.goto(address)
                page.wait_for_load_state("networkidle")
                page.screenshot(path=ALL / f"{name}-{width}-{theme}.png")
                page.screenshot(path=ALL / f"{name}-{width}-{theme}-whole.png", full_page=True)
            watch.close()
            print(f"{width}, {theme}: done")


def keep() -> None:
    """Put the pictures of the documents into git's part. Raises ValueError for one too large."""
    KEPT.mkdir(parents=True, exist_ok=True)
    for name, kept in DOCUMENTS.items():
        file = KEPT / f"{kept}.webp"
        with Image.open(ALL / f"{name}.png") as picture:
            picture.save(file, quality=80, method=6)
        if file.stat().st_size > MOST_BYTES:
            raise ValueError(f"{file} has {file.stat().st_size} bytes")


def main() -> int:
    """Take them all."""
    ALL.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as empty, sync_playwright() as playwright:
        browser = launch(playwright)
        with Server(ROOT / "instance", {}) as server:
            take(browser, server, None)
        with Upstream() as upstream:
            upstream.always("refused")
            key = {"SCENARIO_SDK_API_KEY": "key", "SCENARIO_SDK_API_SECRET": "secret"}
            with Server(Path(empty), key | {"SCENARIO_BASE_URL": upstream.url}) as server:
                take(browser, server, {"api-down": "/?query=castle"})
        browser.close()
    keep()
    return 0


if __name__ == "__main__":
    sys.exit(main())
