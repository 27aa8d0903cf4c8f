"""The results page as a reader gets it: the bar, the grid, the count, the way on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.query.params import pairs_of
from app.query.search import Search
from tests.faults.synthetic import hit
from tests.support.scenario_api import CDN, answer, asset_id, page

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from flask.testing import FlaskClient

    from tests.support.scenario_api import FakeAPI
    from tests.support.soup import Soup


def ids(soup: BeautifulSoup) -> list[str]:
    """The assets in the grid, in order."""
    return [str(card["data-asset-id"]) for card in soup.select("article[data-asset-id]")]


def image(number: int) -> dict[str, object]:
    """A synthetic hit that is an image with a thumbnail."""
    return hit(number, cdn=CDN)


# --- requests to the API -----------------------------------------------------------------------


def test_with_nothing_given_the_newest_are_shown(soup: Soup, api: FakeAPI) -> None:
    """Through a filter that is always true, for the API refuses an empty search."""
    shown = soup("/")
    assert api.body() == {
        "filter": 'createdAt >= "1970-01-01"',
        "sortBy": ["createdAt:desc"],
        "page": 1,
        "hitsPerPage": 48,
    }
    assert ids(shown) == [asset_id(number) for number in range(119, 71, -1)]


def test_parameters_become_the_request(soup: Soup, api: FakeAPI) -> None:
    """Words, examples, filters, order and page arrive at the API."""
    like, unlike = asset_id(8), asset_id(16)
    soup(
        f"/?query=castle&querySemanticRatio=0.5&like={like}&unlike={unlike}&imageSemanticRatio=0.5"
        "&kind=image&width=512..&nsfw=hide&filter=seed+%3D+1&public=true&page=2&hitsPerPage=5"
    )
    assert api.body() == {
        "query": "castle",
        "querySemanticRatio": 0.5,
        "images": {"like": [like], "unlike": [unlike]},
        "imageSemanticRatio": 0.5,
        "filter": 'kind IN ["image"] AND width >= 512 AND nsfw IS EMPTY AND (seed = 1)',
        "public": True,
        "page": 2,
        "hitsPerPage": 5,
    }


def test_originals_are_requested_in_the_query_string(soup: Soup, api: FakeAPI) -> None:
    """As the API wants it."""
    soup("/?originalAssets=true")
    assert api.received()[-1].query == {"originalAssets": "true"}


def test_a_clumsy_address_leads_to_the_canonical_one(client: FlaskClient, api: FakeAPI) -> None:
    """The redirect is sent before any request to the API."""
    response = client.get("/?tags=b&query=+red++dragon&page=1&tags=a")
    assert (response.status_code, response.headers["Location"]) == (
        302,
        "/?query=red+dragon&tags=a&tags=b",
    )
    assert api.requests == []


def test_the_canonical_address_is_named_in_the_page(soup: Soup) -> None:
    """The canonical URL is the one to share."""
    shown = soup("/?query=castle&page=2&hitsPerPage=5")
    canonical = shown.find("link", rel="canonical")
    assert canonical is not None
    assert canonical["href"] == "http://localhost/?query=castle&page=2&hitsPerPage=5"


# --- the grid ----------------------------------------------------------------------------------


def test_a_card_has_what_belongs_to_a_picture(soup: Soup, api: FakeAPI) -> None:
    """The picture with its dimensions, the name, size and kind, and a link to the asset's page."""
    api.next(page(image(8)))
    (card,) = soup("/?query=x").select("article[data-asset-id]")
    picture = card.find("img")
    assert picture is not None
    assert str(picture["src"]).startswith(f"{CDN}/thumbnails/{asset_id(8)}?Policy=")
    sent = image(8)["metadata"]
    assert isinstance(sent, dict)
    assert (picture["width"], picture["height"]) == (str(sent["width"]), str(sent["height"]))
    assert picture["alt"] == " ".join(sent["prompt"].split())
    text = " ".join(card.get_text(" ").split())
    assert sent["name"] in text
    assert f"{sent['width']} × {sent['height']}" in text
    assert "Image" in text
    link = card.find("a", class_="picture")
    assert link is not None
    assert link["href"] == f"/assets/{asset_id(8)}?query=x"


