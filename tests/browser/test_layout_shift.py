"""Nothing moves unless the person moved it: no layout shift while a page loads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.browser import Watch

RECORD = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries())
    for (const source of entry.sources ?? [])
      window.shifts.push(`${entry.value.toFixed(4)} ${source.node?.outerHTML?.slice(0, 80)}`);
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.mark.parametrize("size", [(1440, 900), (1024, 700), (412, 823), (360, 740)])
@pytest.mark.parametrize("address", ["/", "/?query=castle", "/?hitsPerPage=100", "/nowhere"])
def test_nothing_moves_while_a_page_loads(
    watch: Watch, size: tuple[int, int], address: str
) -> None:
    """Every box is reserved, and what scripts add takes no room from what is there."""
    watch.allow("404")
    page = watch.page(viewport={"width": size[0], "height": size[1]})
    page.add_init_script(RECORD)
    page.goto(address)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.shifts") == []


@pytest.mark.parametrize("size", [(1440, 900), (360, 740)])
def test_nothing_moves_while_an_asset_loads(watch: Watch, size: tuple[int, int]) -> None:
    """Nor for the buttons that copy its facts."""
    page = watch.page(viewport={"width": size[0], "height": size[1]})
    found = page.request.get("/search.json?kind=image").json()["hits"]
    page.add_init_script(RECORD)
    page.goto(f"/assets/{found[0]['id']}")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.shifts") == []


@pytest.mark.parametrize(("address", "most"), [("/", 160), ("/?query=castle", 200)])
def test_a_phone_begins_with_the_pictures(watch: Watch, address: str, most: int) -> None:
    """Pixels above the first one: the bar, one line of tools, one of what steers."""
    page = watch.page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.goto(address)
    assert page.locator(".grid").first.first.bounding_box()["y"] <= most  # type: ignore[index]
