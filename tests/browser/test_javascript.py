"""What JavaScript adds to the pages: in place, by keys, by dropping and pasting, by selecting.

Everything here also works without JavaScript: see test_user_journey.py.
"""

from __future__ import annotations

import base64
import io
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.support.browser import eventually, listen

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.support.browser import Watch

CARD = "article[data-asset-id]"


def parameters(page: Page) -> dict[str, list[str]]:
    """The pairs of the address."""
    return parse_qs(urlsplit(page.url).query)


def identity(page: Page, place: int) -> str:
    """The id of a card."""
    return str(page.locator(CARD).nth(place).get_attribute("data-asset-id"))


def picture(colour: str, size: tuple[int, int] = (1600, 900)) -> str:
    """A PNG in base64."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


TRANSFER = """([content, type]) => {
  const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], "mine.png", { type }));
  return transfer;
}"""


# The scroll position has been stored: browsers send `scrollend` a moment later.
KEPT = """(() => {
  const grids = [...document.querySelectorAll(".grid")];
  const own = grids.find((grid) => grid.dataset.address === location.href) ?? grids[0];
  const place = scrollY - (own.offsetTop - grids[0].offsetTop);
  return Math.abs(history.state?.scroll - place) < 1;
})()"""


def mark(page: Page) -> None:
    """Leave a sign that a reload would wipe away."""
    page.evaluate("window.untouched = true")


def is_marked(page: Page) -> bool:
    """Whether the page was never loaded anew."""
    return bool(page.evaluate("window.untouched === true"))


def test_steering_keeps_the_page_and_the_focus(page: Page) -> None:
    """A button of a card changes the search in place; back and forward go through the states."""
    page.goto("/?query=dragon")
    mark(page)
    liked = identity(page, 0)
    page.locator(CARD).first.hover()
    page.locator(CARD).first.get_by_role("button", name=re.compile("^More like this")).click()
    page.wait_for_url("**like=**")
    assert is_marked(page)
    assert parameters(page) == {"query": ["dragon"], "like": [liked]}
    expect(page.locator(f'[data-like="{liked}"]')).to_have_count(1)
    assert page.evaluate("document.activeElement !== document.body")
    page.go_back()
    expect(page.locator("[data-like]")).to_have_count(0)
    assert parameters(page) == {"query": ["dragon"]}
    page.go_forward()
    expect(page.locator(f'[data-like="{liked}"]')).to_have_count(1)
    assert is_marked(page)


def test_the_address_and_the_page_change_in_one_step(page: Page) -> None:
    """What steers between them would add to the search that was, and lose the last step."""
    page.goto("/?query=dragon")
    page.evaluate(
        """() => {
          const push = history.pushState;
          history.pushState = function (...state) {
            push.apply(this, state);
            queueMicrotask(() => (window.seen = document.querySelectorAll("[data-like]").length));
          };
        }"""
    )
    page.locator("a.picture").first.focus()
    page.keyboard.press("l")
    page.wait_for_url("**like=**")
    assert page.evaluate("window.seen") == 1


def test_the_count_is_announced(page: Page) -> None:
    """A reader who does not see the page hears how many there are, and of what."""
    page.goto("/")
    page.locator("#search input[name=query]").fill("castle")
    page.locator("#search input[name=query]").press("Enter")
    expect(page.locator("#announcer")).to_contain_text("results")
    expect(page.locator("#announcer")).to_contain_text("castle")


def test_what_programs_read_of_a_page_follows_its_search(page: Page) -> None:
    """The address to hand on and the feed are of what is shown, though the page stayed."""
    page.goto("/")
    mark(page)
    page.locator("#search input[name=query]").fill("castle")
    page.locator("#search input[name=query]").press("Enter")
    page.wait_for_url("**/?query=castle")
    for rel, address in (
        ("canonical", "/?query=castle"),
        ("alternate", "/search.atom?query=castle"),
    ):
        link = page.locator(f"head link[rel={rel}]")
        expect(link).to_have_attribute("href", re.compile(re.escape(address) + "$"))
    assert is_marked(page)


def test_back_returns_to_the_same_place(page: Page) -> None:
    """The scroll position of a search is restored after another search or an asset."""
    page.goto("/")
    page.evaluate("scrollTo(0, 700)")
    eventually(page, f"scrollY > 0 && {KEPT}")
    page.keyboard.press("]")
    page.wait_for_url("**page=2**")
    eventually(page, "scrollY === 0")
    page.go_back()
    eventually(page, "Math.abs(scrollY - 700) < 3")
    page.locator(CARD).nth(20).locator("a.picture").click()
    page.wait_for_url("**/assets/**")
    page.go_back()
    eventually(page, "scrollY > 300")


def test_the_keys(page: Page) -> None:
    """Slash, arrows, x, l, u, brackets, question mark and Esc do what the help says."""
    page.goto("/")
    page.keyboard.press("/")
    expect(page.locator("#search input[name=query]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("a.picture").first).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("a.picture").nth(1)).to_be_focused()
    page.keyboard.press("ArrowDown")
    assert page.evaluate(
        """document.activeElement.getBoundingClientRect().top >
           document.querySelector("a.picture").getBoundingClientRect().top"""
    )
    page.keyboard.press("ArrowUp")
    page.keyboard.press("x")
    expect(page.locator(".pick:checked")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    liked = page.evaluate("document.activeElement.closest('.card').dataset.assetId")
    page.keyboard.press("l")
    expect(page.locator(f'[data-like="{liked}"]')).to_have_count(1)
    page.locator("a.picture").first.focus()
    unliked = identity(page, 0)
    page.keyboard.press("u")
    expect(page.locator(f'[data-unlike="{unliked}"]')).to_have_count(1)
    assert parameters(page) == {"like": [liked], "unlike": [unliked]}
    page.keyboard.press("]")
    expect(page.locator('[aria-current="page"]')).to_have_text("2")
    page.keyboard.press("[")
    expect(page.locator('[aria-current="page"]')).to_have_text("1")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()


def test_esc_leaves_the_words_as_they_are(page: Page) -> None:
    """A browser would empty the field: the next thing chosen would search for nothing."""
    page.goto("/?query=castle")
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    expect(page.locator("#search input[name=query]")).to_have_value("castle")
    expect(page.locator("#search input[name=query]")).not_to_be_focused()


def test_arrows_lead_from_asset_to_asset(page: Page) -> None:
    """Up and down scroll its page; in its strips all four go from card to card."""
    page.goto("/?query=castle&kind=image")
    ids = [str(card.get_attribute("data-asset-id")) for card in page.locator(".grid .card").all()]
    page.locator("a.picture").nth(1).click()
    page.wait_for_url(f"**/assets/{ids[1]}?**")
    page.keyboard.press("ArrowRight")
    page.wait_for_url(f"**/assets/{ids[2]}?**")
    expect(page.locator(f"article.asset[data-asset-id='{ids[2]}']")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(f"**/assets/{ids[1]}?**")
    expect(page.locator(f"article.asset[data-asset-id='{ids[1]}']")).to_be_visible()
    part = page.locator(".card-rows lazy-section").last
    part.scroll_into_view_if_needed()
    strip = part.locator("a.picture")
    strip.first.focus()
    page.keyboard.press("ArrowRight")
    expect(strip.nth(1)).to_be_focused()


def test_the_key_for_similar_assets_means_the_focused_card(page: Page) -> None:
    """On an asset page, `s` searches by the focused card, else by the asset of the page."""
    page.goto("/?query=castle&kind=image")
    page.locator("a.picture").first.click()
    page.wait_for_url("**/assets/**")
    asset_page = page.url
    of_page = str(page.locator("article.asset").get_attribute("data-asset-id"))
    page.keyboard.press("s")
    page.wait_for_url(f"**like={of_page}**")
    page.goto(asset_page)
    page.locator(".card-rows lazy-section").last.scroll_into_view_if_needed()
    card = page.locator(".card-rows .card").first
    of_card = str(card.get_attribute("data-asset-id"))
    assert of_card != of_page
    card.locator("a.picture").focus()
    page.keyboard.press("s")
    page.wait_for_url(f"**like={of_card}**")
    assert parameters(page)["like"] == [of_card]


def test_keys_are_left_to_a_field(page: Page) -> None:
    """Letters that are typed into the words steer nothing."""
    page.goto("/")
    page.locator("#search input[name=query]").focus()
    page.keyboard.type("lux?")
    expect(page.locator("#search input[name=query]")).to_have_value("lux?")
    assert parameters(page) == {}


@pytest.mark.parametrize("side", ["like", "unlike"])
def test_drop_a_file(page: Page, other_browser: Callable[..., Page], side: str) -> None:
    """A file dropped on a side becomes a reference there; the link works in other browsers."""
    page.goto("/")
    mark(page)
    transfer = page.evaluate_handle(TRANSFER, [picture("#c33"), "image/png"])
    page.dispatch_event("body", "dragenter", {"dataTransfer": transfer})
    zone = page.locator(f'.drop-zones [data-side="{side}"]')
    expect(zone).to_be_visible()
    zone.dispatch_event("drop", {"dataTransfer": transfer})
    page.wait_for_url(f"**{side}=ref_**")
    assert is_marked(page)
    expect(page.locator(".drop-zones")).to_have_count(0)
    reference = parameters(page)[side][0]
    second = other_browser()
    second.goto(page.url)
    shown = second.locator(f'[data-{side}="{reference}"] img')
    expect(shown).to_have_count(1)
    assert second.request.get(str(shown.get_attribute("src"))).ok
    assert identity(second, 0) == identity(page, 0)


def test_a_file_that_is_no_picture_is_refused_in_place(page: Page, watch: Watch) -> None:
    """The server's own words say why; the search stays as it was."""
    watch.allow("400")
    page.goto("/?query=dragon")
    content = base64.b64encode(b"no picture at all").decode()
    transfer = page.evaluate_handle(TRANSFER, [content, "image/png"])
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    expect(page.locator("#toast")).to_contain_text("not a picture")
    assert parameters(page) == {"query": ["dragon"]}


