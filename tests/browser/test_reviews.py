"""Reviews in a real browser: without scripts, with a thumb, by keys, by a link; axe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.accessibility import open_page, overflow, violations
from tests.support.forms import SAME_ORIGIN
from tests.support.users import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.support.browser import Watch

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def review(watch: Watch) -> Iterator[str]:
    """A review of Ada's about three pictures, which she has answered; deleted after the test."""
    ada = watch.page()
    path = made(ada, name="Ada")
    for place, verdict in ((1, "yes"), (2, "no"), (3, "maybe")):
        form = {"verdict": verdict, "comment": f"Ada’s comment {place}"}
        ada.request.post(f"{path}/{place}", form=form, headers=SAME_ORIGIN)
    yield path
    ada.request.post(f"{path}/delete", headers=SAME_ORIGIN)


def made(page: Page, **fields: str) -> str:
    """Make a review of the first pictures and return its path."""
    hits = page.request.get("/search.json?kind=image").json()["hits"][:3]
    form = "&".join(f"id={hit['id']}" for hit in hits)
    form += "".join(f"&{name}={value}" for name, value in fields.items())
    response = page.request.post(
        "/reviews",
        data=f"{form}&question=Which one fits?",
        headers={**SAME_ORIGIN, "Content-Type": "application/x-www-form-urlencoded"},
    )
    assert response.ok
    return "/reviews/" + response.url.rpartition("/")[2]


def test_from_a_selection_to_the_result(any_page: Page) -> None:
    """With and without JavaScript: made, answered one after another, ended, deleted."""
    page = any_page
    page.goto("/?kind=image")
    for box in page.locator("input.pick").all()[:2]:
        box.check(force=True)
    page.get_by_role("button", name="Open selection").click()
    page.wait_for_url("**/selection?**")
    page.get_by_role("button", name="Ask the team").click()
    page.wait_for_url("**/reviews/new**")
    page.get_by_label("Question").fill("Which one?")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_role("button", name="Start the review").click()
    page.wait_for_url("**/reviews/review_*")
    page.get_by_role("link", name="One after another").click()
    page.wait_for_url("**/1")
    page.get_by_label("Comment").fill("Nice light")
    page.get_by_role("button", name="Yes").click()
    page.wait_for_url("**/2")
    page.get_by_role("button", name="No", exact=True).click()
    page.wait_for_url("**/result")
    expect(page.get_by_text("Wanted: 1. Rejected: 1.")).to_be_visible()
    expect(page.get_by_text("Nice light")).to_be_visible()
    page.get_by_role("link", name="Change your answers").click()
    page.wait_for_url("**/reviews/review_*")
    page.locator('[name="verdict.2"][value="maybe"]').check()
    page.get_by_role("button", name="Save answers").click()
    page.wait_for_url("**/result")
    expect(page.get_by_text("Rejected: 0.")).to_be_visible()
    for action, button in (("End the review", "End the review"), ("Delete", "Delete the review")):
        page.locator(".manage > summary").click()
        page.get_by_role("link", name=action).click()
        page.get_by_role("button", name=button).click()
        page.wait_for_url("**/result" if action != "Delete" else "**/reviews")
    expect(page.get_by_role("heading", name="No reviews here")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_with_a_thumb(watch: Watch, review: str, scripts: bool) -> None:
    """The three buttons are large, and in the lower half of a phone's screen."""
    page = watch.page(**PHONE, java_script_enabled=scripts)
    page.goto(f"{review}/1")
    page.get_by_label("Your name").fill("Bo")
    for name, place in (("Yes", 2), ("No", 3), ("Maybe", 0)):
        button = page.get_by_role("button", name=name, exact=True)
        box = button.bounding_box()
        assert box
        assert (box["height"] >= 44, box["width"] >= 90) == (True, True)
        assert box["y"] > 844 / 2
        assert box["y"] + box["height"] <= 844
        button.tap()
        page.wait_for_url(f"**/{place}" if place else "**/result")
    expect(page.get_by_text("Ada’s comment 2")).to_be_visible()
    assert overflow(page) <= 0 if scripts else True
    page.goto(review)
    page.locator('[name="verdict.1"][value="no"]').tap()
    page.get_by_role("button", name="Save answers").tap()
    page.wait_for_url("**/result")


def test_by_keys_alone(watch: Watch, review: str) -> None:
    page = watch.page()
    page.goto(f"{review}/1")
    page.get_by_label("Your name").focus()
    page.keyboard.type("Bonny")  # letters that would answer
    expect(page.get_by_label("Your name")).to_have_value("Bonny")
    page.get_by_role("button", name="Maybe").focus()
    page.keyboard.press("m")
    page.wait_for_url("**/2")
    page.keyboard.press("c")
    expect(page.get_by_label("Comment")).to_be_focused()
    page.keyboard.type("my comment")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.wait_for_url("**/3")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**/2")
    expect(page.get_by_label("Comment")).to_have_value("my comment")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**/3")
    page.keyboard.press("y")
    page.wait_for_url("**/result")
    expect(page.get_by_text("my comment")).to_be_visible()
    # the list
    page.goto(review)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".review-item .picture").first).to_be_focused()
    page.keyboard.press("y")
    expect(page.locator('[name="verdict.1"][value="yes"]')).to_be_checked()
    expect(page.locator(".review-item .picture").nth(1)).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("n")
    page.keyboard.press("c")
    page.keyboard.type("n")
    page.get_by_role("button", name="Save answers").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/result")
    bonny = page.locator(".review-answers li", has_text="Bonny")
    expect(bonny.filter(has_text="Yes")).to_have_count(1)
    expect(bonny.filter(has_text="No")).to_have_count(2)


