"""Pages while the library is indexed: the progress, in words, and no stale results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from app.scenario.library import Indexing
from app.viewmodels.library.indexing import indexing_view
from tests.support.scenario_api import answer, make_app, page, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.scenario_api import FakeAPI

STATUS = "/v1/library/indexing"


def _status(**changes: Any) -> Any:
    return answer({"isRunning": True, "fileCount": 4000, "readCount": 1200, "skippedCount": 3,
                   "secondsLeft": 700, "error": "", "generation": 7} | changes)  # fmt: skip


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (None, ""),
        (Indexing(), ""),
        (Indexing(fileCount=9, readCount=9), ""),
        (Indexing(isRunning=True), "Indexing: looking for new files"),
        (Indexing(isRunning=True, fileCount=1), "Indexing: 0 of 1 file read"),
        (
            Indexing(True, 40_000, 1_200, 3, 720),
            "Indexing: 1\u202f200 of 40\u202f000 files read, 3 skipped, about 12 minutes left",
        ),
        (
            Indexing(True, 40_000, 1_200, 0, 7_400),
            "Indexing: 1\u202f200 of 40\u202f000 files read, about 2 hours left",
        ),
        (
            Indexing(True, 40, 39, 0, 4),
            "Indexing: 39 of 40 files read, less than a minute left",
        ),
        (
            Indexing(error="the disk is full."),
            "Indexing has failed: the disk is full. What was indexed before is shown.",
        ),
    ],
)
def test_the_progress_is_one_line(progress: Indexing | None, text: str) -> None:
    view = indexing_view(progress)
    assert view.text == text
    assert view.value <= view.max


def test_an_empty_page_says_that_pictures_will_appear(api: FakeAPI, tmp_path: Path) -> None:
    """Not that there are none; a search without results says so as always."""
    api.always(_status(), on=STATUS)
    api.always(page())
    client = make_app(api, tmp_path, by_library=True).test_client()
    first = BeautifulSoup(client.get("/").data, "html.parser").select_one(".empty-state")
    assert first is not None
    words = " ".join(first.get_text(" ").split())
    assert words.startswith("Indexing … Pictures appear here as they are read.")
    other = BeautifulSoup(client.get("/?query=xyz").data, "html.parser").select_one(".empty-state")
    assert other is not None
    assert "No results" in other.get_text()
    assert not other.has_attr("data-fills")


def test_pages_show_the_progress_without_scripts(api: FakeAPI, tmp_path: Path) -> None:
    """With a link that loads the same search again, and nothing once the run has ended."""
    api.always(_status(), on=STATUS)
    client = make_app(api, tmp_path, by_library=True).test_client()
    first = client.get("/?query=castle")
    line = BeautifulSoup(first.data, "html.parser").select_one(".indexing")
    assert line is not None
    assert (
        "1\u202f200 of 4\u202f000 files read, 3 skipped, about 12 minutes left" in line.get_text()
    )
    assert line.a is not None
    assert line.a["href"] == "/?query=castle"
    bar = line.select_one("progress[aria-label]")
    assert bar is not None
    assert (bar["max"], bar["value"]) == ("4000", "1200")
    client = make_app(api, tmp_path, by_library=True).test_client()
    api.always(_status(isRunning=False), on=STATUS)
    again = client.get("/?query=castle", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    line = BeautifulSoup(again.data, "html.parser").select_one(".indexing")
    assert line is not None
    assert line.has_attr("hidden")


def test_no_result_is_from_before_the_last_change(api: FakeAPI, tmp_path: Path) -> None:
    """A cached response is used until the library has changed, however long it would be fresh."""
    now = [1_000_000.0]
    client = make_app(api, tmp_path, by_library=True, cache_seconds=600, clock=lambda: now[0])
    browser = client.test_client()
    api.always(_status(isRunning=False, generation=1), on=STATUS)
    for _ in range(3):
        browser.get("/?query=castle&querySemanticRatio=0")
        now[0] += 2
    assert len(api.received()) == 1
    api.always(_status(isRunning=False, generation=2), on=STATUS)
    browser.get("/?query=castle&querySemanticRatio=0")
    assert len(api.received()) == 2


def test_scripts_get_the_progress_and_the_number_of_results(api: FakeAPI, tmp_path: Path) -> None:
    api.always(_status(), on=STATUS)
    client = make_app(api, tmp_path, by_library=True).test_client()
    progress = client.get("/indexing")
    assert progress.headers["Cache-Control"] == "no-store"
    assert progress.get_json()["value"] == 1200
    assert progress.get_json()["running"]
    total = client.get("/indexing/total?kind=image").get_json()
    shown = BeautifulSoup(client.get("/?kind=image").data, "html.parser").select_one(".count")
    assert shown is not None
    assert total == {"total": int(str(shown["data-total-hits"])), "running": True}
    client.get("/indexing/total?query=castle")
    assert api.body()["query"] == "castle"
    assert api.body()["hitsPerPage"] == 1


def test_a_page_is_never_older_than_the_number_of_results(api: FakeAPI, tmp_path: Path) -> None:
    """A script that has been given a number loads the page: also within the same second."""
    now = [1_000_000.0]
    app = make_app(api, tmp_path, by_library=True, cache_seconds=600, clock=lambda: now[0])
    browser = app.test_client()
    search = "query=castle&querySemanticRatio=0"
    api.always(_status(isRunning=False, generation=1), on=STATUS)
    browser.get(f"/?{search}")
    # The library changes between the progress and the search of one request.
    api.next(_status(isRunning=False, generation=1), on=STATUS)
    api.always(_status(isRunning=False, generation=2), on=STATUS)
    now[0] += 2
    browser.get(f"/indexing/total?{search}")
    browser.get(f"/?{search}")
    assert [call.json["hitsPerPage"] for call in api.received()] == [48, 1, 48]


def test_a_library_that_does_not_respond_in_time_is_asked_again(
    api: FakeAPI, tmp_path: Path
) -> None:
    """Its scripts ask no more where there is none: that is another response."""
    api.always(refusal(503, "busy"), on=STATUS)
    client = make_app(api, tmp_path, by_library=True).test_client()
    assert client.get("/indexing").status_code == 200
    assert client.get("/indexing/total").status_code == 502


@pytest.mark.parametrize("by_library", [False, True])
def test_other_apis_have_no_progress(by_library: bool, api: FakeAPI, tmp_path: Path) -> None:
    """Their pages are unchanged, and scripts ask no more."""
    api.always(refusal(404, "no such path"), on=STATUS)
    client = make_app(api, tmp_path, by_library=by_library).test_client()
    assert client.get("/indexing").status_code == 404
    assert client.get("/indexing/total").status_code == 404
    shown = BeautifulSoup(client.get("/").data, "html.parser")
    assert (shown.select_one("library-status") is not None) is by_library
    assert len(api.received(STATUS)) == (1 if by_library else 0)
