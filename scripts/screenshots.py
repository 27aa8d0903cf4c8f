"""Screenshots of each page and state, wide and narrow, dark and light.

Starts Akin with the demo library, and again with an API that refuses every connection. All pictures
go to `tmp/screenshots` as PNG; those named in DOCUMENTS also to `docs/screenshots`, as WebP small
enough for git.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode, urlsplit

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.faults import Upstream
from tests.support.browser import Watch, launch
from tests.support.server import ROOT, Server

if TYPE_CHECKING:
    from playwright.sync_api import APIResponse, Browser, Page

ALL = ROOT / "tmp" / "screenshots"
DOCUMENT_PICTURES = ROOT / "docs" / "screenshots"
WIDTHS = {"wide": (1440, 900), "narrow": (390, 844)}
THEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")
DOCUMENTS = {  # what README and docs show
    "first-page-wide-dark": "first-page",
    "first-page-wide-light": "first-page-light",
    "first-page-narrow-dark": "first-page-narrow",
    "like-unlike-wide-dark": "like-unlike",
    "asset-wide-dark": "asset",
    "bad-filter-wide-dark": "bad-filter",
    "team-searches-wide-dark": "team-searches",
    "frozen-narrow-light": "frozen-search",
    "provenance-wide-light": "provenance",
    "review-asset-narrow-light": "review-narrow",
    "review-result-wide-dark": "review-result",
    "decisions-wide-dark": "decisions",
    "decisions-narrow-light": "decisions-narrow",
}
KEYS = {"decisions": ("b", ".side-panel")}  # a key that is pressed first, and what it shows
MAX_BYTES = 300_000


def pages(page: Page) -> dict[str, str]:
    """Return the address of each page and state of the library that is served."""

    def ids_of(words: str) -> list[str]:
        result: dict[str, Any] = page.request.get("/search.json", params={"query": words}).json()
        return [hit["id"] for hit in result["hits"]]

    def post(path: str, form: dict[str, Any]) -> APIResponse:
        return page.request.post(path, form=form, headers={"Sec-Fetch-Site": "same-origin"})

    trees, coins, many = ids_of("tree"), ids_of("gem"), ids_of("")
    character = ids_of("person")[0]
    for name, search in (
        ("Robots", "query=robot"),
        ("Sounds of the menu", "query=click&kind=audio"),
    ):
        post("/searches", form={"name": name, "search": search})
    for each, action in zip(ids_of("robot"), ("rate:4", "rate:5", "label:pick"), strict=False):
        post("/edit", form={"id": each, "action": action})
    stored = post("/selections/all", form={"query": "robot"}).url
    post("/edit", form={"selection": stored.rpartition("/")[2], "edit.tag": "for the trailer"})
    frozen: dict[str, Any] = {"name": "Robots for the trailer", "search": "query=robot"}
    frozen_url = post("/frozen", form=frozen).url
    review = review_of(page, [*ids_of("robot")[:4], *trees[:4], *coins[:4]])
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
        "asset-sound": f"/assets/{ids_of('jump')[0]}",
        "selection": "/selection?" + "&".join(f"id={each}" for each in [*trees, *coins][:5]),
        "stored-selection": stored,
        "changes": "/changes",
        "compare": f"/compare?a={trees[0]}&b={trees[1]}",
        "compare-slider": f"/compare?a={trees[0]}&b={trees[1]}&view=slider",
        "code": "/code?query=tree",
        "ends-words": "/ends/words?query=tree",
        "ends-likeness": f"/ends/likeness?like={trees[0]}",
        "why": f"/why/{trees[0]}?query=tree&like={trees[1]}",
        "wander": f"/wander/{trees[0]}?trail={coins[0]}",
        "part": f"/assets/{character}/part",
        "tags": "/tags",
        "team-searches": "/searches",
        "decisions": "/?query=robot",
        "frozen": urlsplit(frozen_url).path,
        "provenance": "/provenance?query=robot",
        "reviews": "/reviews",
        "new-review": "/reviews/new?query=robot",
        "review": review,
        "review-asset": f"{review}/4",
        "review-result": f"{review}/result",
        "lineage": f"/assets/{character}/lineage",
        "crowded": f"/?query=green&like={trees[0]}&unlike={coins[0]}&density=small&hitsPerPage=100",
        "nowhere": "/nowhere",
        "nothing-found": "/?query=castle&kind=3d&filter=width+%3E+100",
        "nothing-in-words": "/?query=castle",
        "bad-filter": "/?filter=kind+%3D+image+AND+colour+%3D+red",
        "unknown-asset": "/assets/asset_nothing",
    }


def review_of(page: Page, ids: list[str]) -> str:
    """Return the path of a review of these assets, which has some answers."""
    # What a browser says of a form of a page; the cookie of a guest requires it.
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
    question = "Which of these fits the yard of the factory?"
    form = urlencode({"id": ids, "question": question, "name": "Ada", "invited": "Bo"}, doseq=True)
    path = urlsplit(page.request.post("/reviews", data=form, headers=headers).url).path
    comments = {1: "The best silhouette", 3: "Too bright for the night"}
    for place, verdict in enumerate(("yes", "yes", "no", "maybe", "yes", "no"), 1):
        fields = {"verdict": verdict, "comment": comments.get(place, "")}
        page.request.post(f"{path}/{place}", data=urlencode(fields), headers=headers)
    return path


def take(browser: Browser, server: Server, names: dict[str, str] | None) -> None:
    """Save pictures of the named addresses, or of `pages` of the library where None."""
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
                if name in KEYS:
                    key, selector = KEYS[name]
                    page.keyboard.press(key)
                    page.locator(selector).wait_for()
                page.screenshot(path=ALL / f"{name}-{width}-{theme}.png")
                page.screenshot(path=ALL / f"{name}-{width}-{theme}-whole.png", full_page=True)
            watch.close()
            print(f"{width}, {theme}: done")


def export() -> None:
    """Write the pictures of the documents to docs. Raises ValueError for one too large."""
    DOCUMENT_PICTURES.mkdir(parents=True, exist_ok=True)
    for name, document in DOCUMENTS.items():
        file = DOCUMENT_PICTURES / f"{document}.webp"
        with Image.open(ALL / f"{name}.png") as picture:
            picture.save(file, quality=80, method=6)
        if file.stat().st_size > MAX_BYTES:
            raise ValueError(f"{file} has {file.stat().st_size} bytes")


def main() -> int:
    """Save all pictures."""
    ALL.mkdir(parents=True, exist_ok=True)
    data = ROOT / "instance"
    data.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as empty, sync_playwright() as playwright:
        browser = launch(playwright)
        with Server(data, {}) as server:
            take(browser, server, None)
        with Upstream() as upstream:
            upstream.always("refused")
            key = {"SCENARIO_SDK_API_KEY": "key", "SCENARIO_SDK_API_SECRET": "secret"}
            with Server(Path(empty), key | {"SCENARIO_BASE_URL": upstream.url}) as server:
                take(browser, server, {"api-down": "/?query=castle"})
        browser.close()
    export()
    return 0


if __name__ == "__main__":
    sys.exit(main())
