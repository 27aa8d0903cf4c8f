"""Styles, icons and scripts: kept for good by browsers, under addresses that change with them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.pages.conftest import Soup


def test_what_a_page_loads_is_kept_for_good(soup: Soup, client: FlaskClient) -> None:
    """Each of Akin's own files that the head names."""
    head = soup("/").head
    assert head
    named = [str(each["src"]) for each in head.select("script[src]")]
    named += [str(each["href"]) for each in head.select("link[rel=stylesheet]")]
    kept = {client.get(each).headers["Cache-Control"] for each in named}
    assert kept == {"public, max-age=31536000, immutable"}


def test_what_a_script_imports_is_kept_for_good_as_well(soup: Soup, client: FlaskClient) -> None:
    """A bare name leads below the same address."""
    script = soup("/").select_one("script[type=module]")
    assert script
    folder = str(script["src"]).rpartition("/")[0]
    names = re.findall(r'"\./([a-z-]+\.js)"', client.get(str(script["src"])).text)
    assert "navigate.js" in names
    for name in names:
        response = client.get(f"{folder}/{name}")
        assert (response.status_code, response.mimetype) == (200, "text/javascript")
        assert "immutable" in response.headers["Cache-Control"]


def test_a_page_of_another_version_gets_the_script_that_there_is(client: FlaskClient) -> None:
    """And nobody keeps it under the wrong address."""
    response = client.get("/js/000000000000/keys.js")
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-cache")


def test_a_script_that_is_not_there(client: FlaskClient) -> None:
    """No path leads out of the folder."""
    for name in ("nothing.js", "..%2f..%2fconfig.py", "%2e%2e"):
        assert client.get(f"/js/000000000000/{name}").status_code == 404


def test_the_icon_is_where_browsers_look_for_it(client: FlaskClient) -> None:
    """Also without having read a page, and without being signed in."""
    with client.get("/favicon.ico", follow_redirects=True) as answer:
        assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