FILES = """([contents, address, folder]) => {
  const transfer = new DataTransfer();
  for (const [name, content] of Object.entries(contents)) {
    const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type: "image/png" }));
  }
  if (address) transfer.setData("text/uri-list", `# of another page\r\n${address}\r\n`);
  const entry = { isDirectory: true, name: folder };
  if (folder) DataTransferItem.prototype.webkitGetAsEntry = () => entry;
  const event = new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true });
  document.body.dispatchEvent(event);
}"""


def test_several_files_are_examples_together(page: Page, watch: Watch) -> None:
    """One that is refused is named, and the others are used; Back removes all of them."""
    watch.allow("400")
    page.goto("/?query=dragon")
    contents = {"a.png": picture("#c33"), "b.png": base64.b64encode(b"text").decode()}
    page.evaluate(FILES, [{**contents, "c.png": picture("#3c3")}, "", ""])
    page.wait_for_url("**like=ref_**")
    assert len(parameters(page)["like"]) == 2
    expect(page.locator("#toast")).to_contain_text("b.png: ")
    expect(page.locator("#toast")).not_to_contain_text("a.png")
    page.go_back()
    page.wait_for_url("**/?query=dragon")


def test_a_folder_is_explained(page: Page) -> None:
    page.goto("/")
    page.evaluate(FILES, [{"Renders": ""}, "", "Renders"])
    expect(page.locator("#toast")).to_contain_text("“Renders” is a folder.")
    assert parameters(page) == {}


