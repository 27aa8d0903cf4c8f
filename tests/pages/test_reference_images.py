"""Searching by a picture of one's own: POST /references leads to the search that it steers."""

from __future__ import annotations

import base64
import io
import re
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from tests.support.scenario_api import asset_id, make_app
from tests.support.uploads import image_file

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from tests.support.scenario_api import FakeAPI

ONE = asset_id(8)


def post(client: FlaskClient, content: bytes | None = None, **fields: str) -> TestResponse:
    """Submit the upload form."""
    data: dict[str, Any] = dict(fields)
    if content is not None:
        data["image"] = (io.BytesIO(content), "my <b>picture</b>.png")
    return client.post("/references", data=data, content_type="multipart/form-data")


def shown(response: TestResponse) -> BeautifulSoup:
    """The page of a response."""
    return BeautifulSoup(response.data, "html.parser")


def test_an_upload_leads_to_what_is_like_it(client: FlaskClient, api: FakeAPI) -> None:
    """303 to an address with its name; the API gets the picture itself, the address does not."""
    response = post(client, image_file())
    assert response.status_code == 303
    address = response.headers["Location"]
    assert re.fullmatch(r"/\?like=ref_[0-9a-f]{32}", address)
    page = client.get(address)
    assert page.status_code == 200
    assert "base64" not in page.text
    sent = api.body()["image"]
    kept = client.get("/references/" + address.partition("=")[2])
    assert sent == f"data:{kept.mimetype};base64,{base64.b64encode(kept.data).decode()}"


def test_it_joins_the_search_that_is_shown(client: FlaskClient, api: FakeAPI) -> None:
    """On either side, from the first page."""
    search = f"query=castle&like={ONE}&kind=image&page=3"
    response = post(client, image_file(), search=search, side="unlike")
    name = re.search(r"ref_[0-9a-f]{32}", response.headers["Location"])
    assert name is not None
    assert response.headers["Location"] == (
        f"/?query=castle&like={ONE}&unlike={name[0]}&kind=image"
    )
    page = shown(client.get(response.headers["Location"]))
    assert [str(each["data-unlike"]) for each in page.select("[data-unlike]")] == [name[0]]
    thumbnail = page.select_one("[data-unlike] img")
    assert thumbnail is not None
    assert thumbnail["src"] == f"/references/{name[0]}"
    assert api.body()["images"]["unlike"][0].startswith("data:image/")


def test_the_form_for_it_is_on_the_page(client: FlaskClient) -> None:
    """It carries the search along."""
    page = shown(client.get("/?query=castle"))
    form = page.select_one('form[action="/references"]')
    assert form is not None
    assert (form["method"], form["enctype"]) == ("post", "multipart/form-data")
    hidden = form.select_one('input[name="search"]')
    assert hidden is not None
    assert hidden["value"] == "query=castle"
    # Where a file is the one way, a browser asks for it before it leaves the page.
    assert form.select_one('input[type="file"][name="image"][required]') is not None


def test_a_stored_picture_is_immutable(client: FlaskClient) -> None:
    """Its name is its content, so a browser may keep it for good."""
    name = post(client, image_file()).headers["Location"].partition("=")[2]
    response = client.get(f"/references/{name}")
    assert response.mimetype in {"image/png", "image/jpeg"}
    assert "immutable" in response.headers["Cache-Control"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"plain text",
        b"<svg onload=alert(1)>",
        image_file()[:40],
        b"\x89PNG\r\n\x1a\n" * 9,
    ],
)
def test_a_file_that_is_no_picture_is_refused_within_the_search(
    client: FlaskClient, content: bytes | None
) -> None:
    """400, with one sentence, and the words still in their field."""
    response = post(client, content, search="query=castle&kind=image")
    page = shown(response)
    assert response.status_code == 400
    failure = page.select_one('[data-error="INVALID_REFERENCE"]')
    assert failure is not None
    field = page.select_one('#search input[name="query"]')
    assert field is not None
    assert field["value"] == "castle"
    hidden = page.select_one('#search input[name="kind"]')
    assert hidden is not None
    assert hidden["value"] == "image"


def test_what_is_too_large_is_refused(api: FakeAPI, tmp_path: Path) -> None:
    """413 with the limit in it, whether the file alone or the whole request is over it."""
    client = make_app(api, tmp_path, reference_bytes=10_000).test_client()
    for size in (10_001, 500_000):
        response = post(client, b"x" * size, search="query=castle")
        assert response.status_code == 413
        assert shown(response).select_one('[data-error="INVALID_REFERENCE"]') is not None


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "multipart/form-data"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"\x00\xff" * 50, "multipart/form-data; boundary=x"),
        (b"image=text&search=%FF%00", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"search=" + b"a" * 1_000_000, "application/x-www-form-urlencoded"),
        (b"&" * 5000, "application/x-www-form-urlencoded"),
    ],
)
def test_a_broken_form_is_refused(client: FlaskClient, data: bytes, kind: str) -> None:
    """A client error with a page, never one of ours."""
    response = client.post("/references", data=data, content_type=kind)
    assert response.status_code in {400, 413}
    assert "<h1>" in response.text


@pytest.mark.parametrize("name", ["ref_" + "0" * 32, "asset_1", "..%2Fsecret", "ref_%00", "%FF"])
def test_an_unknown_reference_is_a_404(client: FlaskClient, name: str) -> None:
    """Whatever its name."""
    assert client.get(f"/references/{name}").status_code == 404


def test_a_link_whose_picture_is_gone_still_opens(client: FlaskClient, api: FakeAPI) -> None:
    """Without it, and the page says so."""
    gone = "ref_" + "0" * 32
    page = shown(client.get(f"/?query=castle&like={gone}"))
    assert "image" not in api.body()
    assert api.body()["query"] == "castle"
    assert gone in (page.select_one(".notices") or page).get_text()
    assert page.select("[data-like]") == []


def test_the_url_field_is_shown_only_if_urls_are_allowed(api: FakeAPI, tmp_path: Path) -> None:
    """Where uploads are disabled, an upload gets a message that says what to do."""
    client = make_app(api, tmp_path).test_client()
    assert 'name="address"' not in client.get("/").text
    answer = post(client, address="https://pictures.example/a.png", search="query=castle")
    failure = BeautifulSoup(answer.data, "html.parser").select_one(".failure")
    assert failure is not None
    assert (answer.status_code, [each.get_text() for each in failure.select("h1, p")[:3]]) == (
        400,
        [
            "This address cannot be used",
            "Pictures are fetched from no address at all. "
            "The administrator of this server can change that by AKIN_REFERENCE_ORIGINS.",
            "Save the picture and choose its file, or drop it here. Your search was kept.",
        ],
    )
    origins = ("https://pictures.example",)
    asking = make_app(api, tmp_path, reference_origins=origins).test_client().get("/")
    assert shown(asking).select_one("input[name=address]") is not None
    assert shown(asking).select_one("input[name=image][required]") is None


def test_the_formats_that_are_named_are_those_that_are_offered(client: FlaskClient) -> None:
    """In the picker, beside it, and where another one is refused."""
    page = BeautifulSoup(client.get("/").data, "html.parser")
    picker = page.select_one("input[name=image]")
    hint = page.select_one(".upload .hint")
    assert picker is not None
    assert hint is not None
    named = [kind.partition("/")[2].upper() for kind in str(picker["accept"]).split(",")]
    refused = post(client, b"GIF89a and nothing").text
    for text in (hint.get_text().upper(), refused.upper()):
        assert [name for name in named if name not in text] == []