def test_each_card_has_the_three_steering_actions(soup: Soup) -> None:
    """As buttons of the one form, which work without JavaScript, each named for who cannot see."""
    cards = soup("/").select("article[data-asset-id]")
    assert len(cards) == 48
    for card in cards:
        buttons = card.select('button[form="search"]')
        assert [(b["name"], b["value"]) for b in buttons] == [
            (name, card["data-asset-id"]) for name in ("similar", "like", "unlike")
        ]
        names = [str(button["aria-label"]) for button in buttons]
        starts = ("Find similar", "More like this", "Less like this")
        assert [name.startswith(start) for name, start in zip(names, starts, strict=True)] == [
            True,
            True,
            True,
        ]
        # where there is no style sheet there are no icons either
        assert tuple(" ".join(button.get_text().split()) for button in buttons) == starts


def test_the_first_row_is_eager_and_the_rest_lazy(soup: Soup) -> None:
    """The pictures at the top have a higher fetch priority."""
    pictures = soup("/?kind=image&hitsPerPage=100").select("article img")
    loading = [picture.get("loading") for picture in pictures]
    assert loading.count("lazy") > 20
    assert loading[-1] == "lazy"
    eager = loading.index("lazy")
    assert loading == ["eager"] * eager + ["lazy"] * (len(loading) - eager)
    assert [p.get("fetchpriority") for p in pictures].count("high") <= 1


def test_a_grid_loads_no_original(soup: Soup) -> None:
    """Of no kind, in no attribute of a picture: an original can have 28 MB.

    A sound is loaded when its button is pressed, and not before.
    """
    shown = soup("/?hitsPerPage=100")
    addresses = [
        address.split(" ")[0]
        for picture in shown.select(
            "article img, article source, article video, article audio:not([preload=none])"
        )
        for name in ("src", "srcset", "poster")
        for address in str(picture.get(name, "")).split(", ")
        if address
    ]
    assert len(addresses) > 100
    assert [address for address in addresses if "/assets/" in address] == []
    transformed = [address for address in addresses if "/assets-transform/" in address]
    assert transformed
    assert [address for address in transformed if "width=" not in address] == []


def test_every_picture_has_its_box_and_its_words(soup: Soup) -> None:
    """Without layout shifts while they load, and with texts for screen readers."""
    pictures = soup("/?hitsPerPage=100").select("article img")
    assert len(pictures) > 20
    for picture in pictures:
        assert int(str(picture["width"])) > 0
        assert int(str(picture["height"])) > 0
        assert str(picture["alt"]).strip()


def test_a_kind_without_a_picture_shows_its_glyph(soup: Soup, api: FakeAPI) -> None:
    """With words for who cannot see it."""
    api.next(page({"id": "asset_1", "metadata": {"kind": "audio", "name": "Drum"}}))
    (card,) = soup("/?query=x").select("article[data-asset-id]")
    assert card.find("img") is None
    assert card.find("svg") is not None
    assert "Drum" in card.get_text()


# --- the bar -----------------------------------------------------------------------------------


def test_chosen_pictures_stand_in_the_bar_and_can_be_removed(soup: Soup) -> None:
    """With their sign, a thumbnail that outlives its signature, and a link without them."""
    like, unlike = asset_id(8), asset_id(16)
    shown = soup(f"/?query=castle&like={like}&unlike={unlike}&page=2&hitsPerPage=5")
    (liked,), (unliked,) = shown.select("[data-like]"), shown.select("[data-unlike]")
    assert (liked["data-like"], unliked["data-unlike"]) == (like, unlike)
    removals = [each.select_one("a.remove") for each in (liked, unliked)]
    assert [removal["href"] for removal in removals if removal] == [
        f"/?query=castle&unlike={unlike}&hitsPerPage=5",
        f"/?query=castle&like={like}&hitsPerPage=5",
    ]
    firsts = [each.find("a") for each in (liked, unliked)]
    assert firsts == removals  # what a keyboard meets first, whatever else can be done with it
    pictures = [each.find("img") for each in (liked, unliked)]
    assert [str(picture["src"]).partition("?")[0] for picture in pictures if picture] == [
        f"/assets/{like}/image",
        f"/assets/{unlike}/image",
    ]
    names = [str(picture["alt"]) for picture in pictures if picture]
    assert names == ["Like: dragon 8", "Unlike: tree 16"]