@pytest.mark.parametrize("look", ["dark-wide", "light-narrow"])
def test_accessibility(watch: Watch, review: str, look: str) -> None:
    """Nothing is found by axe on any page, in any state."""
    watch.allow("400 (Bad Request)")
    watch.allow("404")
    page = open_page(watch, look)

    def check(path: str = "") -> None:
        if path:
            page.goto(path)
        assert violations(page) == [], page.url
        assert overflow(page) <= 0, page.url

    for path in (
        "/reviews",
        "/reviews?state=ended",
        "/reviews/new?kind=image",
        "/reviews/new?id=x",
    ):
        check(path)
    page.goto("/reviews/new?kind=image")
    for each in ("question", "name"):
        page.locator(f"#{each}").evaluate("field => { field.required = false }")
    page.get_by_role("button", name="Start the review").click()
    expect(page.locator("#problem-question")).to_be_visible()
    check()
    for path in (review, f"{review}/1", f"{review}/result", f"{review}/end", f"{review}/9"):
        check(path)
    page.goto(f"{review}/1")
    page.get_by_label("Your name").fill("Bo")
    page.get_by_role("button", name="Yes").click()
    page.wait_for_url("**/2")
    for path in (review, f"{review}/1", f"{review}/result"):
        check(path)
    page.locator(".manage > summary").click()
    check()
    page.goto(review)
    page.locator('[name="comment.2"]').fill("without an answer")
    page.get_by_role("button", name="Save answers").click()
    expect(page.locator("#problem-2")).to_be_visible()
    check()


@pytest.mark.parametrize("look", ["dark-narrow", "light-wide"])
def test_a_link_for_people_without_an_account(guarded_watch: Watch, look: str) -> None:
    """Made by a user; pictures are there; nothing of the search is; valid until it is replaced."""
    watch = guarded_watch
    watch.allow("401")
    ada = watch.page()
    ada.goto("/sign-in?next=/reviews/new?kind=image")
    ada.get_by_label("Name").fill("ada")
    ada.get_by_label("Password").fill(PASSWORD)
    ada.keyboard.press("Enter")
    ada.wait_for_url("**/reviews/new**")
    ada.get_by_label("Question").fill("Which one?")
    ada.get_by_role("button", name="Start the review").click()
    ada.wait_for_url("**/reviews/review_*")
    path = ada.url
    ada.goto(f"{path}/link")
    ada.get_by_role("button", name="Make a link").click()
    url = ada.locator("copy-text code").inner_text()
    assert violations(ada) == []
    guest = open_page(watch, look)
    guest.goto(url)
    assert violations(guest) == []
    assert overflow(guest) <= 0
    expect(guest.get_by_role("searchbox")).to_have_count(0)
    guest.goto(f"{url}/1")
    picture = guest.locator(".review-picture img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    guest.get_by_label("Your name").fill("Guest")
    assert violations(guest) == []
    guest.get_by_role("button", name="Yes").click()
    guest.wait_for_url("**/2")
    guest.goto(f"{url}/result")
    assert violations(guest) == []
    ada.get_by_role("button", name="Replace the link").click()
    expect(ada.locator("copy-text code")).not_to_have_text(url)
    guest.goto(url)
    expect(guest.get_by_role("heading", name="This link to a review is not valid")).to_be_visible()
    assert violations(guest) == []
    ada.goto(f"{path}/delete")
    ada.get_by_role("button", name="Delete the review").click()
    ada.wait_for_url("**/reviews")
