"""A walk through Akin below `/akin/` of a host, with nginx, a library and a real browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from app.auth.passwords.user_store import UserStore
from tests.proxy.nginx import Nginx, missing
from tests.support import library_files
from tests.support.browser import Watch, eventually, has_params
from tests.support.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Response

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

BASE = "/akin"
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, library: Path) -> Iterator[str]:
    """The address of a proxy in front of an Akin with sign-in."""
    data = tmp_path_factory.mktemp("below a path")
    UserStore(data / "users.json").set_password("ada", PASSWORD)
    settings = {"AKIN_ASSETS": str(library), "AKIN_AUTH": "password", "AKIN_PROXIES": "127.0.0.1"}
    with Server(data, settings) as server:
        port = int(server.url.rpartition(":")[2])
        folder = tmp_path_factory.mktemp("nginx")
        with Nginx(folder, port, below=BASE, has_tls=False) as nginx:
            yield nginx.url


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def below(request: pytest.FixtureRequest, browser: Browser, site: str) -> Iterator[Page]:
    """A page of a browser that may request nothing of the host but what is below the path."""
    watching = Watch(browser, site)
    requested: list[str] = []

    def answered(response: Response) -> None:
        if response.status >= 400:
            requested.append(f"{response.status} {response.url}")

    page = watching.page(java_script_enabled=request.param)
    page.context.on("request", lambda sent: requested.append(urlsplit(sent.url).path))
    page.context.on("response", answered)
    yield page
    assert [path for path in requested if not path.startswith(f"{BASE}/")] == []
    assert watching.close() == []


def signed_in(page: Page) -> None:
    """Open a search, sign in, and be at it."""
    page.goto(f"{BASE}/?query=castle")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{BASE}/?query=castle")


def pictures_are_there(page: Page) -> None:
    """Wait until the pictures of the first cards are loaded."""
    pictures = page.locator("article[data-kind=image] img")
    expect(pictures.first).to_be_visible()
    eventually(
        page,
        "[...document.querySelectorAll('article[data-kind=image] img')].slice(0, 4)"
        ".every((each) => each.complete && each.naturalWidth > 0)",
    )


def test_walk(below: Page) -> None:
    """Search, filters, an asset and back, likes, a selection, an upload, the sign-out."""
    page = below
    signed_in(page)
    pictures_are_there(page)
    page.locator("form#search input[name=query]").fill("dragon")
    page.locator("form#search input[name=query]").press("Enter")
    page.wait_for_url(has_params(query="dragon"))
    pictures_are_there(page)
    page.goto(f"{BASE}/?kind=image")
    page.locator(".pagination a[rel=next]").click()
    page.wait_for_url(has_params(page="2"))
    card = page.locator("article[data-kind=image]").first
    identity = str(card.get_attribute("data-asset-id"))
    card.locator(".picture").click()
    page.wait_for_url(f"**{BASE}/assets/{identity}?*")
    expect(page.locator(".media-view img")).to_be_visible()
    page.locator(".asset .back").click()
    page.wait_for_url(has_params(page="2"))
    card.hover()
    card.locator("[name=like]").click()
    page.wait_for_url(has_params(like=identity))
    pictures_are_there(page)
    for place in range(2):
        card = page.locator(".grid .card").nth(place)
        card.hover()
        card.locator(".pick").click()
        expect(card.locator(".pick")).to_be_checked()
    page.locator("form#selection button[formaction*=compare]").click()
    page.wait_for_url(f"**{BASE}/compare?*")
    page.goto(f"{BASE}/")
    page.locator("#upload summary").click()
    page.locator("#upload input[type=file]").set_input_files(
        {"name": "example.png", "mimeType": "image/png", "buffer": library_files.example()}
    )
    page.locator("#upload button[value=like]").click()
    page.wait_for_url(re.compile(rf"{BASE}/\?like=ref_"))
    expect(page.locator(".example.like img")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"**{BASE}/signed-out")
    page.goto(f"{BASE}/tags")
    page.wait_for_url(f"**{BASE}/sign-in?next=*")


def test_scripts(browser: Browser, site: str) -> None:
    """What scripts request or remember: swapped pages, why, saved searches, pasted links."""
    watching = Watch(browser, site)
    page = watching.page()
    requested: list[str] = []
    page.context.on("request", lambda sent: requested.append(urlsplit(sent.url).path))
    signed_in(page)
    page.evaluate("window.stays = true")
    page.locator("form#search input[name=query]").fill("dragon")
    page.locator("form#search input[name=query]").press("Enter")
    page.wait_for_url(has_params(query="dragon"))
    assert page.evaluate("window.stays")  # the page was replaced in place
    page.go_back()
    page.wait_for_url(f"**{BASE}/?query=castle")
    assert page.evaluate("window.stays")
    card = page.locator("article[data-kind=image]").first
    identity = card.get_attribute("data-asset-id")
    card.hover()
    card.locator(".explain").click()
    expect(page.locator("dialog[open]")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#saved > summary").click()
    page.get_by_label("Name for this search").fill("Castles")
    page.locator("#saved").get_by_role("button", name="Save", exact=True).click()
    saved = page.locator('[data-list="saved"] .saved-link')
    expect(saved).to_have_attribute("href", f"{BASE}/?query=castle")
    page.goto(f"{BASE}/?query=castle")
    page.locator("#saved > summary").click()  # counts what is new in each saved search
    eventually(page, lambda: f"{BASE}/search.json" in requested)
    link = f"{site}{BASE}/assets/{identity}"
    page.evaluate(
        """(text) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text", text);
          const paste = new ClipboardEvent("paste", { clipboardData, bubbles: true });
          document.body.dispatchEvent(paste);
        }""",
        link,
    )
    page.wait_for_url(has_params(like=str(identity)))
    page.locator("article[data-kind=image] .picture").first.click()
    page.wait_for_url(f"**{BASE}/assets/*")
    page.keyboard.press("Escape")
    page.wait_for_url(re.compile(rf"{BASE}/\?.*like={identity}"))  # an asset's page has it, too
    assert [path for path in requested if not path.startswith(f"{BASE}/")] == []
    assert watching.close() == []
