"""Groups in a browser: frames play over a card and on an asset's page, by mouse and by keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support import sample_files
from tests.support.accessibility import open_page, overflow, violations
from tests.support.browser import Watch, eventually
from tests.support.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def animated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Akin over four frames, a texture set and a single picture."""
    folder = tmp_path_factory.mktemp("animated")
    frames = {f"hero_walk_{n}.png": sample_files.png(size=(96, 64)) for n in range(4)}
    maps = {
        f"wood_{role}.png": sample_files.png(colour, (128, 128), shape="box")
        for role, colour in (("BaseColor", "peru"), ("Normal", "slateblue"), ("Roughness", "grey"))
    }
    sample_files.fill(folder, {**frames, **maps, "tree.png": sample_files.png("green")})
    data = tmp_path_factory.mktemp("data")
    with Server(data, {"AKIN_ASSETS": str(folder)}) as running:
        yield running


@pytest.fixture
def watched(browser: Browser, animated: Server) -> Iterator[Watch]:
    """Where pages come from: fails the test in the end when anything went wrong in one."""
    watching = Watch(browser, animated.url)
    yield watching
    assert watching.close() == []


def _shows_several(page: Page, within: str) -> None:
    """Wait until another picture is shown than before."""
    picture = page.locator(f"{within} .group-media img")
    first = picture.get_attribute("src")
    eventually(page, lambda: picture.get_attribute("src") != first)


def test_frames_play_over_their_card(watched: Watch, animated: Server) -> None:
    page = watched.page(viewport={"width": 1440, "height": 900}, reduced_motion="no-preference")
    page.goto(animated.url)
    page.wait_for_load_state("networkidle")
    expect(page.locator(".grid .card")).to_have_count(3)
    expect(page.locator(".count")).to_have_text("8 results on 3 cards")
    page.locator('.card[data-group="frames"]').hover()
    page.wait_for_selector(".group-media[data-ready] img")
    _shows_several(page, ".card")
    page.mouse.move(1, 1)
    expect(page.locator(".group-media")).to_have_count(0)


def test_a_key_plays_where_motion_is_reduced(watched: Watch, animated: Server) -> None:
    page = open_page(watched, "light-wide")
    page.goto(animated.url)
    page.wait_for_load_state("networkidle")
    assert violations(page) == []
    card = page.locator('.card[data-group="frames"]')
    card.hover()
    page.locator('.card[data-group="textures"]').hover()  # tiles do not move
    page.wait_for_selector(".group-media[data-ready][data-kind=textures]")
    expect(page.locator(".group-media")).to_have_count(1)
    card.locator(".picture").focus()
    page.keyboard.press("v")
    page.wait_for_selector(".group-media[data-ready] img")
    _shows_several(page, ".card")
    page.keyboard.press("v")
    expect(page.locator(".group-media")).to_have_count(0)


@pytest.mark.parametrize("look", ["dark-wide", "light-narrow"])
def test_an_asset_page_plays_and_steps(watched: Watch, animated: Server, look: str) -> None:
    page = open_page(watched, look)
    page.goto(animated.url)
    page.goto(
        animated.url
        + str(page.locator('.card[data-group="frames"] .picture').get_attribute("href"))
    )
    page.locator(".group-section").scroll_into_view_if_needed()
    toggle = page.get_by_role("button", name="Play", exact=True)
    expect(toggle).to_be_visible()
    # The page's own bar stays in the window, over whatever is there: by chance over a control.
    page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    assert violations(page) == []
    assert overflow(page) <= 0
    page.get_by_role("button", name="Next", exact=True).last.click()
    expect(page.locator("group-player output")).to_have_text("2 of 4: 1")
    expect(page.locator(".media-view .group-media[data-ready] img")).to_have_count(1)
    toggle.press("v")
    expect(toggle).to_have_attribute("aria-pressed", "true")
    _shows_several(page, ".media-view")
    toggle.press("v")
    expect(page.locator(".group-media")).to_have_count(0)
