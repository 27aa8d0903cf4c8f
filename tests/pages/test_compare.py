"""Two assets beside each other, or one over the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.scenario_api import FakeAPI, answer, asset_id

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from flask.testing import FlaskClient

    from tests.support.soup import Soup

A, B, C = asset_id(0), asset_id(8), asset_id(16)


def facts(found: BeautifulSoup) -> dict[str, tuple[str, ...]]:
    """The table: two values where they differ, one where they agree."""
    rows = found.select("table.facts tbody tr")
    return {
        row.th.get_text(): tuple(cell.get_text() for cell in row.find_all("td"))
        for row in rows
        if row.th and row.td
    }


def test_two_assets_stand_side_by_side(soup: Soup) -> None:
    """In the order of the address."""
    found = soup(f"/compare?a={A}&b={B}")
    shown = [image["data-asset-id"] for image in found.select(".pair img")]
    assert shown == [A, B]
    links = [link["href"] for link in found.select("table.facts thead a")]
    assert links == [f"/assets/{A}", f"/assets/{B}"]


def test_differing_fields_are_marked(soup: Soup) -> None:
    """Both values, or the one that they share."""
    found = facts(soup(f"/compare?a={A}&b={B}"))
    assert found["Seed"] == ("4000000000", "4000000008")
    assert found["Pixels"] == ("1024 × 1024", "1344 × 768")
    assert found["Model"] == ("Model model_0", "Model model_2")
    assert found["Tags"] == ("castle, synthetic", "dragon, synthetic")
    assert found["Kind"] == ("Image",)
    assert found["Steps"] == ("28",)
    assert "Id" not in found


def test_a_fact_that_one_lacks_is_a_difference(soup: Soup, api: FakeAPI) -> None:
    """Shown as a dash."""
    odd = api.healthy.hit(8) | {"metadata": {"kind": "image", "name": "odd"}}
    api.always(answer({"asset": odd}), on=f"/v1/assets/{B}")
    found = facts(soup(f"/compare?a={A}&b={B}"))
    assert found["Seed"] == ("4000000000", "–")


def test_a_slider_lays_one_over_the_other(soup: Soup) -> None:
    """A range that a keyboard can move, with a name."""
    found = soup(f"/compare?a={A}&b={B}&view=slider")
    slider = found.select_one("compare-slider")
    assert slider
    assert [image["data-asset-id"] for image in slider.find_all("img")] == [A, B]
    control = slider.find("input")
    assert control
    assert (control["type"], control["value"]) == ("range", "50")
    assert control["aria-label"] == "Share of the left picture that is shown"


@pytest.mark.parametrize("way", ["side", "slider"])
def test_a_white_sprite_has_a_ground_that_it_stands_out_from(
    soup: Soup, api: FakeAPI, way: str
) -> None:
    white = api.healthy.hit(8)
    white["thumbnail"] = {"url": "https://cdn.cloud.scenario.com/t", "lightness": 1.0}
    api.always(answer({"asset": white}), on=f"/v1/assets/{B}")
    images = soup(f"/compare?a={A}&b={B}&view={way}").select(".compare img")
    marked = [bool(each.find_parent(class_="light-picture")) for each in images]
    own = ["light-picture" in each["class"] for each in images]
    assert [a or b for a, b in zip(marked, own, strict=True)] == [False, True]


def test_each_way_is_a_link(soup: Soup) -> None:
    """To the same two, from the same search."""
    found = soup(f"/compare?a={A}&b={B}&query=castle&kind=image")
    links = [
        (link.get_text(strip=True), link["href"], link.get("aria-current"))
        for link in found.select("nav.compare-modes a")
    ]
    rest = "query=castle&kind=image"
    assert links == [
        ("Side by side", f"/compare?a={A}&b={B}&{rest}", "true"),
        ("Slider", f"/compare?a={A}&b={B}&view=slider&{rest}", None),
        ("", f"/compare?a={B}&b={A}&{rest}", None),
    ]
    back = found.select_one("a.back")
    assert back
    assert back["href"] == "/?query=castle&kind=image"


@pytest.mark.parametrize(
    ("asked", "leads_to"),
    [
        (f"/compare?id={A}&id={B}", f"/compare?a={A}&b={B}"),
        (
            f"/compare?id={A}&id={B}&id={C}&view=slider&query=x",
            f"/compare?a={A}&b={B}&id={A}&id={B}&id={C}&view=slider&query=x",
        ),
        (f"/compare?a={A}&id={B}&view=slider", f"/compare?a={A}&b={B}&view=slider"),
    ],
)
def test_the_first_two_that_were_picked_are_compared(
    client: FlaskClient, asked: str, leads_to: str
) -> None:
    """Under the address of the comparison."""
    response = client.get(asked)
    assert (response.status_code, response.headers["Location"]) == (303, leads_to)


def test_up_to_eight_are_compared(soup: Soup) -> None:
    """The others are not lost: the selection is a link."""
    ids = [asset_id(8 * n) for n in range(10)]
    path = "&".join(f"id={each}" for each in ids)
    page = soup(f"/compare?{path}&query=x")
    assert [image["data-asset-id"] for image in page.select(".pair img")] == ids[:8]
    assert len(page.select("table.facts thead th")) == 8
    assert {len(row.select("td")) for row in page.select("table.facts tbody tr")} <= {0, 1, 8}
    notice = page.select_one(".compare .notice")
    assert notice
    assert notice.get_text(strip=True) == "These are the first 8 of 10 selected.Select others"
    assert [link["href"] for link in notice.select("a")] == [f"/selection?{path}&query=x"]
    ways = {a.get_text(): a["href"] for a in page.select("nav.compare-modes a")}
    assert ways["Side by side"] == f"/compare?{path}&query=x"
    slider = soup(ways["Slider"])
    assert len(slider.select("compare-slider img")) == 2
    assert "These are the first two of 10 selected." in slider.select(".compare .notice")[0].text
    assert soup(f"/compare?id={A}&id={B}&query=x").select(".compare .notice") == []


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("", []),
        (f"?a={A}&query=x", [A]),
        (f"?a={A}&b={A}", [A]),
        (f"?a={A}&b=../x", [A]),
        (f"?id={A}", [A]),
    ],
)
def test_it_takes_two(soup: Soup, query: str, kept: list[str]) -> None:
    """One is not enough, and the same one is no other: the selection is shown, with what to do."""
    page = soup(f"/compare{query}", status=400)
    assert [card["data-asset-id"] for card in page.select(".card")] == kept
    assert [" ".join(each.get_text(" ").split()) for each in page.select(".notices li")] == [
        "Compare : It takes two assets. Go back, tick one more, and press Compare again."
    ]
    assert [link["href"] for link in page.select("a.back")] == [
        "/?query=x" if "query=x" in query else "/"
    ]


def test_an_unknown_asset_is_reported(client: FlaskClient) -> None:
    """With its status."""
    assert client.get(f"/compare?a={A}&b=asset_gone").status_code == 404


def test_nonsense_is_the_first_way(soup: Soup) -> None:
    """A page is lenient."""
    assert soup(f"/compare?a={A}&b={B}&view=²").select_one(".pair")
