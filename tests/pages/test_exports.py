"""The same search as a table, as a picture and in a browser's own bar; what a link shows of it."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from bs4 import BeautifulSoup
from PIL import Image

from tests.support.scenario_api import FakeAPI, asset_id, make_app_with_cdn, page, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from tests.support.soup import Soup


@pytest.fixture
def app(api: FakeAPI, tmp_path: Path) -> Flask:
    """With a CDN."""
    return make_app_with_cdn(api, tmp_path)


def table(client: FlaskClient, path: str) -> list[list[str]]:
    """A CSV as a spreadsheet reads it."""
    response = client.get(path)
    assert response.status_code == 200
    text = response.get_data().decode("utf-8-sig")
    response.close()
    return list(csv.reader(io.StringIO(text, newline="")))


# --- CSV ---------------------------------------------------------------------------------------


@pytest.fixture
def api() -> FakeAPI:
    """An API with more assets than fit on two pages."""
    return FakeAPI(count=230)


def test_a_table_has_every_page_of_the_search(client: FlaskClient, api: FakeAPI) -> None:
    """Whatever page one was on; the body says the same search."""
    found = table(client, "/search.csv?tags=synthetic&page=2&hitsPerPage=24")
    assert [row[0] for row in found[1:]] == [asset_id(number) for number in range(229, -1, -1)]
    assert [(each.json["offset"], each.json["limit"]) for each in api.received()] == [
        (0, 100),
        (100, 100),
        (200, 100),
    ]
    assert {each.json["filter"] for each in api.received()} == {'tags IN ["synthetic"]'}


def test_a_table_says_where_files_are_where_the_answer_does(
    client: FlaskClient, api: FakeAPI
) -> None:
    """In a column that there is not otherwise."""
    assert "path" not in table(client, "/search.csv?query=castle")[0]
    found = api.healthy.hit(0)
    found["metadata"]["path"] = "a/b/tank.png"
    api.always(page(found))
    assert [row[-1] for row in table(client, "/search.csv?query=castle")] == [
        "path",
        "a/b/tank.png",
    ]


def test_a_table_is_a_file_with_the_name_of_its_search(client: FlaskClient) -> None:
    """In words."""
    response = client.get("/search.csv?query=castle&kind=image")
    assert response.mimetype == "text/csv"
    assert response.headers["Content-Disposition"] == (
        'attachment; filename="Akin castle  images.csv"; '
        "filename*=UTF-8''Akin%20castle%20%C2%B7%20images.csv"
    )
    assert response.headers["Cache-Control"] == "no-store"
    response.close()


def test_a_table_that_breaks_says_so_in_its_last_line(client: FlaskClient, api: FakeAPI) -> None:
    """The rows of the previous pages are in the file."""
    api.next("healthy", refusal(429, "Too many requests"))
    found = table(client, "/search.csv")
    assert len(found) == 102
    assert found[-1] == [
        "Stopped after 100 assets: The search quota is used up for now. Too many requests"
    ]


@pytest.mark.parametrize("path", ["/search.csv", "/search.atom", "/search.png"])
def test_a_file_that_cannot_be_made_is_an_error_in_plain_text(
    client: FlaskClient, api: FakeAPI, path: str
) -> None:
    """With an error status, so that no error page is saved as a table."""
    api.always(refusal(500, "Internal error"))
    response = client.get(path, headers={"Accept": "text/html"})
    assert (response.status_code, response.mimetype) == (502, "text/plain")
    assert "<" not in response.text
    assert "Internal error" in response.text


def test_a_table_has_a_most(api: FakeAPI, tmp_path: Path) -> None:
    """By a setting; no more pages are requested from the API."""
    client = make_app_with_cdn(api, tmp_path, export_rows=100).test_client()
    found = table(client, "/search.csv")
    assert len(found) == 102
    assert found[-1][0].startswith("Stopped after 100 assets: Too many items for one response")
    assert len(api.received()) == 2


def test_long_answers_take_turns(client: FlaskClient) -> None:
    """A few readers that are slow do not hold every thread; those that leave make room."""
    open_ones = [client.get("/search.csv", buffered=False) for _ in range(4)]
    refused = client.get("/search.csv")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    for each in open_ones:
        each.close()
    assert len(table(client, "/search.csv")) == 231


# --- pictures ----------------------------------------------------------------------------------


def test_a_search_is_a_picture(client: FlaskClient, api: FakeAPI) -> None:
    """Made of the first thumbnails of its page, fetched without the key."""
    response = client.get("/search.png?kind=image")
    picture = Image.open(io.BytesIO(response.data))
    assert (picture.format, picture.size) == ("PNG", (1200, 630))
    fetched = [each for each in api.requests if not each.path.startswith("/v1/")]
    assert len(fetched) == 18
    assert [each for each in fetched if "authorization" in each.headers] == []
    assert response.headers["Cache-Control"] == "public, max-age=300"
    again = client.get(
        "/search.png?kind=image", headers={"If-None-Match": response.headers["ETag"]}
    )
    assert again.status_code == 304


def test_a_picture_of_nothing_is_one_too(client: FlaskClient, api: FakeAPI) -> None:
    """An empty light table."""
    api.always(page())
    assert client.get("/search.png").status_code == 200


# --- what a link shows -------------------------------------------------------------------------


def meta(found: BeautifulSoup) -> dict[str, str]:
    """The properties of a page's preview."""
    tags = found.find_all("meta", property=True) + found.find_all("meta", attrs={"name": True})
    return {
        str(tag.get("property") or tag["name"]): str(tag["content"])
        for tag in tags
        if str(tag.get("property") or tag["name"]).startswith(("og:", "twitter:"))
    }


