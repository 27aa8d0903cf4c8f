"""Pages on narrow screens, touch screens, and paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.browser import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.browser import Watch

# The texts of a card that can be read: with a box of their own, opaque, and not cut off.
READ = """() => [...document.querySelectorAll(".card")].map((card) => {
  const seen = (element) => {
    const box = element.getBoundingClientRect();
    const all = card.getBoundingClientRect();
    const style = getComputedStyle(element.closest(".caption"));
    return box.height > 5 && box.width > 5 && box.bottom <= all.bottom + 1 &&
      style.opacity === "1" && style.clipPath === "none";
  };
  return ["name", "facts"].map((each) => {
    const element = card.querySelector(`.caption .${each}`);
    return element.textContent.trim() !== "" && seen(element);
  });
})"""


def can_be_read(page: Page) -> bool:
    """Whether every card has both of its texts."""
    return {tuple(each) for each in page.evaluate(READ)} == {(True, True)}


def steered(page: Page, words: str = "castle") -> str:
    """The address of a search by words, a picture and another one against it."""
    first, second = page.request.get(f"/search.json?query={words}").json()["hits"][:2]
    return f"/?query={words}&like={first['id']}&unlike={second['id']}"


@pytest.mark.parametrize("width", [320, 360, 640, 700])
def test_no_page_is_wider_than_its_window(watch: Watch, width: int) -> None:
    """Nor where all that steers has to fit, which has rows that scroll by themselves."""
    page = watch.page(viewport={"width": width, "height": 640})
    first, *_ = page.request.get("/search.json?kind=image").json()["hits"]
    over = {}
    for address in ("/", steered(page), f"/assets/{first['id']}", "/?query=nothing-like-this"):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        over[address] = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert over == dict.fromkeys(over, 0)


@pytest.mark.parametrize("width", [360, 768])
def test_a_name_and_a_size_stay_under_a_finger(watch: Watch, width: int) -> None:
    """Which cannot hover; below the picture, where they hide nothing of it."""
    phone = watch.page(viewport={"width": width, "height": 800}, has_touch=True, is_mobile=True)
    phone.goto("/?kind=image")
    assert can_be_read(phone)
    overlap = phone.evaluate(
        """() => [...document.querySelectorAll(".card")].filter((card) =>
          card.querySelector(".picture").getBoundingClientRect().bottom >
          card.querySelector(".caption").getBoundingClientRect().top + 1).length"""
    )
    assert overlap == 0


def test_on_paper_there_are_pictures_and_names_and_no_controls(page: Page) -> None:
    """In the light, whatever the screen shows."""
    page.goto(steered(page))
    page.emulate_media(media="print", color_scheme="dark")
    eventually(page, lambda: can_be_read(page))  # on a screen they fade in
    controls = (
        ".card-actions, .tools, .paging, .filters > summary, .upload, .submit-button, "
        ".example .remove"
    )
    assert [each for each in page.locator(controls).all() if each.is_visible()] == []
    assert page.locator(".example img").first.is_visible()
    assert (
        page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        == "rgb(255, 255, 255)"
    )


@pytest.mark.parametrize("scripted", [True, False])
def test_the_size_of_a_page_is_chosen_where_its_pages_are(watch: Watch, *, scripted: bool) -> None:
    """Below the pictures, in sight, on the smallest screen; not where it would change nothing."""
    page = watch.page(viewport={"width": 360, "height": 740}, java_script_enabled=scripted)
    page.goto("/?kind=image")
    size = page.get_by_label("Pictures per page")
    size.select_option("24")
    if not scripted:
        page.locator(".paging").get_by_role("button", name="Apply").click()
    page.wait_for_url("**/?kind=image&hitsPerPage=24")
    boxes = [page.locator(each).bounding_box() for each in (".pagination", ".page-size")]
    assert [box and box["x"] >= 0 and box["x"] + box["width"] <= 360 for box in boxes] == [True] * 2
    page.goto("/?query=nothing-like-this&hitsPerPage=24")
    assert not size.is_visible()
    assert page.locator("#search").evaluate("form => new FormData(form).get('hitsPerPage')") == "24"
