"""User journey: search, find similar, less like this, next page, share the link.

Each step with and without JavaScript; the second browser has no cookie and knows the link alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import expect

from tests.support import library_files
from tests.support.browser import has_params

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page


CARDS = "article[data-asset-id]"


def shown(page: Page) -> list[str]:
    """The ids of the cards, in order."""
    ids: list[str] = page.locator(CARDS).evaluate_all("cards => cards.map(c => c.dataset.assetId)")
    return ids


def first_card(page: Page) -> Locator:
    """The first card, under the pointer, so that its controls are there."""
    card = page.locator(CARDS).first
    card.hover()
    return card


def total(page: Page) -> int:
    """How many were found."""
    return int(str(page.locator("[data-total-hits]").get_attribute("data-total-hits")))


def query(page: Page) -> list[tuple[str, str]]:
    """What the address says."""
    return parse_qsl(urlsplit(page.url).query)


def search(page: Page, words: str) -> None:
    """Type words into the one form, send it, and wait for the page that answers them."""
    page.goto("/")
    page.locator("form#search input[name=query]").fill(words)
    page.locator("form#search input[name=query]").press("Enter")
    page.wait_for_url(has_params(query=words))
    expect(page.locator(f"form#search input[name=query][value='{words}']")).to_be_attached()


def steer(page: Page, name: str, parameter: str) -> str:
    """Press a control of the first card; return its id once it is in the search bar."""
    card = first_card(page)
    identity = str(card.get_attribute("data-asset-id"))
    card.get_by_role("button", name=name).or_(card.get_by_role("link", name=name)).first.click()
    page.wait_for_url(has_params(**{parameter: identity}))
    expect(page.locator(f"[data-{parameter}='{identity}']")).to_be_attached()
    return identity


def turn(page: Page, way: str, number: int) -> None:
    """Go to the next or the previous page, which has this number."""
    pagination = page.get_by_role("navigation", name="Pagination")
    pagination.locator(f"a[rel={way}]").click()
    page.wait_for_url(has_params(page=str(number)))
    expect(pagination.locator("[aria-current=page]")).to_have_text(str(number))


def test_the_first_page_shows_the_newest(any_page: Page) -> None:
    """Without a search: every file of the library, as cards with pictures that load."""
    any_page.goto("/")
    assert total(any_page) == library_files.PICTURES + 3
    card = any_page.locator("article[data-kind=image]").first
    image = card.locator("img")
    assert image.get_attribute("alt")
    assert int(str(image.get_attribute("width"))) > 0
    assert int(str(image.get_attribute("height"))) > 0
    assert any_page.request.get(str(image.get_attribute("src"))).ok


def test_search_in_words(any_page: Page) -> None:
    """Words find the files that have them, a mistyped one as well."""
    search(any_page, "dragon")
    names = any_page.locator("article[data-asset-id]").all_inner_texts()
    assert all("dragon" in name.lower() for name in names[:10])
    found = shown(any_page)
    search(any_page, "dragno")
    assert set(shown(any_page)) & set(found)


def test_names_stand_below_the_pictures(any_page: Page) -> None:
    """By a display setting in the URL; otherwise only under the pointer."""
    any_page.goto("/?kind=image")
    name = any_page.locator(f"{CARDS} .caption").first
    expect(name).to_have_css("opacity", "0")
    any_page.locator("summary", has_text="View").click()
    any_page.get_by_role("link", name="Names below the pictures").click()
    any_page.wait_for_url(re.compile(r"\?kind=image&names=on$"))
    expect(name).to_have_css("opacity", "1")
    picture = any_page.locator(f"{CARDS} .picture").first.bounding_box()
    below = name.bounding_box()
    assert picture is not None
    assert below is not None
    assert below["y"] >= picture["y"] + picture["height"]


def test_words_that_nothing_has_show_what_is_near(page: Page) -> None:
    """A picture of it leads to its page, from there to the next one, and back."""
    search(page, "stronghold")
    assert page.locator("[data-total-hits]").get_attribute("data-total-hits") == "0"
    near = page.locator(".closest-hits .card .picture")
    expect(near.nth(7)).to_be_attached()
    near.first.click()
    page.wait_for_url("**/assets/**")
    first = page.url
    page.get_by_role("link", name="Next result").click()
    page.wait_for_url(lambda url: "/assets/" in url and url != first)
    page.get_by_role("link", name="Back to").click()
    page.wait_for_url(re.compile(r"/\?query=stronghold$"))


def test_exact_words_that_nothing_has_show_what_is_near(page: Page) -> None:
    """A row of it, which leads to all that is near in meaning."""
    page.goto("/?query=stronghold&querySemanticRatio=0")
    near = page.locator(".closest a")
    expect(near).to_have_count(8)
    near.first.click()
    page.wait_for_url("**/assets/**")
    page.get_by_role("link", name="Back to").click()
    page.wait_for_url(re.compile(r"/\?query=stronghold&querySemanticRatio=1$"))
    assert shown(page)


def test_find_similar(any_page: Page) -> None:
    """The picture replaces the text of the search and is not among the results."""
    search(any_page, "red castle")
    identity = steer(any_page, "Find similar", "like")
    assert query(any_page) == [("like", identity)]
    assert any_page.locator(f"[data-like='{identity}']").count() == 1
    found = shown(any_page)
    assert identity not in found
    assert found


def test_more_and_less_like_this(any_page: Page) -> None:
    """Likes and unlikes are in the search bar, combine with the text, and can be removed."""
    search(any_page, "castle")
    liked = steer(any_page, "More like this", "like")
    unliked = steer(any_page, "Less like this", "unlike")
    assert dict(query(any_page)) == {"query": "castle", "like": liked, "unlike": unliked}
    assert not {liked, unliked} & set(shown(any_page))
    any_page.locator(f"[data-unlike='{unliked}']").get_by_role("link", name="Remove").click()
    any_page.wait_for_url(lambda url: "unlike=" not in url)
    expect(any_page.locator("[data-unlike]")).to_have_count(0)
    assert dict(query(any_page)) == {"query": "castle", "like": liked}


def test_paging_shows_each_asset_once(any_page: Page) -> None:
    """Next until the end: nothing twice, nothing missing, and back again."""
    any_page.goto("/?hitsPerPage=24")
    seen = shown(any_page)
    pages = -(-total(any_page) // 24)
    for number in range(2, pages + 1):
        turn(any_page, "next", number)
        seen += shown(any_page)
    assert len(seen) == len(set(seen)) == total(any_page)
    assert any_page.locator("nav[aria-label=Pagination] a[rel=next]").count() == 0
    turn(any_page, "prev", pages - 1)
    assert dict(query(any_page))["page"] == str(pages - 1)


def test_an_asset_leads_back_to_its_search(any_page: Page) -> None:
    """The picture large, what is known of it, and the way back."""
    search(any_page, "coin")
    before = shown(any_page)
    first_card(any_page).locator("a").first.click()
    any_page.wait_for_url("**/assets/**")
    assert any_page.locator("h1").inner_text()
    any_page.locator("summary", has_text="Download").click()
    first = any_page.locator(".downloads a").first
    assert first.is_visible()
    assert any_page.request.get(str(first.get_attribute("href"))).ok
    any_page.locator("summary", has_text="Download").click()
    any_page.get_by_role("link", name="Back to").click()
    any_page.wait_for_url("**/?query=coin**")
    assert shown(any_page) == before


def test_a_picture_of_mine_steers_the_search(any_page: Page) -> None:
    """An upload becomes a reference in the address, and finds what looks like it."""
    any_page.goto("/")
    any_page.locator("summary", has_text="By picture").click()
    upload = any_page.locator("form[action='/references']")
    upload.locator("input[name=image]").set_input_files(
        {"name": "mine.png", "mimeType": "image/png", "buffer": library_files.example()}
    )
    upload.get_by_role("button", name="More like").click()
    any_page.wait_for_url("**like=ref_**")
    expect(any_page.locator("[data-like^=ref_]")).to_have_count(1)
    assert dict(query(any_page))["like"].startswith("ref_")
    assert shown(any_page)


def test_a_part_of_a_picture_steers_the_search(any_page: Page) -> None:
    """From an asset's page; without scripts the numbers say where it is."""
    any_page.goto("/?kind=image&query=castle")
    first_card(any_page).locator("a.picture").click()
    any_page.wait_for_url("**/assets/**")
    any_page.get_by_role("link", name="Search by crop").click()
    any_page.wait_for_url("**/part?**")
    any_page.get_by_label("Left").fill("10")
    any_page.get_by_label("Width").fill("30.5")
    any_page.locator("#crop").get_by_role("button", name="Find similar").click()
    any_page.wait_for_url("**like=ref_**")
    expect(any_page.locator("[data-like^=ref_]")).to_have_count(1)
    assert [name for name, _ in query(any_page)] == ["like", "kind"]
    assert shown(any_page)


