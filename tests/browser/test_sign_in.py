"""Signing in as people do: with a password, and through a certified OpenID provider."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from playwright.sync_api import expect

from tests import provider as oidc
from tests.support.accessibility import open_page, overflow, violations
from tests.support.server import Server
from tests.support.users import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.support.browser import Watch


@pytest.mark.parametrize("scripted", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_password(guarded_watch: Watch, *, scripted: bool) -> None:
    """A shared link requires a password, reports a wrong one, and then shows the search."""
    guarded_watch.allow("401")  # the wrong password, on the console
    page = guarded_watch.page(java_script_enabled=scripted)
    page.goto("/?query=asset&page=2")
    assert urlsplit(page.url).path == "/sign-in"
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Wrong name or password")
    expect(page.get_by_label("Name")).to_have_value("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/?query=asset&page=2")
    expect(page.locator(".account")).to_contain_text("Signed in as ada")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status").first).to_have_text("You are signed out.")
    page.goto("/")
    assert urlsplit(page.url).path == "/sign-in"


def test_back_after_sign_out(guarded_watch: Watch) -> None:
    """Back shows no page of the user who has signed out, neither from a cache nor from memory."""
    page = guarded_watch.page()
    page.goto("/")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    page.goto("/tags")
    page.go_back()
    expect(page.locator(".grid article.card").first).to_be_visible()  # Back works meanwhile
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/signed-out*")
    page.go_back()
    expect(page.get_by_label("Password")).to_be_visible()
    expect(page.locator("article.card")).to_have_count(0)


def test_page_restored_from_memory(guarded_watch: Watch) -> None:
    """A private page that the browser restores from memory is requested again."""
    guarded_watch.allow("401")  # what the page loads by itself before it is left
    page = guarded_watch.page()
    page.goto("/?query=asset")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/?query=asset")
    page.context.clear_cookies()
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    page.wait_for_url("**/sign-in?**")


def test_upload_while_signed_in(guarded_watch: Watch) -> None:
    """A form of a page of ours passes the door, where one of another site would not."""
    guarded_watch.allow("400")  # the last request, on the console
    page = guarded_watch.page()
    page.goto("/sign-in")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    status = page.evaluate(
        """async () => {
          const form = new FormData();
          form.append("image", new Blob(["no picture"]));
          return (await fetch("/references", {method: "POST", body: form})).status;
        }"""
    )
    assert status == 400  # what it says of no picture: it was let in


@pytest.fixture(scope="module")
def provider() -> oidc.Provider:
    """The provider's address; skipped without node, unless CI has it."""
    return oidc.available()


@pytest.fixture(scope="module")
def trusting(
    tmp_path_factory: pytest.TempPathFactory,
    provider: oidc.Provider,
    api_settings: dict[str, str],
) -> Iterator[Server]:
    """Akin that lets the provider say who is there."""
    settings = {
        **api_settings,
        "AKIN_AUTH": "oidc",
        "AKIN_OIDC_ISSUER": provider.issuer,
        "AKIN_OIDC_CLIENT_ID": oidc.CLIENT_ID,
        "AKIN_OIDC_CLIENT_SECRET": oidc.CLIENT_SECRET,
        "AKIN_OIDC_SCOPES": "openid email profile groups",
        "AKIN_OIDC_DOMAINS": "studio.example",
        "AKIN_OIDC_GROUPS": "artists",
    }
    server = Server(tmp_path_factory.mktemp("trusting"), settings)
    with provider.serving(server.url), server:
        yield server


@pytest.fixture
def trusting_page(browser: Browser, trusting: Server) -> Iterator[Page]:
    """A page of it. The provider's own pages are not ours to watch."""
    context = browser.new_context(base_url=trusting.url)
    context.route(re.compile(r"fonts\.googleapis\.com"), lambda route: route.abort())
    yield context.new_page()
    context.close()