def test_the_words_stay_in_their_field(soup: Soup) -> None:
    """Whatever they are."""
    field = soup("/?query=%3Cb%3E%22red%22+%26+blue").select_one('#search input[name="query"]')
    assert field is not None
    assert field["value"] == '<b>"red" & blue'


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("sortBy", {"", "createdAt:asc", "width:desc", "score:desc"}),
        ("hitsPerPage", {"24", "48", "96"}),
    ],
)
def test_order_and_page_size_can_be_chosen(soup: Soup, name: str, least: set[str]) -> None:
    """In the same form, the present choice marked."""
    choice = soup(f"/?{name}={max(least)}").select_one(f'select[name="{name}"]')
    assert choice is not None
    assert choice["form"] == "search"
    assert least <= {str(option["value"]) for option in choice.find_all("option")}
    assert [option["value"] for option in choice.select("option[selected]")] == [max(least)]


def test_an_order_without_effect_is_reported(soup: Soup, api: FakeAPI) -> None:
    """While words are searched by meaning the API ignores it."""
    shown = soup("/?query=castle&querySemanticRatio=0.5&sortBy=width:asc")
    assert api.body()["sortBy"] == ["width:asc"]
    assert "Sorting has no effect" in shown.get_text()
    assert "Sorting has no effect" not in soup("/?query=castle&sortBy=width:asc").get_text()


# --- counts and pages --------------------------------------------------------------------------


def test_the_count_is_exact(soup: Soup) -> None:
    """As a number for programs, and in words."""
    count = soup("/?query=castle").select_one("[data-total-hits]")
    assert count is not None
    assert (count["data-total-hits"], count.get_text(strip=True)) == ("18", "18 results")


def test_an_estimate_is_never_shown_as_a_count(soup: Soup, api: FakeAPI) -> None:
    """It can be large although the list is empty: the page counts what it shows."""
    estimated = {"offset": 20, "limit": 20, "estimatedTotalHits": 123_456}
    api.next(answer({"hits": [image(8), image(16)], **estimated}))
    shown = soup("/?offset=20&limit=20")
    assert shown.select("[data-total-hits]") == []
    text = shown.get_text().replace("\u202f", "")
    assert "123456" not in text
    assert "Results 21 to 22" in text


def test_pages_are_linked_both_ways_and_by_number(soup: Soup) -> None:
    """120 assets, 10 a page, in the middle."""
    shown = soup("/?page=6&hitsPerPage=10")
    nav = shown.find("nav", attrs={"aria-label": "Pagination"})
    assert nav is not None
    assert [str(link["href"]) for link in nav.select('a[rel="prev"]')] == [
        "/?page=5&hitsPerPage=10"
    ]
    assert [str(link["href"]) for link in nav.select('a[rel="next"]')] == [
        "/?page=7&hitsPerPage=10"
    ]
    numbers = [link.get_text(strip=True) for link in nav.select("ol a")]
    assert numbers == ["1", "3", "4", "5", "6", "7", "8", "9", "12"]
    current = nav.select('[aria-current="page"]')
    assert [link.get_text(strip=True) for link in current] == ["6"]
    first = nav.select("ol a")[0]
    assert first["href"] == "/?hitsPerPage=10"


