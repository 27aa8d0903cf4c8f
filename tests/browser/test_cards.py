"""Controls of a card are within it, complete, and large enough to press."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.browser import Watch

# WCAG 2.2's least target. A card that has the focus shows what it shows under a pointer.
OUTSIDE_OR_SMALL = """cards => cards.flatMap(card => {
    const whole = card.getBoundingClientRect();
    return [...card.querySelectorAll(".card-actions > *")].map(each => each.getBoundingClientRect())
        .filter(it => it.width < 24 || it.height < 24 || it.left < whole.left || it.top < whole.top
            || it.right > whole.right || it.bottom > whole.bottom)
        .map(it => [card.dataset.assetId, whole.width, whole.height, it.width, it.height]);
})"""


@pytest.mark.parametrize("touch", [False, True], ids=["pointer", "finger"])
@pytest.mark.parametrize("density", ["small", "medium", "large"])
def test_every_control_lies_on_its_card(watch: Watch, density: str, touch: bool) -> None:
    """Also with narrow pictures and the smallest cards."""
    page = watch.page(has_touch=touch, is_mobile=touch, viewport={"width": 412, "height": 900})
    page.goto(f"/?query=castle&kind=image&density={density}")
    cards = page.locator(".grid .card")
    assert cards.count() > 5
    assert cards.evaluate_all(OUTSIDE_OR_SMALL) == []


COVERED = """([card, bar]) => {
    const [a, b] = [card, bar].map(each => each.getBoundingClientRect());
    return a.bottom > b.top && a.top < b.bottom;
}"""


def test_the_bar_of_a_selection_lies_over_nothing_that_has_the_focus(watch: Watch) -> None:
    """Down the page with Tab, as its reader goes who has no pointer."""
    page = watch.page(viewport={"width": 360, "height": 640})
    page.goto("/?kind=image")
    page.locator("input.pick").first.check(force=True)
    bar = page.locator(".selection")
    for button in page.locator(".card .card-actions button").all():
        button.focus()
        assert not page.evaluate(COVERED, [button.element_handle(), bar.element_handle()])
