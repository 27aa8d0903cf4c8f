"""Ratings, labels, tags and collections in a browser: by keys, by touch, with failures; undo."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Error, expect

from tests.support import sample_files
from tests.support.accessibility import open_page, overflow, violations
from tests.support.browser import Watch, eventually
from tests.support.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page, Route

TAG = 'old, "inn"'
COLOURS = ("red", "lime", "blue", "gold", "teal", "plum", "navy", "pink")
MOST_SCRIPTS = 30_000  # bytes of compressed scripts that a page loads by itself


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Akin over a folder of its own, because its tests decide about assets."""
    files = {
        f"props/{colour} {number}.png": sample_files.png(colour, (90 + number, 60))
        for number, colour in enumerate(COLOURS)
    }
    folder = sample_files.fill(tmp_path_factory.mktemp("studio"), files)
    with Server(tmp_path_factory.mktemp("data of the studio"), {"AKIN_ASSETS": str(folder)}) as it:
        yield it


@pytest.fixture
def editing(browser: Browser, studio: Server) -> Iterator[Watch]:
    watching = Watch(browser, studio.url)
    yield watching
    assert watching.close() == []


def _card(page: Page, number: int) -> Locator:
    return page.locator(".results .card").nth(number)


def _is_rated(card: Locator, stars: int) -> None:
    if stars:
        expect(card).to_have_attribute("data-rating", str(stars))
        expect(card.locator(".marks .number, .marks .rating").first).to_contain_text(str(stars))
    else:
        expect(card).not_to_have_attribute("data-rating", "1")
        eventually(card.page, lambda: card.get_attribute("data-rating") is None)


def _is_done(page: Page, words: str) -> None:
    """Wait until the toast says that a change is stored."""
    expect(page.locator("#toast")).to_be_visible()
    expect(page.locator("#toast")).to_contain_text(words)


def _has_label(page: Page, label: str) -> None:
    """Wait until the label of the asset of a page is stored."""

    def is_stored() -> bool:
        page.reload()
        pressed = page.locator(".asset .labels [aria-pressed=true]")
        shown = [each.get_attribute("class") for each in pressed.all()]
        return shown == ([f"label-{label}"] if label else [])

    eventually(page, is_stored)


