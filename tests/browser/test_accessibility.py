"""axe-core finds nothing on any page in any state: WCAG 2.2 AA and its own good practices.

Each state dark and wide, then light and narrow; the first page in all four pairs. What the pages
show is made up of two servers: one over a library of files, one before an API that has every kind
of asset and every kind of trouble.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.synthetic import KINDS, asset_id
from tests.support.accessibility import open_page, problems, shown_as

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.faults import Upstream
    from tests.support.browser import Watch


def _open(details: str) -> Callable[[Page], None]:
    def click(page: Page) -> None:
        page.locator(f"{details} > summary").click()

    return click


def _open_help(page: Page) -> None:
    page.get_by_role("button", name="Help").click()


def _point_at_a_card(page: Page) -> None:
    page.locator("article[data-asset-id]").nth(1).hover()


def _focus_a_card(page: Page) -> None:
    page.locator("article[data-asset-id] a").nth(1).focus()


def _select_cards(page: Page) -> None:
    for card in page.locator("article[data-asset-id]").all()[:2]:
        card.hover()
        card.locator("input[type=checkbox]").check()
    # Their bar stays in the window, over whatever is there: by chance over a part of a button.
    page.evaluate("document.querySelector('.selection').style.position = 'static'")
    page.evaluate("scrollTo({top: 0, behavior: 'instant'})")  # nor does the page's own bar


STEPS: dict[str, Callable[[Page], None] | None] = {
    "as it comes": None,
    "filters open": _open("details#filters"),
    "upload open": _open("details#upload"),
    "saved searches open": _open("details#saved"),
    "view open": _open("details#view"),
    "share open": _open("details.share"),
    "help open": _open_help,
    "pointer on a card": _point_at_a_card,
    "focus on a card": _focus_a_card,
    "cards selected": _select_cards,
}
ADDRESSES = {
    "words": "/?query=castle&hitsPerPage=12",
    "no exact match": "/?query=stronghold&hitsPerPage=12",
    "meaning": "/?query=castle&querySemanticRatio=1&sortBy=width%3Aasc&hitsPerPage=12",
    "last page": "/?hitsPerPage=24&page=6",
    "past the last page": "/?hitsPerPage=12&page=600",
    "folders": "/folders",
    "problems with files": "/problems",
    "rejected assets": "/rejects",
    "many filters": "/?query=castle&kind=image&type=uploaded&width=20..500&height=10.."
    "&createdAt=2020-01-01..&filter=height+%3E+10&sortBy=name%3Aasc&hitsPerPage=12",
    "nothing found": "/?query=zzzzzz&kind=video&filter=width+%3E+100",
    "nonsense": "/?kind=%C2%B2&page=x&hitsPerPage=-1&filter=%28&like=%2F..%2F&colour=red",
}


@pytest.mark.parametrize("step", STEPS)
def test_the_first_page(watch: Watch, step: str) -> None:
    """As it comes, and with each of its parts opened or pointed at."""
    page = open_page(watch)
    act = STEPS[step]
    page.goto("/?hitsPerPage=12" if act else "/")  # axe takes its time for each card
    if act:
        act(page)
    looks = ("dark-wide", "light-wide", "light-narrow", "dark-narrow")
    assert problems(page, *looks, over="details[open] > :not(summary), :popover-open") == []


@pytest.mark.parametrize("state", ADDRESSES)
def test_states_of_results(watch: Watch, state: str) -> None:
    """Results, no results, and invalid searches."""
    page = open_page(watch)
    page.goto(ADDRESSES[state])
    assert problems(page) == []


def test_likes_and_unlikes(watch: Watch) -> None:
    """The bar with pictures in it, and an asset's page with a search around it."""
    page = open_page(watch)
    page.goto("/?kind=image&hitsPerPage=12")
    cards = page.locator("article[data-asset-id]").all()
    ids = [card.get_attribute("data-asset-id") for card in cards[:4]]
    search = f"like={ids[0]}&like={ids[1]}&unlike={ids[2]}&hitsPerPage=12"
    page.goto(f"/?{search}")
    assert problems(page) == []
    page.goto(f"/assets/{ids[3]}?{search}")
    assert problems(page) == []


