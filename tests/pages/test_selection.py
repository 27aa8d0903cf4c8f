"""The selection: its page, links to it, archive, contact sheet, and use as likes."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from PIL import Image

from tests.support.forms import submitted
from tests.support.scenario_api import CDN, FakeAPI, answer, asset_id, make_app_with_cdn, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from bs4 import BeautifulSoup
    from flask import Flask
    from flask.testing import FlaskClient

    from tests.support.soup import Soup

FORM = "application/x-www-form-urlencoded"
A, B, C = asset_id(0), asset_id(8), asset_id(1)  # two images and a video


@pytest.fixture
def app(api: FakeAPI, tmp_path: Path) -> Flask:
    """With a CDN."""
    return make_app_with_cdn(api, tmp_path)


def picked(soup: BeautifulSoup) -> list[str]:
    """The ids whose boxes are ticked, in order."""
    return [str(box["value"]) for box in soup.select("input.pick[checked]")]


# --- the page ----------------------------------------------------------------------------------


def test_what_was_picked_is_shown_ticked_in_its_order(soup: Soup) -> None:
    """With its count, and the way back to its search."""
    found = soup(f"/selection?id={B}&id={A}&id={C}&id={A}&query=castle&kind=image")
    assert picked(found) == [B, A, C]
    assert found.h1
    assert found.h1.get_text() == "3 assets selected"
    back = found.select_one("a.back")
    assert back
    assert (back.get_text(strip=True), back["href"]) == (
        "Back to “castle”",
        "/?query=castle&kind=image",
    )


def test_its_form_says_the_same_selection(soup: Soup) -> None:
    """So every button of it is about exactly what is ticked."""
    address = f"/selection?id={B}&id={A}&query=castle&kind=image&stacks=on"
    found = soup(address)
    form = found.find("form", id="selection")
    assert form
    assert (form["action"], form["method"]) == ("/selection", "get")
    assert sorted(submitted(found, "selection")) == sorted(parse_qsl(urlsplit(address).query))
    buttons = [each for each in form.find_all("button") if each.get("formaction") != "/edit"]
    assert [(each.get_text(strip=True), each.get("formaction")) for each in buttons] == [
        ("ZIP", "/selection.zip"),
        ("Contact sheet", "/selection.png"),
        ("PDF", "/selection.pdf"),
        ("CSV", "/selection.csv"),
        ("Provenance", "/selection/provenance"),
        ("Compare", "/compare"),
        ("Ask the team", "/reviews/new"),
        ("More like these", "/selection/like"),
        ("Tags and collections", "/selection/edit"),
        ("Store", "/selections"),
        ("Remove unchecked", None),
    ]


@pytest.mark.parametrize(("count", "title"), [(8, None), (9, "Compares the first 8")])
def test_the_button_says_how_many_are_compared(soup: Soup, count: int, title: str | None) -> None:
    """Where not all of them are."""
    found = soup("/selection?" + urlencode([("id", asset_id(each)) for each in range(count)]))
    button = found.select_one("button[formaction='/compare']")
    assert button
    assert button.get("title") == title


def test_results_lead_to_it(soup: Soup) -> None:
    """The boxes of the grid are a form, which takes the search along."""
    found = soup("/?query=castle&hitsPerPage=24")
    form = found.find("form", id="selection")
    assert form
    assert form["action"] == "/selection"
    assert submitted(found, "selection") == [("query", "castle"), ("hitsPerPage", "24")]
    boxes = found.select("input.pick")
    assert len(boxes) == len(found.select("article.card"))
    assert {(box["name"], box["form"]) for box in boxes} == {("id", "selection")}


def test_links_and_ids_can_be_copied(soup: Soup) -> None:
    """One a line; the links are permanent."""
    found = soup(f"/selection?id={A}&id={B}")
    links, ids = [each.get_text() for each in found.select(".actions pre.text")]
    assert links == f"http://localhost/assets/{A}\nhttp://localhost/assets/{B}"
    assert ids == f"{A}\n{B}"


def test_missing_assets_are_reported_and_omitted(soup: Soup) -> None:
    """The rest is shown."""
    found = soup(f"/selection?id={A}&id=asset_gone&id=../x")
    assert picked(found) == [A]
    assert [item.get_text() for item in found.select(".notices li")] == [
        "id “../x”: This cannot be the id of an asset.",
        "asset_gone: This asset does not exist. It was removed from the selection.",
    ]


def test_nothing_picked_has_a_way_on(soup: Soup) -> None:
    """Back to the search."""
    found = soup("/selection?query=castle")
    assert found.find("form", id="selection") is None
    link = found.select_one(".empty-state a.button")
    assert link
    assert link["href"] == "/?query=castle"


def test_a_large_selection_is_posted(client: FlaskClient, api: FakeAPI) -> None:
    """Proxies refuse URLs of that length; the API gets one request."""
    ids = [asset_id(number) for number in range(110)]
    body = urlencode([("id", each) for each in ids])
    response = client.post("/selection", data=body, content_type=FORM)
    text = response.get_data(as_text=True)
    assert re.findall(r'id="selection"[^>]*method="(\w+)"', text) == ["post"]
    assert text.count(" checked") == 110
    assert len(api.received("/v1/assets/get-bulk")) == 1


def test_too_many_assets_are_reported(client: FlaskClient) -> None:
    """One request to the API returns at most two hundred."""
    body = urlencode([("id", asset_id(number)) for number in range(210)])
    text = client.get(f"/selection?{body}").get_data(as_text=True)
    assert "Only the first 200 of 210 are used." in text
    refused = client.post("/selection.zip", data=body, content_type=FORM)
    assert refused.status_code == 400


# --- what can be done with it ------------------------------------------------------------------


def test_it_becomes_likes_of_its_search(client: FlaskClient) -> None:
    """The words and filters stay."""
    response = client.get(f"/selection/like?id={A}&id={B}&query=castle&kind=image&page=2")
    assert response.status_code == 303
    likes = "&".join(f"like={each}" for each in sorted((A, B)))
    assert response.headers["Location"] == f"/?query=castle&{likes}&kind=image"


def zipped(client: FlaskClient, path: str) -> tuple[zipfile.ZipFile, list[dict[str, object]]]:
    """The archive, checked, and its JSON."""
    response = client.get(path)
    assert (response.status_code, response.mimetype) == (200, "application/zip")
    found = zipfile.ZipFile(io.BytesIO(response.data))
    response.close()
    assert found.testzip() is None
    return found, json.loads(found.read("sources.json"))["files"]


def test_it_is_packed_with_its_originals(client: FlaskClient, api: FakeAPI) -> None:
    """Through fresh addresses, without the key."""
    found, told = zipped(client, f"/selection.zip?id={A}&id={B}")
    *files, last = found.namelist()  # files in the order of their arrival
    assert (sorted(files), last) == (["castle 0.png", "dragon 8.png"], "sources.json")
    assert found.read("castle 0.png").startswith(b"\x89PNG")
    assert [each["id"] for each in told] == [A, B]
    downloads = [each.path for each in api.requests if each.path.endswith("/download")]
    assert sorted(downloads) == sorted(f"/v1/assets/{each}/download" for each in (A, B))
    fetched = [each for each in api.requests if not each.path.startswith("/v1/")]
    assert len(fetched) == 2
    assert [each for each in fetched if "authorization" in each.headers] == []


def test_a_file_that_cannot_be_had_is_named(client: FlaskClient, api: FakeAPI) -> None:
    """Refused by the API, on a foreign origin, or missing: the archive is complete without them."""
    api.always(refusal(403, "Not yours"), on=f"/v1/assets/{A}/download")
    api.always(answer({"url": "http://169.254.169.254/latest"}), on=f"/v1/assets/{B}/download")
    api.always(answer({"url": f"{CDN}/assets/gone?p=100"}), on=f"/v1/assets/{C}/download")
    found, told = zipped(client, f"/selection.zip?id={A}&id={B}&id={C}&id=asset_gone")
    assert found.namelist() == ["sources.json"]
    assert [(each["id"], each["file"], each["error"]) for each in told] == [
        (A, None, "The server’s key has no access to this. Not yours"),
        (
            B,
            None,
            "A file is at an address that this server may not use. "
            "The file is at http://169.254.169.254.",
        ),
        (
            C,
            None,
            "This asset does not exist. The file is no longer at its address (404).",
        ),
        ("asset_gone", None, "This asset does not exist."),
    ]
    assert [each.path for each in api.requests if "latest" in each.path] == []


@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_it_becomes_a_contact_sheet(client: FlaskClient, kind: str) -> None:
    """As a file with a name."""
    response = client.get(f"/selection.{kind}?id={A}&id={B}&id={C}")
    assert response.status_code == 200
    disposition = response.headers["Content-Disposition"]
    assert disposition == f'attachment; filename="Akin 3 assets.{kind}"'
    if kind == "png":
        assert Image.open(io.BytesIO(response.data)).width == 1600
    else:
        assert response.data.startswith(b"%PDF-")


@pytest.mark.parametrize("kind", ["zip", "png", "pdf"])
@pytest.mark.parametrize("query", ["", "?id=asset_gone", "?query=castle"])
def test_nothing_is_no_file(client: FlaskClient, kind: str, query: str) -> None:
    """But a page that says so; in plain text for programs."""
    address = f"/selection.{kind}{query}"
    page = client.get(address, headers={"Accept": "text/html,application/xml;q=0.9,*/*;q=0.8"})
    assert (page.status_code, page.mimetype) == (400, "text/html")
    text = client.get(address, headers={"Accept": "*/*"})
    assert (text.status_code, text.mimetype) == (400, "text/plain")


@pytest.mark.parametrize("path", ["/selection", "/selection.zip", "/selection.png"])
def test_an_api_that_fails_is_an_error(client: FlaskClient, api: FakeAPI, path: str) -> None:
    """Told with its status."""
    api.always(refusal(500, "Internal error"), on="/v1/assets/get-bulk")
    assert client.get(f"{path}?id={A}").status_code == 502
