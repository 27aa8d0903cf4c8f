"""A search as an Atom feed: valid, with permanent links, without blurred images."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from tests.faults.synthetic import hit
from tests.support.scenario_api import CDN, FakeAPI, asset_id, page

if TYPE_CHECKING:
    from flask.testing import FlaskClient

ATOM = "{http://www.w3.org/2005/Atom}"
# RFC 4151: tagURI, with an authority that is a domain name and a date that is a year.
TAG_URI = re.compile(r"tag:[a-z.]+,[0-9]{4}:(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-F]{2})*")
XHTML = "{http://www.w3.org/1999/xhtml}"


def feed(client: FlaskClient, path: str = "/search.atom") -> ET.Element:
    """Return a feed, checked against RFC 4287."""
    response = client.get(path)
    assert (response.status_code, response.mimetype) == (200, "application/atom+xml")
    root = ET.fromstring(response.data)  # noqa: S314 - our own answer
    assert root.tag == f"{ATOM}feed"
    for element in [root, *root.findall(f"{ATOM}entry")]:
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{name}")) == 1
        assert TAG_URI.fullmatch(element.findtext(f"{ATOM}id") or "")
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
    element = entry.find(f".//{XHTML}img")
    return None if element is None else element.get("src")


def test_feed_has_the_hits_of_the_search(client: FlaskClient) -> None:
    """The feed has the hits of the search in the same order, and its title."""
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


def test_links_are_permanent(client: FlaskClient) -> None:
    """Links use the asset's id; the feed contains no signed URL."""
    (entry,) = entries(feed(client, "/search.atom?hitsPerPage=1&page=8"))
    url = f"http://localhost/assets/{asset_id(112)}"
    assert entry.findtext(f"{ATOM}id") == f"tag:akin.invalid,2026:/assets/{asset_id(112)}"
    assert image(entry) == f"{url}/image"
    assert entry.findtext(f"{ATOM}published") == "2025-01-05T16:00:00Z"
    assert entry.findtext(f"{ATOM}updated") == "2025-01-05T16:01:00Z"
    assert {tag.get("term") for tag in entry.findall(f"{ATOM}category")} == {"castle", "synthetic"}
    response = client.get("/search.atom")
    assert b"Policy=" not in response.data


def ids(root: ET.Element) -> list[str]:
    """The id of the feed and those of its entries."""
    return [element.text or "" for element in root.iter(f"{ATOM}id")]


@pytest.mark.parametrize("origin", ["https://localhost", "http://127.0.0.1:5000"])
def test_ids_do_not_depend_on_the_requested_host(client: FlaskClient, origin: str) -> None:
    """Else a reader would show every entry again when the server moves to HTTPS."""
    path = "/search.atom?query=castle&hitsPerPage=3&width=16..&tags.not=%E5%9F%8E%2Fa"
    other = ET.fromstring(client.get(path, base_url=origin).data)  # noqa: S314 - our own answer
    assert ids(other) == ids(feed(client, path))
    assert len(set(ids(other))) == len(ids(other)) == 4
    assert {
        link.get("href", "").startswith(f"{origin}/") for link in other.iter(f"{ATOM}link")
    } == {True}


def test_updated_is_that_of_the_newest_entry(client: FlaskClient) -> None:
    """Feed readers see whether an entry has changed."""
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
def test_sensitive_images(client: FlaskClient, api: FakeAPI, path: str, is_shown: bool) -> None:
    """Images that pages blur are left out: a feed cannot blur them."""
    api.always(page(hit(0, cdn=CDN) | {"nsfw": ["nudity"]}))
    (entry,) = entries(feed(client, path))
    assert (image(entry) is not None) is is_shown


UNUSUAL: dict[str, dict[str, Any]] = {
    "markup": {"metadata": {"name": "<b>&amp;]]></title>", "prompt": "</div><script>alert(1)"}},
    "what XML cannot say": {"metadata": {"name": "a\x00\x0b\ufffe\uffff b", "prompt": "\x1b[0m"}},
    "no dates": {"createdAt": None, "updatedAt": None},
    "odd dates": {"createdAt": "yesterday", "updatedAt": "0001-01-01T00:00:00+14:00"},
    "early dates": {"createdAt": "0099-01-01", "updatedAt": "2025-01-31T12:00:00+02:00"},
    "nothing else": {"metadata": None, "tags": None, "nsfw": None, "url": None},
}


@pytest.mark.parametrize("what", UNUSUAL)
def test_unusual_hits(client: FlaskClient, api: FakeAPI, what: str) -> None:
    """The feed is valid and complete with unusual hits."""
    api.always(page(hit(0, cdn=CDN) | UNUSUAL[what]))
    assert len(entries(feed(client))) == 1


def test_text_is_escaped_once(client: FlaskClient, api: FakeAPI) -> None:
    """Text is escaped once."""
    api.always(page(hit(0, cdn=CDN) | UNUSUAL["markup"]))
    (entry,) = entries(feed(client))
    assert entry.findtext(f"{ATOM}title") == "<b>&amp;]]></title>"
    assert "</div><script>alert(1)" in "".join(entry.itertext())


def test_empty_feed(client: FlaskClient, api: FakeAPI) -> None:
    """A search without results has no entries."""
    api.always(page())
    assert entries(feed(client)) == []