def test_a_link_to_a_search_has_a_preview(soup: Soup) -> None:
    """In words, with its pictures, under absolute addresses."""
    assert meta(soup("/?query=castle&kind=image&sortBy=createdAt:desc")) == {
        "og:site_name": "Akin",
        "og:type": "website",
        "og:title": "castle · images · newest",
        "og:description": "33 results",
        "og:url": "http://localhost/?query=castle&kind=image&sortBy=createdAt:desc",
        "og:image": "http://localhost/search.png?query=castle&kind=image&sortBy=createdAt:desc",
        "og:image:width": "1200",
        "og:image:height": "630",
        "og:image:alt": "castle · images · newest",
        "twitter:card": "summary_large_image",
    }


def test_a_link_to_an_asset_has_a_preview(soup: Soup) -> None:
    """Under addresses that last, whatever search its reader came from."""
    url = f"http://localhost/assets/{asset_id(0)}"
    assert meta(soup(f"/assets/{asset_id(0)}?query=castle")) == {
        "og:site_name": "Akin",
        "og:type": "website",
        "og:title": "castle 0",
        "og:description": "Image · 1024 × 1024",
        "og:url": url,
        "og:image": f"{url}/image",
        "og:image:alt": "castle 0",
        "twitter:card": "summary_large_image",
    }


def test_a_sensitive_asset_has_no_picture_in_its_preview(soup: Soup) -> None:
    """Number 48 is an image, and marked."""
    found = meta(soup(f"/assets/{asset_id(48)}"))
    assert found["twitter:card"] == "summary"
    assert "og:image" not in found


def test_an_asset_is_offered_in_the_formats_of_its_kind(soup: Soup) -> None:
    """The original first."""
    menu = soup(f"/assets/{asset_id(0)}").select_one("details.downloads")
    assert menu
    path = f"/assets/{asset_id(0)}/download"
    assert [(link.get_text(), link["href"]) for link in menu.find_all("a")] == [
        ("Original 1.0 kB", path),
        ("JPEG", f"{path}?format=jpeg"),
        ("WebP", f"{path}?format=webp"),
        ("AVIF", f"{path}?format=avif"),
    ]


@pytest.mark.parametrize(
    ("changes", "has_picture"),
    [
        ({}, True),
        ({"previews": "off"}, False),
        ({"previews": "on"}, True),
    ],
)
def test_previews_show_pictures_where_the_settings_allow_it(
    api: FakeAPI, tmp_path: Path, changes: dict[str, str], has_picture: bool
) -> None:
    """A person who gets a link sees its preview."""
    client = make_app_with_cdn(api, tmp_path, **changes).test_client()
    found = meta(BeautifulSoup(client.get("/").data, "html.parser"))
    assert ("og:image" in found) is has_picture
    who = "public" if has_picture else "private"
    assert client.get("/search.png").headers["Cache-Control"] == f"{who}, max-age=300"


def test_a_search_is_shared_from_its_status_line(soup: Soup) -> None:
    """Each address is that of exactly this search."""
    menu = soup("/?query=castle&hitsPerPage=24").select_one("details.share")
    assert menu
    assert [(link.get_text(strip=True), link["href"]) for link in menu.find_all("a")] == [
        ("Copy link", "/?query=castle&hitsPerPage=24"),
        ("CSV", "/search.csv?query=castle&hitsPerPage=24"),
        ("JSON", "/search.json?query=castle&hitsPerPage=24"),
        ("Atom feed", "/search.atom?query=castle&hitsPerPage=24"),
        ("Provenance", "/provenance?query=castle&hitsPerPage=24"),
        ("Ask the team", "/reviews/new?query=castle&hitsPerPage=24"),
        ("Use in code", "/code?query=castle&hitsPerPage=24"),
    ]


# --- a browser's own bar -----------------------------------------------------------------------


def test_a_browser_can_search_here_from_its_bar(client: FlaskClient, soup: Soup) -> None:
    """Every page says where the description is; the description says where to search."""
    link = soup("/").find("link", rel="search")
    assert link
    assert link["type"] == "application/opensearchdescription+xml"
    response = client.get(str(link["href"]))
    assert response.mimetype == "application/opensearchdescription+xml"
    root = ET.fromstring(response.data)  # noqa: S314 - our own answer
    space = "{http://a9.com/-/spec/opensearch/1.1/}"
    assert root.tag == f"{space}OpenSearchDescription"
    assert len(root.findtext(f"{space}ShortName") or "") <= 16
    urls = {url.get("type"): url.get("template") for url in root.findall(f"{space}Url")}
    assert urls["text/html"] == "http://localhost/?query={searchTerms}&page={startPage?}"
    template = urls["text/html"] or ""
    typed = template.replace("{searchTerms}", "castle").replace("{startPage?}", "")
    address = typed.removeprefix("http://localhost")
    assert client.get(address).headers["Location"] == "/?query=castle"


@pytest.mark.parametrize("path", ["/search.csv", "/search.atom", "/search.png"])
def test_programs_are_answered_strictly(client: FlaskClient, path: str) -> None:
    """Nonsense is refused; how a page shows a search is not."""
    assert client.get(f"{path}?page=²").status_code == 400
    assert client.get(f"{path}?likes=x").status_code == 400
    response = client.get(f"{path}?query=castle&stacks=on")
    assert response.status_code == 200
    response.close()


@pytest.mark.parametrize("path", ["/search.csv", "/search.atom", "/search.png"])
def test_a_missing_example_is_reported_to_programs(client: FlaskClient, path: str) -> None:
    """They get no other search instead."""
    assert client.get(f"{path}?like=ref_{'0' * 32}").status_code == 404