def test_a_box_is_drawn_moved_and_resized(page: Page) -> None:
    """By dragging; a click is no box. The numbers follow it, and it follows the numbers."""
    page.goto("/?kind=image&query=castle")
    first_card(page).locator("a.picture").click()
    page.wait_for_url("**/assets/**")
    page.get_by_role("link", name="Search by crop").click()
    page.wait_for_url("**/part?**")
    box = page.locator("crop-box .box")
    expect(box).to_be_visible()
    edge = page.locator("crop-box").bounding_box()
    assert edge is not None

    def drag(*places: tuple[int, int]) -> list[int]:
        for at, (across, down) in enumerate(places):
            x = edge["x"] + edge["width"] * across / 100
            page.mouse.move(x, edge["y"] + edge["height"] * down / 100)
            if at == 0:
                page.mouse.down()
        page.mouse.up()
        sides = ("Left", "Top", "Width", "Height")
        return [round(float(page.get_by_label(side).input_value())) for side in sides]

    assert drag((30, 30), (50, 40), (70, 60)) == [30, 30, 40, 30]
    assert drag((90, 80), (70, 75), (50, 60)) == [50, 60, 40, 20]
    assert drag((60, 70), (40, 30), (20, 20)) == [10, 10, 40, 20]
    assert drag((50, 30), (60, 60)) == [10, 10, 50, 50]
    assert drag((80, 80), (80, 80)) == [10, 10, 50, 50]
    assert drag((30, 30), (100, 100)) == [50, 50, 50, 50]
    page.get_by_label("Left").fill("20")
    expect(box).to_have_attribute("style", re.compile("left: 20%"))


