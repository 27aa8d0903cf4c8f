"""axe-core finds nothing on any page in any state: WCAG 2.2 AA and its own good practices.

Each state dark and light, wide and narrow. What the pages show is made up of two servers: one over
a library of files, one before an API that has every kind of asset and every kind of trouble.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.synthetic import KINDS, asset_id
from tests.support.accessibility import open_page, overflow, violations

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.faults import Upstream
    from tests.support.browser import Watch


@pytest.fixture(params=["dark-wide", "light-narrow"])
def look(request: pytest.FixtureRequest) -> str:
    """Both themes and both widths, in two of their four pairs; the first page takes all four."""
    return str(request.param)


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
    "words": "/?query=castle",
    "no exact match": "/?query=stronghold",
    "meaning": "/?query=castle&querySemanticRatio=1&sortBy=width%3Aasc",
    "last page": "/?hitsPerPage=24&page=6",
    "past the last page": "/?hitsPerPage=24&page=600",
    "folders": "/folders",
    "files that are not shown": "/problems",
    "rejected assets": "/rejects",
    "many filters": "/?query=castle&kind=image&type=uploaded&width=20..500&height=10.."
    "&createdAt=2020-01-01..&filter=height+%3E+10&sortBy=name%3Aasc",
    "nothing found": "/?query=zzzzzz&kind=video&filter=width+%3E+100",
    "nonsense": "/?kind=%C2%B2&page=x&hitsPerPage=-1&filter=%28&like=%2F..%2F&colour=red",
}


@pytest.mark.parametrize("look", ["dark-wide", "dark-narrow", "light-wide", "light-narrow"])
@pytest.mark.parametrize("step", STEPS)
def test_the_first_page(watch: Watch, look: str, step: str) -> None:
    """As it comes, and with each of its parts opened or pointed at."""
    page = open_page(watch, look)
    page.goto("/")
    if act := STEPS[step]:
        act(page)
    assert violations(page, over="details[open] > :not(summary), :popover-open") == []
    assert overflow(page) <= 0


@pytest.mark.parametrize("state", ADDRESSES)
def test_states_of_results(watch: Watch, look: str, state: str) -> None:
    """Results, no results, and invalid searches."""
    page = open_page(watch, look)
    page.goto(ADDRESSES[state])
    assert violations(page) == []
    assert overflow(page) <= 0


def test_likes_and_unlikes(watch: Watch, look: str) -> None:
    """The bar with pictures in it, and an asset's page with a search around it."""
    page = open_page(watch, look)
    page.goto("/?kind=image")
    cards = page.locator("article[data-asset-id]").all()
    ids = [card.get_attribute("data-asset-id") for card in cards[:4]]
    search = f"like={ids[0]}&like={ids[1]}&unlike={ids[2]}"
    page.goto(f"/?{search}")
    assert violations(page) == []
    assert overflow(page) <= 0
    page.goto(f"/assets/{ids[3]}?{search}")
    assert violations(page) == []
    assert overflow(page) <= 0


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
    "stacks": "/?stacks=on&query=castle",
    "endless": "/?endless=on&density=small&hitsPerPage=24",
    "sounds": "/?kind=audio",
    "names": "/?names=on",
    "a full side": "/?" + "&".join(f"like=asset_{number}" for number in range(20)),
}


@pytest.mark.parametrize("name", PAGES)
def test_other_pages(watch: Watch, look: str, name: str) -> None:
    """Every page that a search leads to."""
    watch.allow("404")  # likes that do not exist have no picture
    page = open_page(watch, look)
    found = page.request.get("/search.json?query=castle&kind=image").json()
    page.goto(PAGES[name].format(*(hit["id"] for hit in found["hits"])))
    assert violations(page) == []
    assert overflow(page) <= 0


def test_each_kind_of_asset(watch_before_api: Watch, look: str) -> None:
    """A page with every kind, sensitive ones, foreign scripts, and each kind's own page."""
    page = open_page(watch_before_api, look)
    watch_before_api.allow("model-viewer")  # the fake CDN has no models
    page.goto("/?hitsPerPage=96")
    assert violations(page) == []
    assert overflow(page) <= 0
    for number in range(len(KINDS)):
        page.goto(f"/assets/{asset_id(number)}")
        assert violations(page) == []
        assert overflow(page) <= 0


@pytest.mark.parametrize(
    "fault", ["400-field", "400-script", "401", "403", "404", "429-quota", "503", "html"]
)
def test_failures(watch_before_api: Watch, api: Upstream, look: str, fault: str) -> None:
    """The page that says what happened, for a search and for an asset."""
    watch_before_api.allow("Failed to load resource: the server responded with a status of")
    page = open_page(watch_before_api, look)
    api.always(fault)
    api.always(fault, on="/v1/assets/")
    page.goto("/?query=castle&filter=colour+%3D+red")
    trouble = [*violations(page), overflow(page)]
    page.goto("/assets/asset_123")
    trouble += [*violations(page), overflow(page)]
    api.always("healthy", on="/v1/assets/")
    assert trouble == [0, 0]


def test_pages_that_are_not_there(watch: Watch, look: str) -> None:
    """An unknown asset and an unknown address."""
    watch.allow("404")
    page = open_page(watch, look)
    for address in ("/assets/asset_nothing", "/nowhere"):
        page.goto(address)
        assert violations(page) == []
        assert overflow(page) <= 0