def sign_in_at_provider(page: Page, name: str) -> None:
    """Type a name into the provider's page and agree to what Akin will know."""
    page.locator("input[name=login]").fill(name)
    page.locator("input[name=password]").fill("any")
    page.locator("button[type=submit]").click()
    page.locator("button[type=submit]", has_text="Continue").click()


def test_two_tabs_that_start_at_the_same_time(trusting_page: Page) -> None:
    """Both arrive at their own page; Back to the redirect of the provider leads there again."""
    first = trusting_page
    second = first.context.new_page()
    targets = {first: "/?query=asset", second: "/tags"}
    for page, target in targets.items():
        page.goto(target)
        page.get_by_role("link", name="Sign in with").click()
        page.locator("input[name=login]").wait_for()
    sign_in_at_provider(first, "ada")
    first.wait_for_url("**/?query=asset")
    second.locator("input[name=login]").fill("ada")
    second.locator("input[name=password]").fill("any")
    second.locator("button[type=submit]").click()  # the provider has its consent from the other tab
    second.wait_for_url("**/tags")
    expect(second.locator(".account .account-name")).to_have_text("Signed in as Ada L.")
    second.goto("/sign-in?next=/tags")
    second.wait_for_url("**/tags")


def test_cancelled_sign_in(trusting_page: Page) -> None:
    """The page names the cause, and leads to where the user was going."""
    page = trusting_page
    page.goto("/tags")
    page.get_by_role("link", name="Sign in with").click()
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("alert")).to_contain_text("was cancelled")
    expect(page.get_by_role("link", name="Sign in with")).to_have_attribute(
        "href", re.compile("next=%2Ftags")
    )


def sign_in_by_provider(page: Page) -> None:
    """Come in as ada, onto the first page."""
    page.goto("/sign-in")
    page.get_by_role("link", name="Sign in with").click()
    sign_in_at_provider(page, "ada")
    page.wait_for_url(re.compile(r"/$"))


def test_provider(trusting_page: Page, provider: oidc.Provider) -> None:
    """A shared link leads to the provider, with PKCE, and from there to the search."""
    page = trusting_page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/?query=asset")
    page.get_by_role("link", name="Sign in with").click()
    sign_in_at_provider(page, "ada")
    page.wait_for_url("**/?query=asset")
    expect(page.locator(".account .account-name")).to_have_text("Signed in as Ada L.")
    begun = next(url for url in asked if url.startswith(f"{provider.issuer}/auth?"))
    query = parse_qs(urlsplit(begun).query)
    assert query["code_challenge_method"] == ["S256"]
    assert {"code_challenge", "state", "nonce"} <= query.keys()


def test_sign_out_of_provider(trusting_page: Page, provider: oidc.Provider) -> None:
    """Signing out of Akin offers to sign out of the provider, and comes back."""
    page = trusting_page
    sign_in_by_provider(page)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="sign out there, too").click()
    page.wait_for_url(f"{provider.issuer}/session/end**")
    page.get_by_role("button", name="Yes, sign me out").click()
    page.wait_for_url("**/signed-out*")
    page.get_by_role("link", name="Sign in again").click()
    page.get_by_role("link", name="Sign in with").click()
    expect(page.locator("input[name=login]")).to_be_visible()  # it has forgotten, too


