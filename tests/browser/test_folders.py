"""The folder tree in a browser: levels are loaded when they are opened, by keyboard as well."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support import sample_files
from tests.support.accessibility import open_page, overflow, violations
from tests.support.browser import Watch
from tests.support.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def nested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Akin over folders within each other, and a file that it cannot read."""
    folder = tmp_path_factory.mktemp("nested")
    names = ("Props/Final/v1/chair", "Props/Drafts/table", "UI/button")
    files = {f"{n}.png": sample_files.png(size=(60 + i, 60)) for i, n in enumerate(names)}
    sample_files.fill(folder, files | {"UI/lies.png": b"PK\x03\x04 and more"})
    data = tmp_path_factory.mktemp("data")
    with Server(data, {"AKIN_ASSETS": str(folder)}) as running:
        yield running


@pytest.fixture
def watched(browser: Browser, nested: Server) -> Iterator[Watch]:
    """Where pages come from: fails the test in the end when anything went wrong in one."""
    watching = Watch(browser, nested.url)
    yield watching
    assert watching.close() == []


@pytest.mark.parametrize("look", ["dark-wide", "light-narrow"])
def test_a_level_is_opened_and_a_folder_chosen_by_keyboard(
    watched: Watch, nested: Server, look: str
) -> None:
    page = open_page(watched, look)
    page.goto(nested.url)
    page.locator("details#filters > summary").click()
    toggle = page.locator(".folder-tree summary", has_text="Folders in Props")
    toggle.focus()
    page.keyboard.press("Enter")
    final = page.get_by_role("link", name="Final", exact=True)
    expect(final).to_be_visible()
    # The page's own bar stays in the window, over whatever is there: by chance over a control.
    page.evaluate("document.querySelector('.panel').scrollTo({top: 0, behavior: 'instant'})")
    page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    assert violations(page) == []
    assert overflow(page) <= 0
    final.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{nested.url}/?path=Props%2FFinal")
    expect(page.locator("article.card")).to_have_count(1)


def test_without_scripts_each_level_is_a_page(browser: Browser, nested: Server) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(nested.url)
    page.locator("details#filters > summary").click()
    page.locator(".folder-tree summary", has_text="Folders in Props").click()
    page.get_by_role("link", name="List its folders").first.click()
    page.get_by_role("link", name="Final", exact=True).click()
    expect(page.locator("article.card")).to_have_count(1)
    context.close()


def test_missing_assets_are_removed_by_a_button(browser: Browser, tmp_path: Path) -> None:
    """The list says how many have gone; the newest pictures are those that are left."""
    folder, data = tmp_path / "art", tmp_path / "data"
    data.mkdir()
    names = ("away/chair", "away/table", "button")
    files = {f"{n}.png": sample_files.png(size=(60 + i, 60)) for i, n in enumerate(names)}
    sample_files.fill(folder, files)
    with Server(data, {"AKIN_ASSETS": str(folder)}):
        pass
    shutil.rmtree(folder / "away")
    with Server(data, {"AKIN_ASSETS": str(folder)}) as running:
        watched = Watch(browser, running.url)
        page = watched.page()
        page.goto(f"{running.url}/problems?category=missing")
        page.get_by_role("button", name="Remove 2 missing assets from the library").click()
        page.wait_for_url("**/problems?removed=2")
        expect(page.get_by_role("status").first).to_have_text("2 assets removed from the library.")
        page.get_by_role("link", name="Newest pictures", exact=True).click()
        page.wait_for_url(f"{running.url}/")
        expect(page.locator("article.card")).to_have_count(1)
        assert watched.close() == []
