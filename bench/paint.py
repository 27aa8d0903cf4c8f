"""Web vitals in Chromium: largest paint, layout shift and interaction delays.

    python -m bench.paint [--slow 4] [--runs 5] [--url http://127.0.0.1:8000]

Three figures per page: LCP (ms until the largest picture is painted), CLS (how far elements moved)
and, for each action, the interaction delay as Event Timing measures it: ms from the key or the
click to the next frame. Of quick look, ms from the key to the frame with its picture, as Element
Timing measures it. Medians of the runs, each in a browser with an empty cache; the slowest in
brackets. `--slow 4` slows the processor down as Lighthouse does for a phone. Without --url the demo
library is served as `make run` serves it. Elapsed time includes the machine's other work: the load
is printed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

from tests.support.browser import launch
from tests.support.server import ROOT, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playwright.sync_api import Browser, Page

RECORD = """
window.seen = { lcp: 0, cls: 0, delays: [], pressed: 0, look: 0 };
const watch = (type, each, more) =>
  new PerformanceObserver((list) => list.getEntries().forEach(each))
    .observe({ type, buffered: true, ...more });
watch("largest-contentful-paint", (entry) => (seen.lcp = entry.startTime));
watch("layout-shift", (entry) => { if (!entry.hadRecentInput) seen.cls += entry.value; });
const delay = (entry) => entry.interactionId && seen.delays.push(entry.duration);
watch("event", delay, { durationThreshold: 16 });
const press = (event) => Object.assign(seen, { pressed: event.timeStamp, look: 0 });
addEventListener("keydown", press, true);
const time = () => {
  const image = document.querySelector(".quick-look .stage img");
  if (image) image.elementTiming = "look";
};
new MutationObserver(time).observe(document, { childList: true, subtree: true });
watch("element", (entry) => (seen.look ||= entry.startTime - seen.pressed));
"""
# Pages allow no `eval`, which Playwright's own way to wait for a value needs.
LOOK = """
() => new Promise((resolve) => {
  const wait = () => {
    if (seen.look || performance.now() - seen.pressed > 20_000) resolve(seen.look || 20_000);
    else setTimeout(wait, 20);
  };
  wait();
})
"""
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}
DESK: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
SETTLED_MS = 600  # after each action: the frame and the swap that follows


def _card(page: Page) -> Any:
    return page.locator(".grid .card").nth(3)


def _like(page: Page) -> None:
    _card(page).hover()
    _card(page).get_by_role("button", name="More like this").click()


def _unlike(page: Page) -> None:
    _card(page).hover()
    _card(page).get_by_role("button", name="Less like this").click()


def _key(*keys: str) -> Callable[[Page], None]:
    def press(page: Page) -> None:
        for key in keys:
            page.keyboard.press(key)

    return press


def _next(page: Page) -> None:
    page.locator('.pagination a[rel="next"]').click()


def _select(page: Page) -> None:
    _card(page).hover()
    _card(page).locator(".pick").click()


def _filters(page: Page) -> None:
    page.locator("#filters > summary").click()


def _type(page: Page) -> None:
    page.locator('.query-field input[name="query"]').fill("tre")
    page.keyboard.press("e")


ACTIONS: dict[str, Callable[[Page], None]] = {
    "like": _like,
    "unlike": _unlike,
    "next page": _next,
    "arrow keys": _key("ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft"),
    "like by key": _key("ArrowRight", "l"),
    "select": _select,
    "open filters": _filters,
    "type a letter": _type,
}


def vitals(browser: Browser, url: str, device: dict[str, Any], slow: float) -> tuple[float, float]:
    """Return LCP in ms and CLS of one page, loaded with an empty cache."""
    context = browser.new_context(**device)
    page = _watched(context.new_page(), slow)
    page.goto(url)
    page.wait_for_load_state("networkidle")
    seen = page.evaluate("seen")
    context.close()
    return seen["lcp"], seen["cls"]


def delay(browser: Browser, url: str, action: Callable[[Page], None], slow: float) -> float:
    """Return ms of the slowest interaction of an action; 16 where none took longer."""
    context = browser.new_context(**DESK)
    page = _watched(context.new_page(), slow)
    page.goto(url)
    page.wait_for_load_state("networkidle")
    action(page)
    page.wait_for_timeout(SETTLED_MS * max(1.0, slow / 2))
    delays: list[float] = page.evaluate("seen.delays")
    context.close()
    return max(delays, default=16.0)


def looks(browser: Browser, url: str, slow: float) -> tuple[float, float]:
    """Return ms from Space to the frame with the picture in quick look, and from the next arrow."""
    context = browser.new_context(**DESK)
    page = _watched(context.new_page(), slow)
    page.goto(url)
    page.wait_for_load_state("networkidle")
    page.keyboard.press("ArrowRight")
    times: list[float] = []
    for key in (" ", "ArrowRight"):
        page.keyboard.press(key)
        times.append(page.evaluate(LOOK))
    context.close()
    return times[0], times[1]


def _watched(page: Page, slow: float) -> Page:
    page.add_init_script(RECORD)
    if slow > 1:
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slow})
    return page


def _cell(values: Sequence[float], digits: int = 0) -> str:
    return f"{statistics.median(values):.{digits}f} ({max(values):.{digits}f})"


def main() -> int:
    """Print a table of the pages and one of the actions."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--slow", type=float, default=1)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--url", default="")
    parser.add_argument("--data", type=Path, default=ROOT / "instance")
    options = parser.parse_args()
    with ExitStack() as stack:
        url = options.url or stack.enter_context(Server(options.data, {})).url
        browser = launch(stack.enter_context(sync_playwright()))
        stack.callback(browser.close)
        request = browser.new_context().request
        hits = request.get(f"{url}/search.json?query=tree&kind=image").json()["hits"]
        first = hits[0]["id"]
        pages = {
            "the newest": "/",
            "a search": "/?query=green&querySemanticRatio=0.5",
            "likes": f"/?like={first}",
            "an asset": f"/assets/{first}?query=tree",
        }
        print("| page | desk: LCP ms | CLS | phone: LCP ms | CLS |")
        print("| --- | ---: | ---: | ---: | ---: |")
        for name, path in pages.items():
            cells = [name]
            for device in (DESK, PHONE):
                runs = [
                    vitals(browser, url + path, device, options.slow) for _ in range(options.runs)
                ]
                cells += [_cell([lcp for lcp, _ in runs]), _cell([cls for _, cls in runs], 3)]
            print("| " + " | ".join(cells) + " |", flush=True)
        print("\n| action on the first page | delay ms |")
        print("| --- | ---: |")
        for name, action in ACTIONS.items():
            delays = [delay(browser, url + "/", action, options.slow) for _ in range(options.runs)]
            print(f"| {name} | {_cell(delays)} |", flush=True)
        shown = [looks(browser, url + "/", options.slow) for _ in range(options.runs)]
        print("\n| quick look | ms until its picture is painted |")
        print("| --- | ---: |")
        for name, times in zip(("Space", "arrow key"), zip(*shown, strict=True), strict=True):
            print(f"| {name} | {_cell(times)} |", flush=True)
    print(f"\nThe processor {options.slow:g} times slower; load {os.getloadavg()[0]:.1f}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
