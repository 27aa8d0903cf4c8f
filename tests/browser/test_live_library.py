"""An open page while the library changes: progress, and a note of what is new."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect

from tests.support import sample_files
from tests.support.accessibility import open_page, overflow, violations
from tests.support.browser import Watch, pause_clock
from tests.support.server import Server
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Route

NEWS = 16_000  # ms: longer than the pause between two questions for what is new
RUNNING = {"text": "Indexing: 10 of 40 files read", "value": 10, "max": 40, "running": True}
IDLE = {"text": "", "value": 0, "max": 0, "running": False}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = {f"castle {n}.png": sample_files.png(size=(60 + n, 60)) for n in range(3)}
    return sample_files.fill(tmp_path_factory.mktemp("live"), files)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[Server]:
    """Akin over a folder whose changes it follows."""
    settings = {"AKIN_ASSETS": str(folder), "AKIN_WATCH": "auto"}
    with Server(tmp_path_factory.mktemp("data"), settings) as running:
        eventually(lambda: "watching" in running.log)
        yield running


@pytest.fixture
def watched(browser: Browser, live: Server) -> Iterator[Watch]:
    watching = Watch(browser, live.url)
    yield watching
    assert watching.close() == []


@pytest.fixture
def asked() -> list[str]:
    """The paths that scripts have asked for, while `_answer` answers them."""
    return []


def _answer(page: Page, asked: list[str], progress: Any, total: int) -> None:
    """Answer the questions of the script in place of the server."""

    def fulfill(route: Route) -> None:
        path = route.request.url.partition("/indexing")[2]
        asked.append(path)
        body = (
            {"total": total, "running": progress["running"]}
            if path.startswith("/total")
            else progress
        )
        route.fulfill(body=json.dumps(body), content_type="application/json")

    page.unroute_all()
    page.route("**/indexing**", fulfill)


def _asked(page: Page, asked: list[str]) -> list[str]:
    """Return what the page has asked so far, and forget it.

    A question of our own goes the same way, so all that were asked before have arrived with it.
    """
    page.evaluate("fetch('/indexing/last')")
    eventually(lambda: page.wait_for_timeout(20) or "/last" in asked)
    questions = asked[: asked.index("/last")]
    asked.clear()
    return questions


def _wait_for_the_indexer(server: Server) -> None:
    """Wait until the indexer rests: a page that is made during a run asks for its progress."""

    def rests() -> bool:
        with urlopen(f"{server.url}/indexing") as response:  # noqa: S310 - our own server
            return not json.load(response)["running"]

    eventually(rests)


def test_an_open_page_says_what_is_new(watched: Watch, live: Server, folder: Path) -> None:
    """New assets of its search alone; a button shows them."""
    castles, dragons = watched.page(), watched.page()
    for page, query in ((castles, "castle"), (dragons, "dragon")):
        pause_clock(page)
        page.goto(f"{live.url}/?query={query}")
    before = castles.locator("article.card").count()
    sample_files.fill(
        folder, {f"castle new {n}.png": sample_files.png("lime", (90 + n, 50)) for n in range(3)}
    )
    note = castles.locator("library-status [role=status] button")

    def is_noted() -> bool:
        castles.clock.fast_forward(NEWS)
        castles.wait_for_timeout(200)
        return note.count() == 1 and note.text_content() == "3 new"

    eventually(is_noted, 300)  # the indexer has the lowest priority of the machine
    with dragons.expect_response("**/indexing/total**") as answered:
        dragons.clock.fast_forward(NEWS)
    assert answered.value.json()["total"] == 0
    expect(dragons.locator("library-status button")).to_have_count(0)
    expect(castles.locator("article.card")).to_have_count(before)  # nothing moves by itself
    note.click()
    expect(note).to_have_count(0)
    expect(castles.locator("article.card")).to_have_count(before + 3)


def test_no_question_is_asked_often_or_by_a_hidden_page(
    watched: Watch, live: Server, asked: list[str]
) -> None:
    _wait_for_the_indexer(live)
    page = watched.page()
    page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => window.away })")
    pause_clock(page)
    _answer(page, asked, IDLE, 0)
    page.goto("/")
    page.clock.run_for(14_000)
    assert _asked(page, asked) == []
    page.clock.run_for(2_000)
    assert _asked(page, asked) == ["/total"]
    page.evaluate("window.away = true")
    page.clock.run_for(120_000)
    assert _asked(page, asked) == []
    page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange')); 0")
    page.clock.run_for(100)
    assert _asked(page, asked) == ["/total"]


def test_no_more_is_asked_where_there_is_no_library(watched: Watch, asked: list[str]) -> None:
    watched.allow("404")
    page = watched.page()
    pause_clock(page)

    def refuse(route: Route) -> None:
        asked.append(route.request.url.partition("/indexing")[2])
        route.fulfill(status=404, body="{}")

    page.route("**/indexing**", refuse)
    page.goto("/")
    page.clock.run_for(NEWS)
    assert len(_asked(page, asked)) == 1
    page.clock.run_for(4 * NEWS)
    assert _asked(page, asked) == []


@pytest.mark.parametrize("look", ["dark-wide", "light-narrow"])
def test_the_progress_is_updated_and_goes_away(watched: Watch, asked: list[str], look: str) -> None:
    """Without a word of a screen reader for each step."""
    page = open_page(watched, look)
    pause_clock(page)
    _answer(page, asked, RUNNING, 3)
    page.goto("/problems")
    line = page.locator("library-status .indexing")
    page.clock.run_for(NEWS)
    expect(line).to_be_visible()
    expect(line.locator("span")).to_have_text(RUNNING["text"])
    expect(line.locator("progress")).to_have_attribute("max", "40")
    assert line.evaluate("each => each.closest('[aria-live], [role=status]')") is None
    assert overflow(page) <= 0
    page.clock.resume()  # axe waits by timers; from here on every step waits for what it leads to
    assert violations(page) == []
    _answer(page, asked, {**RUNNING, "text": "Indexing: 30 of 40 files read", "value": 30}, 3)
    page.clock.run_for(4_000)
    expect(line.locator("span")).to_have_text("Indexing: 30 of 40 files read")
    expect(line.locator("progress")).to_have_js_property("value", 30)
    _answer(page, asked, IDLE, 3)
    page.clock.run_for(4_000)
    expect(line).to_be_hidden()
