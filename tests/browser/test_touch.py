"""Fingers on the large picture: swipe, pinch, double tap; and what stays with the browser."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.browser import eventually
from tests.support.touch import Fingers, middle

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.support.browser import Watch

PHONE = {"has_touch": True, "is_mobile": True, "viewport": {"width": 390, "height": 844}}
SEARCH = "kind=image&sortBy=height%3Adesc"  # tall pictures first: room for fingers


@pytest.fixture(params=["no-preference", "reduce"])
def page(request: pytest.FixtureRequest, watch: Watch) -> Page:
    return watch.page(**PHONE, reduced_motion=request.param)


def scale_of(zoom: Locator) -> float:
    """Return how much larger than the whole a picture is shown."""
    picture = zoom.locator("img")
    return float(picture.evaluate("each => each.getBoundingClientRect().width / each.offsetWidth"))


def is_scaled(zoom: Locator, scale: float) -> bool:
    return abs(scale_of(zoom) - scale) < 0.2


def left_of(element: Locator) -> float:
    box = element.bounding_box()
    assert box is not None
    return box["x"]


def large_picture(page: Page, position: int) -> Locator:
    """Return the large picture of an asset by its position, once it follows fingers."""
    expect(page.locator(".position")).to_contain_text(f"{position} of")
    zoom = page.locator("zoom-image[role=button]")
    expect(zoom).to_be_visible()
    return zoom


def open_second(page: Page) -> tuple[Locator, str]:
    """Open the page of the second asset of a search; return its picture and its address."""
    page.goto(f"/?{SEARCH}")
    page.goto(str(page.locator(".grid .picture").nth(1).get_attribute("href")))
    return large_picture(page, 2), page.url


def test_a_swipe_leads_to_the_next_and_the_previous_asset(page: Page) -> None:
    """As the arrow keys do; at the end of the search the picture returns to its place."""
    zoom, second = open_second(page)
    fingers = Fingers(page)
    x, y = middle(zoom)
    left, right = (x - 80, y), (x + 80, y + 10)
    fingers.swipe(right, left)
    page.wait_for_url(lambda url: url != second)
    large_picture(page, 3)
    fingers.swipe(left, right)
    page.wait_for_url(second)
    large_picture(page, 2)
    fingers.swipe(left, right)
    page.wait_for_url(lambda url: url != second)
    first = large_picture(page, 1)
    address = page.url
    fingers.swipe(left, right)  # nothing is before it
    eventually(page, lambda: first.evaluate("each => each.style.translate") == "")
    assert page.url == address


def test_what_is_no_swipe_across_is_the_browser_s(page: Page) -> None:
    """Up scrolls the page; from the side of the window is the way back."""
    zoom, second = open_second(page)
    fingers = Fingers(page)
    x, y = middle(zoom)
    fingers.swipe((x, y + 100), (x + 20, y - 100))
    eventually(page, "scrollY > 20")
    page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    for start, end in ((20, 200), (370, 190)):  # on the picture, and near the sides
        fingers.swipe((start, y), (end, y))
    fingers.tap((x, y))
    expect(zoom).to_have_attribute("aria-pressed", "false")  # one tap changes nothing
    assert page.url == second


def test_a_pinch_zooms_at_the_fingers_and_one_finger_moves(page: Page) -> None:
    """What is zoomed is moved and not left; together again it is whole."""
    zoom, second = open_second(page)
    fingers = Fingers(page)
    x, y = middle(zoom)
    picture = zoom.locator("img")
    whole = picture.bounding_box()
    assert whole is not None
    at = (x - 40, y)
    fingers.pinch(at, 60, 180)
    eventually(page, partial(is_scaled, zoom, 3))
    expect(zoom).to_have_attribute("aria-pressed", "true")
    box = picture.bounding_box()
    assert box is not None
    # The point between the fingers is where it was.
    before = (at[0] - whole["x"]) / whole["width"]
    assert abs((at[0] - box["x"]) / box["width"] - before) < 0.03
    left = box["x"]
    fingers.swipe((x, y), (x - 60, y - 20))
    eventually(page, lambda: abs(left_of(picture) - left + 60) < 4)
    assert page.url == second
    assert page.evaluate("scrollY") == 0
    fingers.pinch((x, y), 200, 40)
    expect(zoom).to_have_attribute("aria-pressed", "false")
    assert page.evaluate("visualViewport.scale") == 1  # the page itself is not zoomed


def test_a_double_tap_zooms_in_and_out(page: Page) -> None:
    zoom, _ = open_second(page)
    fingers = Fingers(page)
    for pressed in ("true", "false"):
        for _tap in range(2):
            fingers.tap(middle(zoom))
        expect(zoom).to_have_attribute("aria-pressed", pressed)


def test_quick_look(page: Page) -> None:
    """A swipe moves on, also over a video; a zoomed picture stays."""
    page.goto(f"/?{SEARCH}")
    cards = page.locator(".grid .card")
    names = [card.locator(".caption .name").text_content() or "" for card in cards.all()[:3]]
    cards.nth(1).locator(".picture").focus()
    page.keyboard.press("Space")
    look = page.locator(".quick-look:popover-open")
    expect(look.locator("zoom-image[role=button]")).to_be_visible()
    fingers = Fingers(page)
    x, y = middle(look.locator(".stage"))
    fingers.swipe((x + 80, y), (x - 80, y))
    expect(look.locator(".name")).to_have_text(names[2])
    expect(look.locator("zoom-image[role=button]")).to_be_visible()
    fingers.swipe((x - 80, y), (x + 80, y))
    expect(look.locator(".name")).to_have_text(names[1])
    zoom = look.locator("zoom-image[role=button]")
    fingers.pinch((x, y), 60, 180)
    expect(zoom).to_have_attribute("aria-pressed", "true")
    fingers.swipe((x + 40, y), (x - 40, y))
    expect(look.locator(".name")).to_have_text(names[1])
    fingers.pinch((x, y), 200, 40)
    expect(zoom).to_have_attribute("aria-pressed", "false")


def test_a_swipe_over_a_player_in_quick_look(watch: Watch) -> None:
    page = watch.page(**PHONE)
    page.goto("/?kind=audio")
    names = page.locator(".grid .caption .name")
    page.locator(".grid .picture").first.focus()
    page.keyboard.press("Space")
    look = page.locator(".quick-look:popover-open")
    expect(look.locator(".name")).to_have_text(names.nth(0).text_content() or "")
    # The module that follows fingers is loaded with the first quick look.
    x, y = middle(look.locator(".stage"))
    fingers = Fingers(page)

    def has_moved_on() -> bool:
        fingers.swipe((x + 80, y - 150), (x - 80, y - 150))
        return look.locator(".name").text_content() == names.nth(1).text_content()

    eventually(page, has_moved_on)


def test_compared_pictures_are_zoomed_together(page: Page) -> None:
    """By the same factor, at the same part; a swipe leads nowhere, as the arrows."""
    found = page.request.get(f"/search.json?{SEARCH}").json()["hits"]
    page.goto("/compare?" + "&".join(f"id={hit['id']}" for hit in found[:3]))
    zooms = page.locator(".pair zoom-image[role=button]")
    expect(zooms).to_have_count(3)
    address = page.url
    fingers = Fingers(page)
    x, y = middle(zooms.first)
    fingers.pinch((x, y), 40, 100)
    for zoom in zooms.all():
        eventually(page, partial(is_scaled, zoom, 2.5))
    part = "each => each.firstElementChild.style.transformOrigin"
    assert len({zoom.evaluate(part) for zoom in zooms.all()}) == 1
    fingers.pinch((x, y), 120, 30)
    for zoom in zooms.all():
        expect(zoom).to_have_attribute("aria-pressed", "false")
    fingers.swipe((x + 60, y), (x - 60, y))
    assert page.url == address


def test_without_javascript_the_browser_zooms(watch: Watch) -> None:
    page = watch.page(**PHONE, java_script_enabled=False)
    page.goto(f"/?{SEARCH}")
    page.goto(str(page.locator(".grid .picture").first.get_attribute("href")))
    assert (
        page.locator("zoom-image").evaluate("each => getComputedStyle(each).touchAction") == "auto"
    )
    Fingers(page).pinch(middle(page.locator("zoom-image")), 60, 200)
    eventually(page, "visualViewport.scale > 1.5")