def _held(page: Page, pattern: str) -> list[Route]:
    """Hold back the first request of a pattern; return the list that it is added to."""
    held: list[Route] = []

    def handle(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route(pattern, handle)
    return held


def _refuse(route: Route, status: int, message: str) -> None:
    body = json.dumps({"error": message, "code": "NO"})
    route.fulfill(status=status, body=body, content_type="application/json")


def test_rating_by_keys_goes_on_to_the_next_card(editing: Watch) -> None:
    """And each change of the page can be undone, the latest first."""
    page = editing.page()
    page.goto("/?query=red")
    page.goto("/")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("4")
    expect(_card(page, 1).locator(".picture")).to_be_focused()
    _is_rated(_card(page, 0), 4)
    _is_done(page, "4 stars")
    page.keyboard.press("p")
    expect(_card(page, 1)).to_have_attribute("data-label", "pick")
    expect(_card(page, 2).locator(".picture")).to_be_focused()
    _is_done(page, "pick")
    page.keyboard.press("Control+z")
    expect(_card(page, 1)).not_to_have_attribute("data-label", "pick")
    _is_done(page, "Undone")
    page.locator("#toast").get_by_role("button", name="Redo").press("Enter")
    expect(_card(page, 1)).to_have_attribute("data-label", "pick")
    page.reload()
    _is_rated(_card(page, 0), 4)
    expect(_card(page, 1)).to_have_attribute("data-label", "pick")
    _card(page, 0).locator(".picture").focus()
    page.keyboard.press("0")
    _is_rated(_card(page, 0), 0)


def test_a_selection_is_changed_as_a_whole(editing: Watch) -> None:
    """A card outside of it is changed alone."""
    page = editing.page()
    page.goto("/")
    for number in (2, 3):
        _card(page, number).locator(".picture").focus()
        page.keyboard.press("x")
    page.keyboard.press("5")
    for number in (2, 3):
        _is_rated(_card(page, number), 5)
    expect(_card(page, 3).locator(".picture")).to_be_focused()
    _is_done(page, "2 assets")
    _card(page, 4).locator(".picture").focus()
    page.keyboard.press("1")
    _is_rated(_card(page, 4), 1)
    _is_rated(_card(page, 3), 5)


def test_many_assets_are_changed_in_the_background(editing: Watch) -> None:
    """More than a form takes: they are stored as a selection; the notice leads to the progress."""
    page = editing.page()
    page.goto("/")
    others = [f"asset_{number:024d}" for number in range(240)]
    page.evaluate("(ids) => sessionStorage.setItem('akin:picked', JSON.stringify(ids))", others)
    page.reload()
    card = _card(page, 7)
    card.locator(".picture").focus()
    page.keyboard.press("x")
    expect(page.locator(".selection output")).to_have_text("241 selected")
    page.keyboard.press("2")
    _is_rated(card, 2)
    page.locator("#toast").get_by_role("link", name="Details").press("Enter")
    page.wait_for_url("**/changes/**")
    expect(page.locator("h1, .change-page").first).to_be_visible()


def test_tags_are_typed_beside_the_card(editing: Watch) -> None:
    """With suggestions; commas and quotes belong to the tag. Esc leads back to the card."""
    page = editing.page()
    page.goto("/")
    _card(page, 5).locator(".picture").focus()
    page.keyboard.press("t")
    field = page.locator("#card-tag")
    expect(field).to_be_focused()
    page.keyboard.type(TAG)
    page.keyboard.press("Enter")
    _is_done(page, TAG)
    expect(field).to_have_value("")
    field.fill("OLD,")

    def is_suggested() -> bool:  # the names of all tags are fetched again in the background
        with page.expect_response("**/suggestions/tags?**"):
            field.dispatch_event("input")
        options = page.locator("#card-tag-suggestions option").all()
        return [each.get_attribute("value") for each in options] == [TAG]

    eventually(page, is_suggested)
    page.keyboard.press("Escape")
    expect(page.locator(".card-editor")).to_have_count(0)
    expect(_card(page, 5).locator(".picture")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/assets/**")
    expect(page.locator("#tags .chip", has_text=TAG)).to_be_visible()


def test_a_failed_change_is_taken_back_and_explained(editing: Watch) -> None:
    """What was typed stays, also when the session has ended meanwhile."""
    editing.allow("403")
    editing.allow("401")
    page = editing.page()
    page.goto("/")
    page.route("**/edit", lambda route: _refuse(route, 403, "Ask the administrator."))
    _card(page, 6).locator(".picture").focus()
    page.keyboard.press("3")
    _is_done(page, "Ask the administrator.")
    _is_rated(_card(page, 6), 0)
    page.unroute("**/edit")
    page.route("**/edit", lambda route: _refuse(route, 401, "Sign in."))
    _card(page, 6).locator(".picture").focus()
    page.keyboard.press("t")
    page.locator("#card-tag").fill(TAG)
    page.keyboard.press("Enter")
    expect(page.locator(".card-editor .error")).to_contain_text("You are signed out")
    expect(page.locator("#card-tag")).to_have_value(TAG)
    page.unroute("**/edit")
    page.locator("#card-tag").press("Enter")
    _is_done(page, TAG)


def test_an_asset_is_changed_without_leaving_its_page(editing: Watch) -> None:
    """What is typed into another field meanwhile is kept, and so is the focus."""
    page = editing.page()
    page.goto("/")
    _card(page, 7).locator(".picture").click()
    page.wait_for_url("**/assets/**")
    page.evaluate("window.isSamePage = true")
    page.keyboard.press("2")
    expect(page.locator('.star[aria-pressed="true"]')).to_have_attribute("value", "rate:2")
    page.locator("#edit-texts > summary").click()
    page.locator("#edit-description").fill("not stored yet")
    page.locator("#edit-name").fill("Tavern sign")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Tavern sign")
    expect(page.locator("#edit-name")).to_be_focused()
    expect(page.locator("#edit-description")).to_have_value("not stored yet")
    page.keyboard.press("Escape")
    page.locator("#edit-tag").fill("signs")
    page.keyboard.press("Enter")
    expect(page.locator("#tags .chip", has_text="signs")).to_be_visible()
    page.get_by_role("button", name="Remove tag signs").press("Enter")
    expect(page.locator("#tags .chip", has_text="signs")).to_have_count(0)
    assert page.evaluate("document.activeElement.closest('#tags') !== null")
    page.keyboard.press("Control+z")
    expect(page.locator("#tags .chip", has_text="signs")).to_be_visible()
    assert page.evaluate("window.isSamePage")
    page.go_back()
    _is_rated(_card(page, 7), 2)


def test_a_label_that_is_set_is_removed_by_the_same_key_or_button(editing: Watch) -> None:
    """In the editor of a card, whose page is left at once, and on the page of an asset."""
    page = editing.page()
    page.goto("/")
    card = _card(page, 6)
    card.locator("a.edit").press("Enter")
    for name, words in (("pick", "Pick"), ("reject", "Reject")):
        button = page.locator(".card-editor .labels").get_by_role("button", name=words)
        expect(button).to_have_attribute("aria-pressed", "false")
        button.press("Enter")
        expect(card).to_have_attribute("data-label", name)
        expect(button).to_have_attribute("aria-pressed", "true")
        button.press("Enter")
        expect(button).to_have_attribute("aria-pressed", "false")
        eventually(page, lambda: card.get_attribute("data-label") is None)
    page.keyboard.press("Escape")
    card.locator(".picture").click()
    page.wait_for_url("**/assets/**")
    _has_label(page, "")
    for key, words in (("p", "Pick"), ("r", "Reject")):
        button = page.locator(".asset .labels").get_by_role("button", name=words)
        page.keyboard.press(key)
        expect(button).to_have_attribute("title", "Remove this label")  # the server's
        expect(button).to_have_attribute("aria-pressed", "true")
        page.keyboard.press(key)
        expect(button).not_to_have_attribute("title", "Remove this label")
        expect(button).to_have_attribute("aria-pressed", "false")
    page.reload()
    expect(page.locator(".asset .labels [aria-pressed=true]")).to_have_count(0)


def test_the_latest_of_the_changes_that_wait_as_a_page_is_left_is_stored(editing: Watch) -> None:
    """The first request is held back, and the others wait for it."""
    editing.allow("ERR_ABORTED")
    page = editing.page()
    page.goto("/")
    card = _card(page, 5)
    card.locator("a.edit").press("Enter")
    buttons = page.locator(".card-editor .labels")
    expect(buttons).to_be_visible()
    held = _held(page, "**/edit")
    buttons.get_by_role("button", name="Pick").press("Enter")
    expect(card).to_have_attribute("data-label", "pick")
    eventually(page, lambda: len(held) == 1)
    buttons.get_by_role("button", name="Pick").press("Enter")
    eventually(page, lambda: card.get_attribute("data-label") is None)
    buttons.get_by_role("button", name="Reject").press("Enter")
    expect(card).to_have_attribute("data-label", "reject")
    page.goto(card.locator(".picture").get_attribute("href") or "")
    _has_label(page, "reject")
    with suppress(Error):  # the page has aborted it
        held[0].continue_()
    _has_label(page, "reject")


def test_keys_act_once_their_module_has_loaded(editing: Watch) -> None:
    """In their order, each on the card that the one before has led to."""
    page = editing.page()
    page.goto("/")
    held = _held(page, "**/editing.js")
    _card(page, 1).locator(".picture").focus()
    for key in ("3", "p", "ArrowRight", "5"):
        page.keyboard.press(key)
    eventually(page, lambda: len(held) == 1)
    assert _card(page, 1).get_attribute("data-rating") is None
    held[0].continue_()
    _is_rated(_card(page, 1), 3)
    expect(_card(page, 2)).to_have_attribute("data-label", "pick")
    _is_rated(_card(page, 4), 5)
    expect(_card(page, 5).locator(".picture")).to_be_focused()


def test_what_is_pressed_and_ticked_before_the_scripts_have_run_counts(editing: Watch) -> None:
    page = editing.page()
    held = _held(page, "**/akin.js")
    page.goto("/", wait_until="commit")
    box = _card(page, 0).locator(".pick")
    box.check()
    _card(page, 2).locator(".picture").focus()
    page.keyboard.press("x")
    assert not _card(page, 2).locator(".pick").is_checked()
    eventually(page, lambda: len(held) == 1)
    held[0].continue_()
    expect(page.locator(".selection output")).to_have_text("2 selected")
    expect(box).to_be_checked()
    expect(_card(page, 2).locator(".pick")).to_be_checked()
    page.reload()
    expect(page.locator(".selection output")).to_have_text("2 selected")


def test_cards_are_collected_by_dragging_and_by_keys(editing: Watch) -> None:
    """In the panel beside the results, which stays while the search changes."""
    page = editing.page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page.goto("/")
    page.keyboard.press("b")
    panel = page.locator(".side-panel")
    expect(panel.locator("h2")).to_be_focused()
    for number in (0, 1):
        _card(page, number).locator(".picture").focus()
        page.keyboard.press("x")
    panel.locator("#new-collection").fill("Chosen, “by hand”")
    panel.locator("#new-collection").press("Enter")
    row = panel.locator("li", has_text="Chosen, “by hand”")
    expect(row.locator(".detail")).to_have_text("2")
    _card(page, 2).locator(".picture").drag_to(row)
    expect(row.locator(".detail")).to_have_text("3")
    _card(page, 2).locator(".picture").focus()
    page.keyboard.press("x")
    _card(page, 3).locator(".picture").focus()
    page.keyboard.press("x")
    row.get_by_role("button").press("Enter")
    expect(row.locator(".detail")).to_have_text("4")
    row.locator("a").press("Enter")
    page.wait_for_url("**collectionIds=**")
    expect(page.locator(".results .card")).to_have_count(4)
    expect(panel.locator("[aria-current]")).to_contain_text("Chosen")
    page.keyboard.press("b")
    expect(panel).to_have_count(0)


@pytest.mark.parametrize("look", ["dark-wide", "light-narrow"])
def test_axe_finds_nothing_where_assets_are_changed(editing: Watch, look: str) -> None:
    """Marks, the notice with its button, the editor, the panel; on a phone by touch."""
    page = open_page(editing, look)
    page.goto("/")
    link = _card(page, 0).locator("a.edit")
    link.focus()
    if look == "light-narrow":
        link.tap()
    else:
        link.press("Enter")
    star = page.locator('.card-editor .star[value="rate:3"]')
    if look == "light-narrow":
        star.tap()
    else:
        star.click()
    _is_rated(_card(page, 0), 3)
    expect(star).to_have_attribute("aria-pressed", "true")
    assert violations(page) == []
    assert overflow(page) <= 0
    page.keyboard.press("Escape")
    page.locator(".collections-toggle").click()
    expect(page.locator(".side-panel .collection-list")).to_be_visible()
    assert violations(page) == []
    assert overflow(page) <= 0
    page.goto("/collections")
    assert violations(page) == []
    assert overflow(page) <= 0


def test_forms_change_assets_without_javascript(editing: Watch) -> None:
    page = editing.page(java_script_enabled=False)
    page.goto("/")
    _card(page, 4).locator("a.edit").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**#edit")
    page.locator('.star[value="rate:2"]').click()
    expect(page.locator('.star[aria-pressed="true"]')).to_have_attribute("value", "rate:2")
    page.locator(".done .undo").click()
    expect(page.locator(".done")).to_contain_text("Undone")
    page.goto("/")
    page.locator(".collections-toggle").click()
    page.wait_for_url("**/collections**")
    page.locator(".collection-list a").first.click()
    page.wait_for_url("**collectionIds=**")


def test_the_scripts_of_a_page_are_small(editing: Watch) -> None:
    """Those that it loads by itself, compressed; the others are loaded when they are needed."""
    page = editing.page()
    page.goto("/")
    page.wait_for_load_state("networkidle")
    sizes = page.evaluate(
        """performance.getEntriesByType("resource")
             .filter((each) => each.name.endsWith(".js"))
             .map((each) => each.encodedBodySize)"""
    )
    assert min(sizes) > 0
    assert sum(sizes) <= MOST_SCRIPTS