@pytest.mark.parametrize("scripted", [True, False], ids=["scripted", "unscripted"])
def test_a_copied_link_shows_the_same_page_in_another_browser(
    any_page: Page, other_browser: Callable[..., Page], scripted: bool
) -> None:
    """Words, an unlike and the second page: the link alone brings all of it back."""
    search(any_page, "castle")
    any_page.goto(f"{any_page.url}&hitsPerPage=24&querySemanticRatio=1")
    unliked = steer(any_page, "Less like this", "unlike")
    turn(any_page, "next", 2)
    stranger = other_browser(java_script_enabled=scripted)
    stranger.goto(any_page.url)
    assert stranger.url == any_page.url
    assert shown(stranger) == shown(any_page)
    assert total(stranger) == total(any_page)
    assert stranger.locator(f"[data-unlike='{unliked}']").count() == 1
    assert stranger.context.cookies() == []


@pytest.mark.parametrize("scripted", [True, False], ids=["to scripts", "to none"])
def test_the_whole_way_in_one_go(
    any_page: Page, other_browser: Callable[..., Page], scripted: bool
) -> None:
    """Text, find similar, less like this, the next page, and its link in another browser."""
    search(any_page, "castle")
    any_page.goto(f"{any_page.url}&hitsPerPage=24")
    liked = steer(any_page, "Find similar", "like")
    unliked = steer(any_page, "Less like this", "unlike")
    first = shown(any_page)
    turn(any_page, "next", 2)
    asked = [("like", liked), ("unlike", unliked), ("page", "2"), ("hitsPerPage", "24")]
    assert query(any_page) == asked
    assert not {liked, unliked, *first} & set(shown(any_page))
    stranger = other_browser(java_script_enabled=scripted)
    stranger.goto(any_page.url)
    assert (stranger.url, shown(stranger)) == (any_page.url, shown(any_page))
    assert stranger.context.cookies() == []


def test_the_same_search_as_json(page: Page) -> None:
    """/search.json speaks the page's words and lists the same assets."""
    page.goto("/?query=tree&hitsPerPage=24")
    answer = page.request.get("/search.json?query=tree&hitsPerPage=24").json()
    assert [hit["id"] for hit in answer["hits"]] == shown(page)
    assert answer["totalHits"] == total(page)