PAGES = {
    "compare": "/compare?id={0}&id={1}",
    "compare eight": "/compare?" + "&".join(f"id={{{number}}}" for number in range(8)),
    "compare by slider": "/compare?a={0}&b={1}&view=slider",
    "nothing selected": "/selection",
    "selection": "/selection?id={0}&id={1}&id={2}",
    "editing a selection": "/selection/edit?id={0}&id={1}",
    "changes": "/changes",
    "both ends of words": "/ends/words?query=castle",
    "both ends of likeness": "/ends/likeness?like={0}",
    "why": "/why/{0}?like={1}&query=castle",
    "wander": "/wander/{0}",
    "a part of a picture": "/assets/{0}/part?query=castle",
    "lineage": "/assets/{0}/lineage",
    "provenance": "/provenance?query=castle",
    "provenance of a selection": "/selection/provenance?id={0}&id={1}",
    "team searches": "/searches",
    "a team search after a sign-in": "/searches?name=Castles&search=query%3Dcastle",
    "tags": "/tags",
    "collections": "/collections",
    "reviews": "/reviews",
    "code": "/code?query=castle",
    "stacks": "/?stacks=on&query=castle&hitsPerPage=12",
    "endless": "/?endless=on&density=small&hitsPerPage=12",
    "sounds": "/?kind=audio",
    "names": "/?names=on&hitsPerPage=12",
    "a full side": "/?" + "&".join(f"like=asset_{number}" for number in range(20)),
}


@pytest.mark.parametrize("name", PAGES)
def test_other_pages(watch: Watch, name: str) -> None:
    """Every page that a search leads to."""
    watch.allow("404")  # likes that do not exist have no picture
    page = open_page(watch)
    found = page.request.get("/search.json?query=castle&kind=image").json()
    page.goto(PAGES[name].format(*(hit["id"] for hit in found["hits"])))
    assert problems(page) == []


def test_each_kind_of_asset(watch_before_api: Watch) -> None:
    """A page with every kind, sensitive ones, foreign scripts, and each kind's own page."""
    page = open_page(watch_before_api)
    watch_before_api.allow("model-viewer")  # the fake CDN has no models
    page.goto("/?hitsPerPage=96")
    assert problems(page) == []
    for number in range(len(KINDS)):
        page.goto(f"/assets/{asset_id(number)}")
        assert problems(page) == []


@pytest.mark.parametrize(
    "fault", ["400-field", "400-script", "401", "403", "404", "429-quota", "503", "html"]
)
def test_failures(watch_before_api: Watch, api: Upstream, fault: str) -> None:
    """The page that says what happened, for a search and for an asset."""
    watch_before_api.allow("Failed to load resource: the server responded with a status of")
    page = open_page(watch_before_api)
    api.always(fault)
    api.always(fault, on="/v1/assets/")
    page.goto("/?query=castle&filter=colour+%3D+red")
    trouble = problems(page)
    page.goto("/assets/asset_123")
    trouble += problems(page)
    api.always("healthy", on="/v1/assets/")
    assert trouble == []


def test_pages_that_are_not_there(watch: Watch) -> None:
    """An unknown asset and an unknown address."""
    watch.allow("404")
    page = open_page(watch)
    for address in ("/assets/asset_nothing", "/nowhere"):
        page.goto(address)
        assert problems(page) == []


def test_a_look_has_its_pointer(watch: Watch) -> None:
    """A narrow page is touched, a wide one is not, whichever comes first."""
    page = open_page(watch)
    queries = "['(pointer: coarse)', '(hover: none)'].map((each) => matchMedia(each).matches)"
    for _ in range(2):
        page.goto("/tags")
        for look, is_touched in (("dark-wide", False), ("light-narrow", True)):
            with shown_as(page, look):
                assert page.evaluate(queries) == [is_touched] * 2, look


def test_what_is_wrong_is_found(watch: Watch) -> None:
    """In each look: a picture without a text, colours without contrast, a page too wide."""
    page = open_page(watch)
    page.goto("/tags")
    page.evaluate(
        """() => {
          const [picture, text] = [document.createElement("img"), document.createElement("p")];
          text.textContent = "hardly to be read";
          text.style.cssText = "color: #777; background: #888; inline-size: 2000px";
          document.querySelector("main").append(picture, text);
        }"""
    )
    found = problems(page)
    for look in ("dark-wide", "light-narrow"):
        own = [each.removeprefix(f"{look}: ") for each in found if each.startswith(look)]
        rules = {each.partition(":")[0] for each in own}
        assert {"image-alt", "color-contrast"} <= rules
        assert any("px wider" in each for each in own)
