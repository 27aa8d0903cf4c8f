"""Every fault of the API on every page that uses it: a useful page, its status, its log line.

Nothing here is timed: a fault that never answers and a page that waits for it would never end.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup

from app import create_app
from app.services.time_limits import TimeLimits
from app.web.context import services_of
from config import Settings
from tests.faults import FAULTS, Upstream
from tests.faults.bodies import bomb
from tests.faults.synthetic import asset_id
from tests.support.time_limits import PATIENT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

pytestmark = pytest.mark.usefixtures("no_pauses")

ASSET = asset_id(5)
ONE = f"/v1/assets/{ASSET}"
SHOWN = (200, "")
LONG = 60.0  # seconds, which nothing takes that comes at all

# What a reader is answered under each fault. A fault that does not stop the page is SHOWN.
DOWN = (502, "UPSTREAM_DOWN")
LATE = (504, "UPSTREAM_TIMEOUT")
NONSENSE = (502, "UPSTREAM_NONSENSE")
QUOTA = (503, "QUOTA_EXCEEDED")
REFUSED = (400, "BAD_REQUEST")
FILTER = (400, "BAD_FILTER")
ANSWERS = {
    **{
        name: answer
        for names, answer in (
            ("refused reset hang-up cut-body cut-body-chunked reset-body not-http", DOWN),
            ("long-header gzip-broken 409 500 502 503 503-should-retry", DOWN),
            ("503-should-not-retry", DOWN),
            (
                "no-answer slow-first-byte slow-headers slow-status slow-body stalled-body 408 504",
                LATE,
            ),
            ("301 301-elsewhere 301-loop html not-json empty-body deep-json", NONSENSE),
            ("shape-list shape-string shape-null shape-number", NONSENSE),
            ("hits-missing hits-null hits-object 100-mb 100-mb-chunked gzip-bomb", NONSENSE),
            ("400-empty 400-limit 400-no-body 400-script 400-should-retry", REFUSED),
            ("400-filter 400-field 400-message 400-object 400-text", FILTER),
        )
        for name in names.split()
    },
    **{name: QUOTA for name in FAULTS if name.startswith("429")},
    "401": (502, "BAD_KEY"),
    "403": (403, "NOT_ALLOWED"),
    "404": (404, "UNKNOWN_ASSET"),
}
STOPS = sorted(ANSWERS)
SHOWS = sorted(set(FAULTS) - set(ANSWERS))


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A healthy API with 60 assets."""
    bomb()  # made once, before a request waits for it
    with Upstream(count=60, drip=0.01) as server:
        yield server


def browser(
    upstream: Upstream, data: Path, seconds: float, limits: TimeLimits = PATIENT
) -> FlaskClient:
    """A browser before an application with nothing cached yet, whose pages may take so long."""
    settings = Settings(
        base_url=upstream.url,
        api_key="key",
        api_secret="secret",
        data=data,
        timeout=seconds,
        media_origins=(upstream.origin,),
    )
    return create_app(settings, limits=limits).test_client()


def leave(client: FlaskClient, upstream: Upstream) -> None:
    """End the background requests of its application: they would log in another test."""
    upstream.close()
    services_of(client.application).close()


