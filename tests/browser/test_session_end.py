"""A session that ends during work: each action leads to the sign-in, then goes on."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.support.browser import has_params
from tests.support.users import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Download, Page, Route

    from tests.support.browser import Watch


START = "/?hitsPerPage=20"


def has_reference(url: str) -> bool:
    """Return whether a URL is that of a search by an uploaded picture."""
    return urlsplit(url).path == "/" and "like=ref_" in url


def picture(side: int = 300) -> dict[str, str | bytes]:
    """Return a file to be chosen."""
    content = io.BytesIO()
    Image.effect_noise((side, side), 80).convert("RGB").save(content, "PNG")
    return {"name": "castle.png", "mimeType": "image/png", "buffer": content.getvalue()}


def sign_in(page: Page) -> None:
    """Fill in the form of the sign-in page."""
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def plain_page(request: pytest.FixtureRequest, guarded_watch: Watch) -> Page:
    """A page of a signed-in user, with scripts and without."""
    guarded_watch.allow("401")
    page = guarded_watch.page(java_script_enabled=request.param)
    page.goto(START)
    sign_in(page)
    page.wait_for_url(f"**{START}")
    return page


@pytest.fixture
def page(guarded_watch: Watch) -> Page:
    """A page of a signed-in user."""
    guarded_watch.allow("401")
    page = guarded_watch.page()
    page.goto(START)
    sign_in(page)
    page.wait_for_url(f"**{START}")
    return page


def end_session(page: Page) -> None:
    """Let the session end, as after AKIN_SESSION_HOURS."""
    page.context.clear_cookies()


def saved_after_sign_in(page: Page) -> Download:
    """Sign in and return the file that is saved then; the page leads on."""
    page.wait_for_url("**/sign-in?next=**")
    with page.expect_download() as download:
        sign_in(page)
    expect(page.get_by_role("status").first).to_contain_text("The download starts by itself")
    return download.value


def test_csv(plain_page: Page) -> None:
    """The table is saved after the sign-in, and no sign-in page under its name."""
    page = plain_page
    saved: list[str] = []
    page.on("download", lambda download: saved.append(download.suggested_filename))
    page.get_by_text("Share", exact=True).click()
    end_session(page)
    page.get_by_role("link", name="CSV").click()
    content = saved_after_sign_in(page).path().read_text("utf-8-sig")
    assert content.startswith("id,")
    assert [name.rpartition(".")[2] for name in saved] == ["csv"]
    page.get_by_role("link", name="Go on to Akin").click()
    page.wait_for_url(f"**{START}")


@pytest.mark.parametrize("path", ["/search.json?hitsPerPage=20", "/search.atom?hitsPerPage=20"])
def test_json_and_feed(page: Page, path: str) -> None:
    """A link to them leads to the sign-in, and then to what was wanted."""
    end_session(page)
    page.evaluate("path => document.querySelector('main a').setAttribute('href', path)", path)
    page.locator("main a").first.dispatch_event("click")
    page.wait_for_url("**/sign-in?next=**")
    with page.expect_response(f"**{path}") as response:
        sign_in(page)
    assert response.value.status == 200


def test_zip(plain_page: Page) -> None:
    """A form that is sent without a session becomes a link that is followed after the sign-in."""
    page = plain_page
    for box in page.locator(".card .pick").all()[:2]:
        box.check(force=True)
    end_session(page)
    page.locator('button[formaction="/selection.zip"]').first.click()
    with zipfile.ZipFile(saved_after_sign_in(page).path()) as archive:
        assert len(archive.namelist()) == 3  # with sources.json
    page.get_by_role("link", name="Go on to Akin").click()
    page.wait_for_url("**/selection?**")
    expect(page.locator(".card")).to_have_count(2)


def test_upload(page: Page) -> None:
    """The picture is sent after the sign-in, without choosing it again."""
    page.locator("#upload > summary").click()
    page.locator("#upload input[type=file]").set_input_files(picture())  # type: ignore[arg-type]
    end_session(page)
    page.get_by_role("button", name="More like this").first.click()
    page.wait_for_url("**/sign-in?next=**")
    sign_in(page)
    page.wait_for_url(has_reference)
    expect(page.get_by_role("img", name="Like: Your picture")).to_be_visible()


def test_upload_without_scripts(guarded_watch: Watch) -> None:
    """The page says to sign in, and leads back to the search."""
    guarded_watch.allow("401")
    page = guarded_watch.page(java_script_enabled=False)
    page.goto(START)
    sign_in(page)
    page.wait_for_url(f"**{START}")
    page.locator("#upload > summary").click()
    page.locator("#upload input[type=file]").set_input_files(picture(600))  # type: ignore[arg-type]
    end_session(page)
    page.get_by_role("button", name="More like this").first.click()
    page.get_by_role("link", name="Sign in").click()
    sign_in(page)
    page.wait_for_url(f"**{START}")


def test_infinite_scrolling(page: Page) -> None:
    """The next page is wanted: it is shown after the sign-in."""
    page.goto(f"{START}&endless=on")
    page.locator(".grid article.card").first.wait_for()
    end_session(page)
    page.locator(".pagination").last.scroll_into_view_if_needed()
    page.wait_for_url("**/sign-in?next=**")
    sign_in(page)
    page.wait_for_url("**page=*")
    assert "endless=on" in page.url
    expect(page.locator(".grid article.card").first).to_be_visible()


def test_a_click_within_the_results(page: Page) -> None:
    """A link that a script would follow in place leads to the sign-in, and then there."""
    end_session(page)
    page.locator('.pagination a[rel="next"]').first.click()
    page.wait_for_url("**/sign-in?next=**")
    sign_in(page)
    page.wait_for_url(has_params(page="2", hitsPerPage="20"))


def upload_with(page: Page, handle: str | int) -> str:
    """Send a picture while a proxy interferes; return the message that appears."""

    def interfere(route: Route) -> None:
        if isinstance(handle, int):
            body = "<html><h1>413 Request Entity Too Large</h1><hr>nginx</html>"
            route.fulfill(status=handle, content_type="text/html", body=body)
        else:
            route.abort(handle)

    page.route("**/references", interfere)
    page.locator("#upload > summary").click()
    page.locator("#upload input[type=file]").set_input_files(picture())  # type: ignore[arg-type]
    page.get_by_role("button", name="More like this").first.click()
    toast = page.locator("#toast")
    expect(toast).to_be_visible()
    return toast.inner_text()


@pytest.mark.parametrize(
    ("handle", "words"),
    [
        (413, "more than the server accepts"),
        (502, "status 502"),
        ("connectionreset", "The server ended the upload"),
    ],
)
def test_uploads_that_fail(guarded_watch: Watch, page: Page, handle: str | int, words: str) -> None:
    """The message names what happened; a connection is missing only where there is none."""
    for expected in ("413", "502", "ERR_CONNECTION_RESET"):
        guarded_watch.allow(expected)
    message = upload_with(page, handle)
    assert words in message
    assert "no connection" not in message


def test_upload_without_a_connection(guarded_watch: Watch, page: Page) -> None:
    """Then it is said."""
    guarded_watch.allow("ERR_INTERNET_DISCONNECTED")
    guarded_watch.allow("ERR_FAILED")
    page.route("**/opensearch.xml", lambda route: route.abort("internetdisconnected"))
    assert "there is no connection" in upload_with(page, "internetdisconnected")


def test_a_proxy_that_redirects_scripts_to_its_sign_in(guarded_watch: Watch, page: Page) -> None:
    """Fetch reports such a redirect like a lost connection: the page is requested again."""
    guarded_watch.allow("CORS")
    guarded_watch.allow("ERR_FAILED")
    guarded_watch.allow("login.example")
    elsewhere = {"Location": "http://login.example/?rd=x"}
    page.route("**/references", lambda route: route.fulfill(status=302, headers=elsewhere))
    page.route("**/opensearch.xml", lambda route: route.fulfill(status=302, headers=elsewhere))
    page.locator("#upload > summary").click()
    page.locator("#upload input[type=file]").set_input_files(picture())  # type: ignore[arg-type]
    page.on("load", lambda _: page.unroute_all())
    with page.expect_request(lambda request: request.method == "POST") as sent:
        page.get_by_role("button", name="More like this").first.click()
    assert urlsplit(sent.value.url).path == "/references"
    page.wait_for_url(has_reference)