def test_signing_out_at_the_provider(trusting_page: Page, provider: oidc.Provider) -> None:
    """A sign-out there ends the session here, though the browser still sends its cookie."""
    page = trusting_page
    sign_in_by_provider(page)
    sent = page.context.cookies(page.url)
    cookies = [each for each in sent if each["name"].startswith("akin-")]
    assert cookies
    page.goto(f"{provider.issuer}/session/end")
    page.get_by_role("button", name="Yes, sign me out").click()
    page.get_by_text("Sign-out Success").wait_for()
    assert [each for each in page.context.cookies() if each in cookies] == cookies
    page.goto("/?query=asset")
    assert urlsplit(page.url).path == "/sign-in"
    page.get_by_role("link", name="Sign in with").click()
    sign_in_at_provider(page, "ada")
    page.wait_for_url("**/?query=asset")  # a new sign-in is another


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("eve", "eve@studio.example is not verified"),
        ("tex", "AKIN_OIDC_EMAIL_VERIFIED=text"),
        ("max", "“elsewhere.example”"),
        ("sub", "Its groups are: studio/artists"),
        ("lin", ""),
        ("kim", ""),
        ("kay", ""),
    ],
    ids=[
        "address not verified",
        "verified by a text",
        "another domain",
        "a group of the same name in another one",
        "in the group",
        "one group as a text",
        "a group as Keycloak names it",
    ],
)
def test_who_may_come_in(trusting_page: Page, name: str, refusal: str) -> None:
    """A verified address of the domain is needed, or one of the groups; a refusal has a reason."""
    page = trusting_page
    page.goto("/sign-in")
    page.get_by_role("link", name="Sign in with").click()
    sign_in_at_provider(page, name)
    page.wait_for_url(re.compile(r"/(sign-in/returned.*)?$"))
    if not refusal:
        expect(page.locator(".account")).to_be_visible()
    else:
        expect(page.get_by_role("alert")).to_contain_text("This account has no access")
        expect(page.get_by_role("alert")).to_contain_text(refusal)
        page.goto("/")
        assert urlsplit(page.url).path == "/sign-in"


def test_a_stolen_return(trusting_page: Page) -> None:
    """A response of the provider that this browser did not request does not sign in."""
    page = trusting_page
    page.goto("/sign-in/returned?code=of-somebody-else&state=of-somebody-else")
    expect(page.get_by_role("alert")).to_contain_text("The sign-in failed")
    page.goto("/")
    assert urlsplit(page.url).path == "/sign-in"


def test_session_that_ends_while_a_page_is_open(guarded_watch: Watch) -> None:
    """The next click says that one is signed out, and leads on to where it was going."""
    guarded_watch.allow("401")  # the response to a script, on the console
    page = guarded_watch.page()
    page.goto("/sign-in")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    page.context.clear_cookies()
    page.locator("form#search input[name=query]").fill("asset")
    page.locator("form#search input[name=query]").press("Enter")
    page.get_by_role("link", name="Sign in").or_(page.get_by_label("Password")).first.wait_for()
    if urlsplit(page.url).path != "/sign-in":
        page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/?query=asset")
    expect(page.locator(".account")).to_be_visible()


@pytest.mark.parametrize("look", ["dark-wide", "light-narrow"])
def test_pages_of_the_door_are_for_everybody(guarded_watch: Watch, look: str) -> None:
    """Nothing for axe-core to find on the pages around a sign-in, nor in the bar after it."""
    guarded_watch.allow("401")
    page = open_page(guarded_watch, look)
    page.goto("/sign-in")
    assert (violations(page), overflow(page)) == ([], 0)
    page.get_by_label("Name").fill("somebody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    page.wait_for_load_state()
    assert (violations(page), overflow(page)) == ([], 0)
    page.goto("/signed-out")
    assert (violations(page), overflow(page)) == ([], 0)
    page.goto("/sign-in")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator(".account").wait_for()
    assert (violations(page), overflow(page)) == ([], 0)


@pytest.mark.parametrize("look", ["dark-wide", "light-narrow"])
def test_a_feed_for_a_reader(guarded_watch: Watch, guarded: Server, look: str) -> None:
    """From the results to an address that a program reads without signing in."""
    page = open_page(guarded_watch, look)
    page.goto("/sign-in?next=/?query=asset")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{guarded.url}/?query=asset")
    page.get_by_text("Share", exact=True).click()
    page.get_by_role("link", name="Feed for a reader").click()
    page.wait_for_url("**/feeds?query=asset")
    assert (violations(page), overflow(page)) == ([], 0)
    url = page.locator(".snippet code").first.inner_text()
    with requests.Session() as reader:
        answer = reader.get(url, timeout=20)
    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (
        200,
        "application/atom+xml",
    )
    assert url.startswith(f"{guarded.url}/feeds/")
