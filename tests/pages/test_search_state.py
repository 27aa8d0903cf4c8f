"""Search and display settings in every link and form of every page."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.support.forms import submitted
from tests.support.scenario_api import asset_id, page, refusal
from tests.support.uploads import image_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bs4 import BeautifulSoup, Tag
    from flask.testing import FlaskClient

    from tests.support.scenario_api import FakeAPI
    from tests.support.soup import Soup

ONE, TWO = asset_id(8), asset_id(16)
SEARCH = {("query", "castle"), ("kind", "image")}
DISPLAY = {("density", "small"), ("ground", "dark"), ("names", "on"), ("stacks", "on")}
ADDRESS = "query=castle&kind=image&density=small&ground=dark&names=on&stacks=on"

# What shows results or an asset. Files, and what belongs to an asset alone, are not among them.
RESULTS = re.compile(r"/|/closest|/assets/[^/.]+/strip/\w+")  # may be of another search
PAGES = re.compile(r"/(assets/[^/.]+(/part)?|why/\w+|wander/\w+|ends/\w+|tags|code|selection)")


def links(soup: BeautifulSoup) -> Iterator[tuple[Tag, str, set[tuple[str, str]]]]:
    """Every link to a page, with its path and its pairs; but those that change the display."""
    for link in soup.select("a[href], lazy-section[src]"):
        url = urlsplit(str(link.get("href") or link.get("src")))
        is_page = RESULTS.fullmatch(url.path) or PAGES.fullmatch(url.path)
        is_display = link.find_parent(["copy-link"]) or link.find_parent(id=["view", "background"])
        if is_page and not url.netloc and not is_display:
            yield link, url.path, set(parse_qsl(url.query))


def forms(soup: BeautifulSoup) -> Iterator[tuple[Tag, set[tuple[str, str]]]]:
    """Every form with the pairs it submits; a field `search` holds the pairs of an address."""
    for form in soup.select("form[action]"):
        if form["action"] == "/sign-out":
            continue
        form["id"] = form.get("id") or "unnamed"
        pairs = set(submitted(soup, str(form["id"])))
        carried = {value for name, value in pairs if name == "search"}
        yield form, pairs | {pair for text in carried for pair in parse_qsl(text)}
        if form["id"] == "unnamed":
            del form["id"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/?", 200),
        (f"/?like={ONE}&", 200),
        (f"/assets/{ONE}?", 200),
        (f"/assets/{ONE}/part?", 200),
        (f"/assets/{ONE}/strip/similar?", 200),
        (f"/assets/{ONE}/strip/variants?", 200),
        ("/closest?", 200),
        (f"/why/{ONE}?like={TWO}&", 200),
        (f"/wander/{ONE}?", 200),
        ("/ends/words?", 200),
        ("/tags?", 200),
        ("/code?", 200),
        (f"/selection?id={ONE}&id={TWO}&", 200),
        (f"/compare?a={ONE}&b={TWO}&", 200),
        ("/no-such-page?", 404),
    ],
)
def test_every_link_and_form_carries_search_and_display(soup: Soup, path: str, status: int) -> None:
    """The display in each of them; the search, where the same search goes on."""
    shown = soup(path + ADDRESS, status=status)
    has_own_search = "/strip/" in path
    checked = 0
    for link, to, pairs in links(shown):
        assert pairs >= DISPLAY, link
        assert RESULTS.fullmatch(to) or has_own_search or pairs >= SEARCH, link
        checked += 1
    for form, pairs in forms(shown):
        assert pairs >= SEARCH | DISPLAY, form
        checked += 1
    assert checked


@pytest.mark.parametrize("status", [200, 400, 502])
def test_so_does_a_page_without_results(soup: Soup, api: FakeAPI, status: int) -> None:
    """With nothing found, with a filter that the API refuses, with an API that is down."""
    refused = {400: refusal(400, "Invalid filter at column 5"), 502: refusal(500, "Oops")}
    api.always(refused.get(status, page()))
    shown = soup(f"/?{ADDRESS}&filter=a+%3D+b", status=status)
    for link, _, pairs in links(shown):
        assert pairs >= DISPLAY, link
    for form, pairs in forms(shown):
        assert pairs >= SEARCH | DISPLAY, form
    assert bool(shown.select("form.filter-correction")) == (status == 400)


def test_an_upload_keeps_search_and_display(client: FlaskClient) -> None:
    """The form posts both in one field, and the redirect leads to both."""
    file = (io.BytesIO(image_file()), "one.png")
    data = {"image": file, "side": "unlike", "search": ADDRESS}
    response = client.post("/references", data=data, content_type="multipart/form-data")
    url = urlsplit(response.headers["Location"])
    pairs = dict(parse_qsl(url.query))
    assert pairs.pop("unlike").startswith("ref_")
    assert set(pairs.items()) == SEARCH | DISPLAY