@pytest.mark.parametrize("has_origin", [True, False])
def test_a_dropped_address(page: Page, *, has_origin: bool) -> None:
    """An asset's is used; that of another site is explained, as this server does not load it."""
    page.goto("/")
    shown = identity(page, 2)
    origin = page.evaluate("location.origin") if has_origin else "http://192.0.2.1"
    page.evaluate(FILES, [{}, f"{origin}/assets/{shown}", ""])
    if has_origin:
        page.wait_for_url(f"**like={shown}*")
    else:
        expect(page.locator("#toast")).to_contain_text("does not load pictures from other sites")
        assert parameters(page) == {}


def test_paste_a_picture_and_an_address(page: Page) -> None:
    """A pasted picture steers; so does the address of one of Akin's own assets."""
    page.goto("/")
    shown = identity(page, 3)
    page.evaluate(
        f"""([content, type]) => {{
          const transfer = ({TRANSFER})([content, type]);
          const told = {{ clipboardData: transfer, bubbles: true, cancelable: true }};
          document.body.dispatchEvent(new ClipboardEvent("paste", told));
        }}""",
        [picture("#3a3"), "image/png"],
    )
    page.wait_for_url("**like=ref_**")
    page.evaluate(
        """(address) => {
          const transfer = new DataTransfer();
          transfer.setData("text", address);
          const told = { clipboardData: transfer, bubbles: true, cancelable: true };
          document.body.dispatchEvent(new ClipboardEvent("paste", told));
        }""",
        page.evaluate(f"location.origin + '/assets/{shown}'"),
    )
    page.wait_for_url(f"**like={shown}**")
    assert sorted(parameters(page)) == ["like"]
    assert len(parameters(page)["like"]) == 2


