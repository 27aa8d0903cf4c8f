"""New tabs, copying without a secure context, images that fail early, keys of other layouts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.browser import eventually, has_params

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

    from tests.support.browser import Watch

CARD = "article[data-asset-id]"


@pytest.mark.parametrize(
    ("selector", "expected"),
    [("a.picture", "/assets/"), ("button.similar", "like="), ('button[name="unlike"]', "unlike=")],
)
@pytest.mark.parametrize("how", [{"modifiers": ["ControlOrMeta"]}, {"button": "middle"}])
def test_links_and_buttons_open_in_a_new_tab(
    page: Page, selector: str, expected: str, how: dict[str, str]
) -> None:
    """With Ctrl, Cmd or the middle button; the page itself stays as it is."""
    page.goto("/?query=red")
    address = page.url
    target = page.locator(CARD).first.locator(selector)
    target.hover()
    with page.context.expect_page() as opened:
        target.click(**how)  # type: ignore[arg-type]
    opened.value.wait_for_url(lambda url: expected in url)
    assert page.url == address
    expect(page.locator(".pick:checked")).to_have_count(0)
    opened.value.close()


INSECURE = "Object.defineProperty(navigator, 'clipboard', { value: undefined })"
REFUSING = "Document.prototype.execCommand = () => false"


def test_text_is_copied_without_a_secure_context(page: Page) -> None:
    """What was copied can be pasted; the page says so."""
    page.add_init_script(INSECURE)
    page.goto("/code?query=red")
    block = page.locator("copy-text").first
    block.get_by_role("button", name="Copy").click()
    expect(block.get_by_role("button", name="Copied")).to_be_visible()
    text = block.locator(".text").text_content()
    page.goto("/")
    page.evaluate("document.body.append(document.createElement('textarea'))")
    page.locator("body > textarea").press("ControlOrMeta+v")
    assert page.locator("body > textarea").input_value() == text


def test_text_that_cannot_be_copied_is_selected(page: Page) -> None:
    page.add_init_script(f"{INSECURE}; {REFUSING}")
    page.goto("/code?query=red")
    block = page.locator("copy-text").first
    block.get_by_role("button", name="Copy").click()
    expect(block.get_by_role("button")).to_have_text("Not copied: the text is selected")
    selected = page.evaluate("getSelection().toString()").strip()
    assert selected == block.locator(".text").inner_text().strip()


def test_a_link_that_cannot_be_copied_is_shown(page: Page) -> None:
    page.add_init_script(f"{INSECURE}; {REFUSING}")
    page.goto("/")
    page.locator("a.picture").first.click()
    page.wait_for_url("**/assets/**")
    link = page.locator("copy-link", has_text="Permanent link")
    link.locator("a").click()
    expect(link.locator("input")).to_have_value(page.url.partition("?")[0])
    assert "/assets/" in page.url


def test_an_image_that_failed_before_the_scripts_ran_is_requested_again(watch: Watch) -> None:
    """As if its signed URL had expired while the scripts were loading."""
    page = watch.page()
    scripts: list[Route] = []

    def hold(route: Route) -> None:
        scripts.append(route)

    page.route("**/broken-images.js", hold)
    page.route("**/library/**", lambda route: route.fulfill(status=200, body="no image"))
    page.goto("/", wait_until="commit")
    failed = "[...document.images].some((image) => image.complete && !image.naturalWidth)"
    eventually(page, failed)
    eventually(page, lambda: bool(scripts))
    with page.expect_request("**/assets/*/image?width=512"):
        scripts[0].continue_()
    page.unroute_all()


KEY = """(init) => document.body.dispatchEvent(
  new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...init }))"""


@pytest.mark.parametrize(
    "pressed",
    [
        {"key": "ы", "code": "KeyS"},  # Russian
        {"key": "S", "code": "KeyS"},  # Caps Lock
        {"key": "s", "code": "KeyO"},  # Dvorak
    ],
)
def test_letters_work_on_every_layout(page: Page, pressed: dict[str, str]) -> None:
    page.goto("/")
    first = page.locator(CARD).first
    asset_id = str(first.get_attribute("data-asset-id"))
    first.locator(".picture").focus()
    page.evaluate(KEY, pressed)
    page.wait_for_url(has_params(like=asset_id))


def test_signs_work_wherever_they_are_typed(page: Page) -> None:
    """A slash with Shift, as in German."""
    page.goto("/")
    page.evaluate(KEY, {"key": "/", "code": "Digit7", "shiftKey": True})
    expect(page.locator('.query-field input[name="query"]')).to_be_focused()


def test_keys_of_a_composition_are_no_shortcuts(page: Page) -> None:
    page.goto("/")
    page.evaluate(KEY, {"key": "/", "code": "Slash", "isComposing": True})
    page.evaluate(KEY, {"key": "/", "code": "Slash", "keyCode": 229})
    expect(page.locator('.query-field input[name="query"]')).not_to_be_focused()


def test_the_help_and_the_scripts_have_the_same_keys(page: Page) -> None:
    """Each action of the table is a function, and each function has a line in the help."""
    page.goto("/")
    functions = page.evaluate(
        """async () => {
          const entry = document.querySelector('script[type="module"]').src;
          const { actions } = await import(new URL("keys.js", entry));
          // Modules that are loaded when they are needed.
          for (const name of ["groups", "inspect-picture", "review-keys"]) {
            await import(new URL(`${name}.js`, entry));
          }
          return Object.keys(actions).sort();
        }"""
    )
    rows = page.locator("#help [data-action]")
    named = rows.evaluate_all("rows => rows.map((each) => each.dataset.action)")
    assert sorted(set(named)) == functions
    page.keyboard.press("?")
    for keys in rows.evaluate_all("rows => rows.map((each) => each.dataset.keys)"):
        row = page.locator(f"#help [data-keys='{keys}']").first
        parts = [part for key in keys.split(" ") for part in key.split("+")]
        expect(row.locator("kbd")).to_have_count(len(parts))
        expect(row.locator("dd")).not_to_be_empty()