@pytest.fixture
def client(
    upstream: Upstream, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[FlaskClient]:
    """A browser whose pages have little time where what they are about never comes."""
    callspec = getattr(request.node, "callspec", None)
    fault = callspec.params["fault"] if callspec else ""
    made = browser(upstream, tmp_path, 0.4 if ANSWERS.get(fault) == LATE else LONG)
    yield made
    leave(made, upstream)


@pytest.fixture
def in_part(upstream: Upstream, tmp_path: Path) -> Iterator[FlaskClient]:
    """A browser whose pages have time, but not for what they can do without."""
    made = browser(upstream, tmp_path, LONG, TimeLimits(examples=0.3, labels=0.05))
    yield made
    leave(made, upstream)


def failure(page: str) -> dict[str, object]:
    """What the page of an error gives its reader."""
    soup = BeautifulSoup(page, "html.parser")
    section = soup.select_one("[data-error]")
    assert section is not None
    heading = section.select_one("h1")
    query = soup.select_one("input[name=query]")
    return {
        "code": section["data-error"],
        "has a heading": bool(heading and heading.text.strip()),
        "has advice": len(section.select("p")) >= 2,
        "has a way on": bool(section.select("a[href]")),
        "keeps the words": query["value"] if query else None,
        "runs nothing": not soup.select("script:not([src])"),
    }


def useful(code: str, words: str = "") -> dict[str, object]:
    """What every page of an error has to give."""
    return {
        "code": code,
        "has a heading": True,
        "has advice": True,
        "has a way on": True,
        "keeps the words": words,
        "runs nothing": True,
    }


def lines(caplog: pytest.LogCaptureFixture, code: str, call: str) -> list[str]:
    """The warnings that name a call and what it means."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno == logging.WARNING and record.getMessage().startswith(f"{call}: {code}")
    ]


def test_every_fault_has_an_expected_answer() -> None:
    assert set(ANSWERS) < set(FAULTS)


@pytest.mark.parametrize("fault", STOPS)
def test_results_say_what_is_wrong_and_keep_the_search(
    client: FlaskClient, upstream: Upstream, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    upstream.always(fault)
    status, code = ANSWERS[fault] if fault != "404" else NONSENSE
    with caplog.at_level(logging.WARNING):
        answer = client.get("/?query=castle")
    assert (answer.status_code, failure(answer.text)) == (status, useful(code, "castle"))
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(lines(caplog, code, "POST /search/assets")) == 1


@pytest.mark.parametrize("fault", STOPS)
def test_json_says_what_is_wrong(client: FlaskClient, upstream: Upstream, fault: str) -> None:
    upstream.always(fault)
    answer = client.get("/search.json?query=castle")
    status, code = ANSWERS[fault] if fault != "404" else NONSENSE
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert answer.json["error"]


@pytest.mark.parametrize("fault", STOPS)
def test_an_asset_says_what_is_wrong(
    client: FlaskClient, upstream: Upstream, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    upstream.always(fault, on=ONE)
    status, code = ANSWERS[fault]
    with caplog.at_level(logging.WARNING):
        answer = client.get(f"/assets/{ASSET}?query=castle")
    assert (answer.status_code, failure(answer.text)) == (status, useful(code, "castle"))
    assert len(lines(caplog, code, f"GET /assets/{ASSET}")) == 1


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - {"refused"}))
def test_pictures_in_the_bar_whose_names_cannot_be_had_do_not_stop_the_page(
    in_part: FlaskClient, upstream: Upstream, fault: str
) -> None:
    upstream.always(fault, on="/v1/assets/get-bulk")
    answer = in_part.get(f"/?like={ASSET}&unlike={asset_id(6)}")
    soup = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 200
    assert len(soup.select(".bar .example img[alt]")) == 2
    assert len(soup.select(".grid article.card")) == 48


@pytest.mark.parametrize("fault", STOPS)
def test_names_that_cannot_be_had_do_not_stop_the_page(
    in_part: FlaskClient, upstream: Upstream, fault: str
) -> None:
    if fault != "refused":
        upstream.always(fault, on="/v1/collections")
        upstream.always(fault, on="/v1/models")
        upstream.always(fault, on="/v1/tags")
    assert in_part.get(f"/assets/{ASSET}").status_code == 200
    assert in_part.get("/").status_code == 200


@pytest.mark.parametrize("fault", SHOWS)
def test_what_can_be_shown_is_shown(client: FlaskClient, upstream: Upstream, fault: str) -> None:
    upstream.always(fault)
    upstream.always(fault, on=ONE)
    page, json, asset = client.get("/"), client.get("/search.json"), client.get(f"/assets/{ASSET}")
    assert [answer.status_code for answer in (page, json, asset)] == [200, 200, 200]
    soup = BeautifulSoup(page.text, "html.parser")
    ids = [card["data-asset-id"] for card in soup.select(".grid article.card")]
    if fault == "totals-lie":
        assert (ids, len(soup.select(".empty-state h2"))) == ([], 1)
        return
    assert len(ids) == len(set(ids)) >= 46
    assert all(card.select("a.picture[href]") for card in soup.select(".grid article.card"))


def test_odd_addresses_are_never_put_into_a_page(client: FlaskClient, upstream: Upstream) -> None:
    upstream.always("urls-odd")
    soup = BeautifulSoup(client.get("/").text, "html.parser")
    addresses = {
        str(tag[name])
        for tag in soup.select(".grid [src], .grid [href], .grid [srcset], .grid [poster]")
        for name in ("src", "href", "srcset", "poster")
        if tag.has_attr(name)
    }
    assert len(soup.select(".grid article.card")) == 48
    assert {each for each in addresses if not each.startswith("/") or each[1:2] == "/"} == set()
    assert len(addresses) >= 48


def test_the_words_of_the_api_are_never_markup(client: FlaskClient, upstream: Upstream) -> None:
    upstream.always("400-script")
    page = client.get("/?query=x").text
    assert "<script>alert" not in page
    assert len(page) < 100_000


def test_expired_pictures_are_not_requested(client: FlaskClient, upstream: Upstream) -> None:
    upstream.always("expired-urls")
    soup = BeautifulSoup(client.get("/?kind=image").text, "html.parser")
    sources = [str(image["src"]) for image in soup.select(".grid img[src]")]
    places = {urlsplit(source).path.rpartition("/")[0] for source in sources}
    assert (len(sources), places) == (24, {"/thumbnails"})


@pytest.mark.parametrize("fault", ["totals-odd", "totals-missing", "totals-short"])
def test_a_count_that_is_none_is_not_shown_as_one(
    client: FlaskClient, upstream: Upstream, fault: str
) -> None:
    upstream.always(fault)
    soup = BeautifulSoup(client.get("/?hitsPerPage=24").text, "html.parser")
    counts = [each.text for each in soup.select(".count")]
    assert (len(soup.select(".grid article.card")), counts) == (24, ["Results 1 to 24"])


def test_a_page_beyond_the_end_of_shrinking_results_leads_back(
    client: FlaskClient, upstream: Upstream
) -> None:
    upstream.always("shrinking-pages")
    for page in range(1, 4):
        answer = client.get(f"/?page={page}&hitsPerPage=24" if page > 1 else "/?hitsPerPage=24")
        assert answer.status_code == 200
    soup = BeautifulSoup(client.get("/?page=9&hitsPerPage=24").text, "html.parser")
    assert [link["href"] for link in soup.select(".empty-state a.button")] == ["/?hitsPerPage=24"]