def test_select_with_modifiers(page: Page) -> None:
    """Shift selects one, then a range; the selection has its own page."""
    page.goto("/")
    page.locator("a.picture").nth(1).click(modifiers=["Shift"])
    page.locator("a.picture").nth(4).click(modifiers=["Shift"])
    expect(page.locator(".pick:checked")).to_have_count(4)
    expect(page.locator(".selection output")).to_have_text("4 selected")
    chosen = [identity(page, place) for place in range(1, 5)]
    page.get_by_role("button", name="Open selection").click()
    page.wait_for_url("**/selection**")
    assert [identity(page, place) for place in range(page.locator(CARD).count())] == chosen


def test_endless_names_the_page_in_view(page: Page) -> None:
    """The next page follows below, and the address is that of the page that is looked at."""
    page.goto("/?endless=on&hitsPerPage=24")
    page.locator(".pagination").scroll_into_view_if_needed()
    eventually(page, f"document.querySelectorAll('{CARD}').length > 24")
    page.locator(".grid").nth(1).locator(CARD).nth(12).scroll_into_view_if_needed()
    page.wait_for_url("**page=2**")
    ids = page.locator(CARD).evaluate_all("cards => cards.map(card => card.dataset.assetId)")
    assert len(ids) == len(set(ids))
    begins = page.locator(".grid").nth(1).locator(CARD).first.get_attribute("data-asset-id")
    page.reload()
    assert parameters(page)["page"] == ["2"]
    assert identity(page, 0) == begins


def test_back_from_far_down_an_endless_page(page: Page) -> None:
    """The page of the address comes back, and in it the very picture that was looked at."""
    page.goto("/?endless=on&hitsPerPage=24&density=large")
    for place in (0, 1):
        grids = f"document.querySelectorAll('.grid').length > {place + 1}"
        page.locator(".grid").nth(place).locator(CARD).last.scroll_into_view_if_needed()
        eventually(page, grids)
    card = page.locator(".grid").nth(2).locator(CARD).nth(7)
    card.scroll_into_view_if_needed()
    page.wait_for_url("**page=3**")
    eventually(page, KEPT)
    looked_at = str(card.get_attribute("data-asset-id"))
    page.reload()
    expect(page.locator(f'[data-asset-id="{looked_at}"]')).to_be_in_viewport()


