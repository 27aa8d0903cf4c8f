"""Accessibility checks of pages with axe-core, in both themes and two widths."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from axe_playwright_python.base import AXE_SCRIPT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.support.browser import Watch

WIDTHS = {"wide": (1440, 900), "narrow": (320, 640)}  # narrow: a small phone, or a desk at 400 %
MORE_RULES = ("target-size", "label-content-name-mismatch")  # not among axe's own by default


def open_page(watch: Watch, look: str = "dark-wide") -> Page:
    """Return a page of that theme and width, without animations, so that colours are final."""
    theme, width = look.split("-")
    w, h = WIDTHS[width]
    return watch.page(
        viewport={"width": w, "height": h},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        has_touch=width == "narrow",
    )


@contextmanager
def shown_as(page: Page, look: str) -> Iterator[None]:
    """Give an open page another theme, width and pointer; afterwards it has its own width again.

    Touch is emulated while the session with the browser lasts. What was touched hovers again after
    the next address only, so begin with the looks of a mouse.
    """
    theme, width = look.split("-")
    w, h = WIDTHS[width]
    before = page.viewport_size
    page.set_viewport_size({"width": w, "height": h})
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    session = page.context.new_cdp_session(page)
    if width == "narrow":
        touched = {"enabled": True, "maxTouchPoints": 1}
        session.send("Emulation.setTouchEmulationEnabled", touched)
    try:
        yield
    finally:
        session.detach()
        if before:
            page.set_viewport_size(before)


_MARK_COVERED = """(selector) => {
    const above = [...document.querySelectorAll(selector)];
    const boxes = above.map((each) => each.getBoundingClientRect());
    for (const card of document.querySelectorAll("article[data-asset-id]")) {
        const box = card.getBoundingClientRect();
        const isCovered = boxes.some(({ left, right, top, bottom, width }) =>
            width && left < box.right && right > box.left && top < box.bottom && bottom > box.top);
        card.toggleAttribute("data-covered", isCovered);
    }
}"""


def violations(page: Page, *, over: str = "") -> list[str]:
    """Return the findings of axe-core: a line for each rule and element, with the reason.

    `over` is the selector of what lies over the page: cards below it are not checked, as which part
    of them is covered is by chance.
    """
    page.wait_for_load_state("networkidle")
    context = {"include": [["html"]], "exclude": [["[data-covered]"]] if over else []}
    if over:
        page.evaluate(_MARK_COVERED, over)
    options = {
        "resultTypes": ["violations"],
        "rules": {rule: {"enabled": True} for rule in MORE_RULES},
    }
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE_SCRIPT)
    # The violations alone: to bring all results into Python takes longer than to find them.
    found = page.evaluate(
        "([context, options]) => axe.run(context, options).then(({ violations }) => violations)",
        [context, options],
    )
    return [
        f"{rule['id']}: {node['html'][:160]} | {' '.join(node['failureSummary'].split())[:300]}"
        for rule in found
        for node in rule["nodes"][:4]
    ]


def problems(page: Page, *looks: str, over: str = "") -> list[str]:
    """Return what is wrong with an open page in `looks`, one after the other: findings, width.

    Without `looks`: as `open_page` has opened it, and light and narrow.
    """
    found = []
    for look in looks or ("dark-wide", "light-narrow"):
        with shown_as(page, look):
            found += [f"{look}: {each}" for each in violations(page, over=over)]
            if (wider := overflow(page)) > 0:
                found.append(f"{look}: {wider} px wider than its window")
    return found


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))
