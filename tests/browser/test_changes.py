"""A stored selection and a change of it: by keyboard, and without scripts on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support import sample_files
from tests.support.accessibility import open_page, overflow, violations
from tests.support.browser import Watch
from tests.support.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page


COUNT = 52  # more than are changed at once


@pytest.fixture(scope="module")
def writing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Akin over a small library, which these tests change."""
    folder = tmp_path_factory.mktemp("pictures")
    sample_files.fill(
        folder, {f"{n}.png": sample_files.png(size=(60 + n, 60)) for n in range(COUNT)}
    )
    with Server(tmp_path_factory.mktemp("data"), {"AKIN_ASSETS": str(folder)}) as running:
        yield running


@pytest.fixture
def watched(browser: Browser, writing: Server) -> Iterator[Watch]:
    """Where pages come from: fails the test in the end when anything went wrong in one."""
    watching = Watch(browser, writing.url)
    yield watching
    assert watching.close() == []


def press(page: Page, role: str, name: str) -> None:
    """Press a button or a link by keyboard."""
    found = page.get_by_role(role, name=name)  # type: ignore[arg-type]
    found.focus()
    page.keyboard.press("Enter")


def select_all(page: Page) -> None:
    """Store a selection of all results; its page is shown."""
    press(page, "button", "Select all")
    page.wait_for_url("**/selections/*")


def edit_all(page: Page, tag: str) -> None:
    """Add a tag to all assets of a selection; the page of the change is shown."""
    press(page, "link", "Edit all")
    page.wait_for_url("**/edit")
    page.get_by_label("Add a tag").fill(tag)
    press(page, "button", "Apply to")
    page.wait_for_url("**/selections/*")
    page.goto(page.url.partition("/selections")[0] + "/changes")
    page.get_by_role("link", name=f"Add the tag “{tag}”").first.click()
    page.wait_for_url("**/changes/*")


@pytest.mark.parametrize("look", ["dark-wide", "light-narrow"])
def test_a_change_is_followed_and_undone_by_keyboard(
    watched: Watch, writing: Server, look: str
) -> None:
    page = open_page(watched, look)
    page.goto(writing.url)
    select_all(page)
    assert violations(page) == []
    assert overflow(page) <= 0
    edit_all(page, f"night of {look}")
    assert violations(page) == []
    assert overflow(page) <= 0
    expect(page.locator(".state")).to_contain_text("Done.")
    assert violations(page) == []
    change = page.url
    press(page, "button", "Undo")
    page.wait_for_url(lambda url: "/changes/" in url and url != change)
    expect(page.locator(".state")).to_contain_text("Done.")
    expect(page.locator(".state")).to_contain_text(f"{COUNT} changed")
    page.goto(change)
    expect(page.get_by_role("link", name="It was undone")).to_be_visible()
    page.goto(f"{writing.url}/changes")
    assert violations(page) == []
    assert overflow(page) <= 0


def test_without_scripts_the_page_refreshes_itself(watched: Watch, writing: Server) -> None:
    page = watched.page(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page.goto(writing.url)
    select_all(page)
    edit_all(page, "no scripts")
    expect(page.locator(".state")).to_contain_text("Done.")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
