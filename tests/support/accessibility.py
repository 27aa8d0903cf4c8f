"""Accessibility checks of pages with axe-core, in both themes and two widths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.browser import Watch

WIDTHS = {"wide": (1440, 900), "narrow": (320, 640)}  # narrow: a small phone, or a desk at 400 %
MORE_RULES = ("target-size", "label-content-name-mismatch")  # not among axe's own by default
axe = Axe()


def open_page(watch: Watch, look: str) -> Page:
    """Return a page of that theme and width, without animations, so that colours are final."""
    theme, width = look.split("-")
    w, h = WIDTHS[width]
    return watch.page(
        viewport={"width": w, "height": h},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        has_touch=width == "narrow",
    )


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
    context = None
    if over:
        page.evaluate(_MARK_COVERED, over)
        context = {"exclude": [["[data-covered]"]]}
    options = {"rules": {rule: {"enabled": True} for rule in MORE_RULES}}
    found = axe.run(page, context=context, options=options).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:160]} | {' '.join(node['failureSummary'].split())[:300]}"
        for rule in found
        for node in rule["nodes"][:4]
    ]


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))