def test_the_theme_is_stored(page: Page) -> None:
    """The choice outlasts a reload, from the first paint on."""
    page.goto("/")
    page.get_by_role("button", name="Theme: system").click()
    page.get_by_role("button", name="Theme: dark").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    expect(page.get_by_role("button", name="Theme: light")).to_be_visible()


def test_look_closer_at_an_asset(page: Page) -> None:
    """A click magnifies, Esc goes back, brackets go through the search; the strip loads itself."""
    page.goto("/?query=castle&kind=image")
    page.locator("a.picture").first.click()
    page.wait_for_url("**/assets/**")
    zoom = page.locator("zoom-image")
    zoom.click()
    expect(zoom).to_have_attribute("aria-pressed", "true")
    assert "scale" in str(zoom.locator("img").evaluate("image => image.style.transform"))
    page.keyboard.press("Escape")
    expect(zoom).to_have_attribute("aria-pressed", "false")
    page.locator(".card-rows").scroll_into_view_if_needed()
    expect(page.locator(".card-rows .card").first).to_be_visible()
    here = page.url
    page.locator("h1").click()
    page.keyboard.press("]")
    page.wait_for_url(lambda url: url != here)
    expect(page.locator(".position")).to_contain_text("2 of")


def test_copying(watch: Watch) -> None:
    """The permanent link and the id go to the clipboard at a press."""
    context = watch.context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto("/")
    asset = identity(page, 0)
    page.goto(f"/assets/{asset}")
    page.get_by_role("link", name="Permanent link").click()
    expect(page.locator("#toast")).to_contain_text("copied")
    assert page.evaluate("navigator.clipboard.readText()").endswith(f"/assets/{asset}")
    row = page.locator("dl > div").filter(has_text=asset)
    said = listen(row.get_by_role("button"))
    row.get_by_role("button").click()
    eventually(page, f"{said}.includes('Copied')")
    assert page.evaluate("navigator.clipboard.readText()") == asset


def test_a_picture_whose_url_has_expired_is_requested_again(page: Page, watch: Watch) -> None:
    """Once, by the asset's id, which outlives every signature."""
    watch.allow("403")
    watch.allow("404")
    page.goto("/?kind=image")
    image = page.locator(f"{CARD} img").first
    image.evaluate("image => { image.srcset = ''; image.src = '/library/assets/gone?Policy=x'; }")
    eventually(page, f"document.querySelector('{CARD} img').src.includes('/assets/asset_')")
    eventually(page, f"document.querySelector('{CARD} img').naturalWidth > 0")
    assert identity(page, 0) in str(image.get_attribute("src"))


def test_a_video_plays_while_it_is_pointed_at(watch_before_api: Watch) -> None:
    """Nothing of it is loaded before, and nothing stays after."""
    page = watch_before_api.page()
    watch_before_api.allow("404")
    page.goto("/?kind=video")
    card = page.locator("article[data-media][data-kind=video]").first
    expect(page.locator(".hover-media")).to_have_count(0)
    card.hover()
    expect(card.locator("video.hover-media")).to_have_count(1)
    page.locator(".brand").hover()
    expect(page.locator(".hover-media")).to_have_count(0)


def test_why_opens_over_the_results(page: Page) -> None:
    """By its key; Esc closes it and gives the focus back; steering from it closes it, too."""
    page.goto("/?query=dragon")
    page.locator("a.picture").first.focus()
    page.keyboard.press("w")
    dialog = page.get_by_role("dialog", name="Why is this here?")
    expect(dialog).to_contain_text("dragon")
    assert parameters(page) == {"query": ["dragon"]}
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator("a.picture").first).to_be_focused()
    page.keyboard.press("w")
    dialog.get_by_role("button", name="More like this").click()
    page.wait_for_url("**like=**")
    expect(dialog).to_have_count(0)
