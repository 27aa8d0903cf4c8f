"""Tracking parameters: pages redirect to the URL without them, exports ignore them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.scenario_api import asset_id

if TYPE_CHECKING:
    from flask.testing import FlaskClient

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ASSET = f"/assets/{asset_id(8)}"


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("/?utm_source=mail&utm_medium=social", "/"),
        ("/?query=old+castle&fbclid=a&page=2", "/?query=old+castle&page=2"),
        (f"{ASSET}?query=castle&gclid=a", f"{ASSET}?query=castle"),
        (f"/compare?a={asset_id(8)}&b={asset_id(9)}&mc_cid=1",
         f"/compare?a={asset_id(8)}&b={asset_id(9)}"),
        ("/%2Fexample.com/a?fbclid=1", "/example.com/a"),
        ("/caf%C3%A9?fbclid=1&query=%E7%AB%9C", "/caf%C3%A9?query=%E7%AB%9C"),
    ],
)  # fmt: skip
def test_a_page_redirects_to_its_url_without_them(
    client: FlaskClient, url: str, clean: str
) -> None:
    response = client.get(url, headers=BROWSER)
    assert (response.status_code, response.headers["Location"]) == (302, clean)


def test_other_urls_are_not_redirected(client: FlaskClient) -> None:
    for url in ("/?query=castle", ASSET):
        assert client.get(url, headers=BROWSER).status_code == 200


@pytest.mark.parametrize("suffix", ["json", "csv", "atom", "png"])
def test_an_export_is_that_of_the_search(client: FlaskClient, suffix: str) -> None:
    """Strict parsing reports no problem; the links inside are clean."""
    clean = client.get(f"/search.{suffix}?query=castle&hitsPerPage=3")
    tracked = client.get(f"/search.{suffix}?utm_source=a&query=castle&hitsPerPage=3&fbclid=b")
    assert (tracked.status_code, tracked.data) == (200, clean.data)


def test_json_still_refuses_other_parameters(client: FlaskClient) -> None:
    assert client.get("/search.json?query=castle&utm_source=a&colour=red").status_code == 400


def test_a_page_without_a_redirect_links_to_clean_urls(client: FlaskClient) -> None:
    """A program that does not prefer HTML gets the page; none of its links has the parameter."""
    response = client.get("/?query=castle&utm_source=mail")
    assert response.status_code == 200
    assert "utm_source" not in response.text