@pytest.mark.parametrize(
    ("path", "rels"),
    [
        ("/?hitsPerPage=100", ["next"]),
        ("/?page=2&hitsPerPage=100", ["prev"]),
        ("/?query=castle", []),
        ("/?offset=100&limit=10", ["prev", "next"]),
    ],
)
def test_there_is_a_way_on_only_where_there_is_more(soup: Soup, path: str, rels: list[str]) -> None:
    """And a way back only where there is something before."""
    links = soup(path).select('nav[aria-label="Pagination"] a[rel]')
    assert [str(link["rel"][0]) for link in links] == rels


def test_following_next_shows_every_asset_once(soup: Soup) -> None:
    """From the first page to the last, by the page's own links."""
    seen: list[str] = []
    path: str | None = "/?hitsPerPage=50"
    while path:
        shown = soup(path)
        seen += ids(shown)
        link = shown.select_one('nav[aria-label="Pagination"] a[rel="next"]')
        path = str(link["href"]) if link else None
    assert seen == [asset_id(number) for number in range(119, -1, -1)]


# --- nothing, and nonsense ---------------------------------------------------------------------


def test_nothing_found_has_its_next_step_beside_it(soup: Soup) -> None:
    """Each condition can be taken away by a link."""
    shown = soup("/?query=unheard-of&kind=image")
    assert ids(shown) == []
    links = {str(link["href"]) for link in shown.select("main a[href]")}
    assert {"/?kind=image", "/?query=unheard-of"} <= links


def test_a_page_beyond_the_last_leads_back(soup: Soup) -> None:
    """Without claiming that nothing was found."""
    shown = soup("/?page=99")
    assert ids(shown) == []
    assert "/" in {str(link["href"]) for link in shown.select("section.results a[href]")}


def test_invalid_parameters_are_omitted_and_reported(soup: Soup, api: FakeAPI) -> None:
    """The page is shown without it."""
    shown = soup("/?query=castle&page=%C2%B2&colour=red")
    assert api.body()["page"] == 1
    said = [item.find("b").get_text() for item in shown.select(".notices li")]  # type: ignore[union-attr]
    assert said == ["page", "colour"]


def test_each_condition_is_a_chip_that_removes_itself(soup: Soup) -> None:
    """A link to the search without it."""
    shown = soup("/?query=castle&kind=image&tags.not=draft&width=512..&nsfw=hide&public=true")
    links = [str(chip["href"]) for chip in shown.select('[aria-label="Active filters"] a')]
    search = Search.parse(
        pairs_of("query=castle&kind=image&tags.not=draft&width=512..&nsfw=hide&public=true")
    )
    assert links == [
        search.without(name).url() for name in ("kind", "tags.not", "width", "nsfw", "public")
    ]


def test_a_full_side_takes_no_more_and_says_why(soup: Soup) -> None:
    """Twenty likes are the most; the other side has its room."""
    likes = "&".join(f"like={asset_id(number)}" for number in range(20))
    shown = soup(f"/?{likes}")
    card = shown.select(".card-actions")[-1]
    reason = "20 likes are the most: remove one to add another"
    buttons = {button["name"]: button for button in card.select("button")}
    assert [name for name, button in buttons.items() if button.has_attr("disabled")] == ["like"]
    assert buttons["like"]["title"] == reason
    assert f"{reason}." in [notice.get_text(strip=True) for notice in shown.select(".notice")]
    assert shown.select(".upload button[value=like][disabled]")
    assert not soup(f"/?{likes.partition('&')[2]}").select("button[disabled]")


def test_a_sound_has_its_player_in_the_grid(soup: Soup) -> None:
    """What makes no sound has none, and costs nothing."""
    cards = soup("/?hitsPerPage=24").select(".card")
    assert {str(card["data-kind"]) for card in cards if card.find("audio")} == {"audio"}
    player = next(card for card in cards if card.find("audio")).select_one("sound-player audio")
    assert player is not None
    assert (player["preload"], player.has_attr("controls")) == ("none", True)
    assert str(player["src"]).startswith(CDN)
