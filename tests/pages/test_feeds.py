"""A search as an Atom feed: valid, lasting, and without pictures that nobody asked to see."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from tests.faults.synthetic import hit
from tests.pages.wire import CDN, Wire, asset_id, page

if TYPE_CHECKING:
    from flask.testing import FlaskClient

ATOM = "{http://www.w3.org/2005/Atom}"
XHTML = "{http://www.w3.org/1999/xhtml}"


def feed(client: FlaskClient, path: str = "/search.atom") -> ET.Element:
    """The feed, checked for what RFC 4287 asks of every one."""
    response = client.get(path)
    assert (response.status_code, response.mimetype) == (200, "application/atom+xml")
    root = ET.fromstring(response.data)  # noqa: S314 - our own answer
    assert root.tag == f"{ATOM}feed"
    for element in [root, *root.findall(f"{ATOM}entry")]:
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{name}")) == 1
        assert (element.findtext(f"{ATOM}id") or "").startswith("http://localhost/")
        for name in ("updated", "published"):
            for moment in element.findall(f"{ATOM}{name}"):
                assert datetime.fromisoformat(moment.text or "").tzinfo is not None
        links = element.findall(f"{ATOM}link")
        assert [link.get("rel") for link in links].count("alternate") == 1
    assert root.findtext(f"{ATOM}author/{ATOM}name") == "Akin"
    return root


def entries(root: ET.Element) -> list[ET.Element]:
    return root.findall(f"{ATOM}entry")


def image(entry: ET.Element) -> str | None:
    found = entry.find(f".//{XHTML}img")
    return None if found is None else found.get("src")


def test_a_feed_is_the_page_of_results(client: FlaskClient) -> None:
    """The same hits in the same order, under its title in words."""
    root = feed(client, "/search.atom?query=castle&hitsPerPage=3")
    assert root.findtext(f"{ATOM}title") == "castle · Akin"
    assert {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")} == {
        "self": "http://localhost/search.atom?query=castle&hitsPerPage=3",
        "alternate": "http://localhost/?query=castle&hitsPerPage=3",
    }
    assert [entry.findtext(f"{ATOM}title") for entry in entries(root)] == [
        "castle 119",
        "castle 112",
        "castle 105",
    ]


def test_an_entry_lasts(client: FlaskClient) -> None:
    """Its links go by the asset's id; nothing signed is in it."""
    (entry,) = entries(feed(client, "/search.atom?hitsPerPage=1&page=8"))
    url = f"http://localhost/assets/{asset_id(112)}"
    assert entry.findtext(f"{ATOM}id") == url
    assert image(entry) == f"{url}/image"
    assert entry.findtext(f"{ATOM}published") == "2025-01-05T16:00:00Z"
    assert entry.findtext(f"{ATOM}updated") == "2025-01-05T16:01:00Z"
    assert {tag.get("term") for tag in entry.findall(f"{ATOM}category")} == {"castle", "synthetic"}
    response = client.get("/search.atom")
    assert b"Policy=" not in response.data


def test_the_feed_is_as_new_as_its_newest_entry(client: FlaskClient) -> None:
    """So that a reader can tell whether there is anything new."""
    root = feed(client)
    assert root.findtext(f"{ATOM}updated") == max(
        entry.findtext(f"{ATOM}updated") or "" for entry in entries(root)
    )
    response = client.get("/search.atom")
    again = client.get("/search.atom", headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("path", "is_shown"), [("/search.atom", False), ("/search.atom?nsfw=show", True)]
)
def test_sensitive_pictures_are_asked_for_first(
    client: FlaskClient, wire: Wire, path: str, is_shown: bool
) -> None:
    """A feed cannot blur them."""
    wire.always(page(hit(0, cdn=CDN) | {"nsfw": ["nudity"]}))
    (entry,) = entries(feed(client, path))
    assert (image(entry) is not None) is is_shown


ODD: dict[str, dict[str, Any]] = {
    "markup": {"metadata": {"name": "<b>&amp;]]></title>", "prompt": "</div><script>alert(1)"}},
    "what XML cannot say": {"metadata": {"name": "a\x00\x0b\ufffe\uffff b", "prompt": "\x1b[0m"}},
    "no dates": {"createdAt": None, "updatedAt": None},
    "odd dates": {"createdAt": "yesterday", "updatedAt": "0001-01-01T00:00:00+14:00"},
    "early dates": {"createdAt": "0099-01-01", "updatedAt": "2025-01-31T12:00:00+02:00"},
    "nothing else": {"metadata": None, "tags": None, "nsfw": None, "url": None},
}


@pytest.mark.parametrize("what", ODD)
def test_an_odd_hit_breaks_no_feed(client: FlaskClient, wire: Wire, what: str) -> None:
    """Whatever a hit is like, the feed is valid and has it."""
    wire.always(page(hit(0, cdn=CDN) | ODD[what]))
    assert len(entries(feed(client))) == 1


def test_names_are_as_they_are_written(client: FlaskClient, wire: Wire) -> None:
    """Escaped once."""
    wire.always(page(hit(0, cdn=CDN) | ODD["markup"]))
    (entry,) = entries(feed(client))
    assert entry.findtext(f"{ATOM}title") == "<b>&amp;]]></title>"
    assert "</div><script>alert(1)" in "".join(entry.itertext())


def test_an_empty_feed_is_valid(client: FlaskClient, wire: Wire) -> None:
    """It has no entries."""
    wire.always(page())
    assert entries(feed(client)) == []
