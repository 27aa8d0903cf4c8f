"""Errors of the API become pages that say what happened and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.synthetic import hit
from tests.support.forms import submitted
from tests.support.scenario_api import CDN, Reply, asset_id, page, refusal

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from flask.testing import FlaskClient

    from tests.support.scenario_api import Answer, FakeAPI
    from tests.support.soup import Soup


def failure(soup: BeautifulSoup) -> tuple[str, str]:
    """The code and the words of the failure on a page."""
    section = soup.select_one("section[data-error]")
    assert section is not None
    return str(section["data-error"]), " ".join(section.get_text(" ").split())


@pytest.mark.parametrize(
    ("reply", "status", "code", "said"),
    [
        (refusal(400, "Limit exceeds maximum (100)"), 400, "BAD_REQUEST", "Limit exceeds"),
        (refusal(401, "Unauthorized"), 502, "BAD_KEY", "SCENARIO_SDK_API_KEY"),
        (refusal(403, "Forbidden"), 403, "NOT_ALLOWED", "Forbidden"),
        (refusal(429, "Quota", "QUOTA_EXCEEDED"), 503, "QUOTA_EXCEEDED", "quota"),
        (refusal(408, "Slow"), 504, "UPSTREAM_TIMEOUT", "too long"),
        (refusal(500, "Oops"), 502, "UPSTREAM_DOWN", "cannot be reached"),
        (refusal(504, "Gateway"), 504, "UPSTREAM_TIMEOUT", "too long"),
        (Reply(502, b"<html>nginx</html>"), 502, "UPSTREAM_DOWN", "status 502"),
        (Reply(200, b"<html>hotel</html>"), 502, "UPSTREAM_NONSENSE", "SCENARIO_BASE_URL"),
        (Reply(200, b'{"hits": null}'), 502, "UPSTREAM_NONSENSE", "no list of hits"),
        (Reply(301, b"", {"location": "/x"}), 502, "UPSTREAM_NONSENSE", "SCENARIO_BASE_URL"),
    ],
)
def test_each_failure_has_its_page(
    soup: Soup, api: FakeAPI, reply: Answer, status: int, code: str, said: str
) -> None:
    """With the status, the message of the API, what to do, and the search in the form."""
    api.next(reply)
    shown = soup("/?query=castle&kind=image", status=status)
    found, words = failure(shown)
    assert found == code
    assert said in words
    assert ("query", "castle") in submitted(shown)
    assert ("kind", "image") in submitted(shown)
    assert shown.select("article[data-asset-id]") == []


def test_a_refused_filter_is_mended_where_it_stands(soup: Soup, api: FakeAPI) -> None:
    """The API's words stand next to the field, which holds what was typed.

    It counts columns in what it was sent, where an opening parenthesis comes first.
    """
    api.next(refusal(400, "Invalid filter syntax at column 7"))
    shown = soup("/?query=castle&filter=width+%3E%3E+5", status=400)
    field = shown.select_one('section.failure textarea[name="filter"]')
    assert field is not None
    assert field.get_text() == "width >> 5"
    assert field["aria-invalid"] == "true"
    why = shown.find(id=str(field["aria-describedby"]))
    assert why is not None
    assert why.get_text() == "Invalid filter syntax at column 6"
    links = {str(link["href"]) for link in shown.select("section.failure a[href]")}
    assert "/?query=castle" in links


def test_a_filter_that_was_not_typed_is_mended_by_leaving_out(soup: Soup, api: FakeAPI) -> None:
    """There is no field for it: each condition is a link to the search without it."""
    api.next(refusal(400, "Invalid filter syntax"))
    shown = soup("/?query=castle&kind=image&width=512..", status=400)
    links = [
        (link.get_text(), link["href"])
        for link in shown.select("section.failure .suggestions a[href]")
    ]
    assert links == [
        ("Without kind image", "/?query=castle&width=512.."),
        ("Without width from 512", "/?query=castle&kind=image"),
    ]
    assert "below" not in failure(shown)[1]


@pytest.mark.parametrize(
    ("path", "reply", "status", "ways"),
    [
        (
            f"/assets/{asset_id(3)}?query=castle&page=2",
            refusal(500, "Oops"),
            502,
            [
                ("Try again", f"/assets/{asset_id(3)}?query=castle&page=2"),
                ("Back to “castle”", "/?query=castle&page=2"),
                ("Newest pictures", "/"),
            ],
        ),
        (
            f"/assets/{asset_id(3)}?query=castle",
            refusal(404, "Not found"),
            404,
            [("Back to “castle”", "/?query=castle"), ("Newest pictures", "/")],
        ),
        (f"/assets/{asset_id(3)}", refusal(404, "Not found"), 404, [("Newest pictures", "/")]),
        (
            "/?query=castle&density=large",
            refusal(500, "Oops"),
            502,
            [
                ("Try again", "/?query=castle&density=large"),
                ("Newest pictures", "/?density=large"),
            ],
        ),
        ("/", refusal(500, "Oops"), 502, [("Try again", "/")]),
    ],
)
def test_a_failure_leads_on(
    soup: Soup, api: FakeAPI, path: str, reply: Answer, status: int, ways: list[tuple[str, str]]
) -> None:
    """Once more to this very page where that may help, and back to where the reader came from."""
    api.always(reply, on="/v1/")
    links = soup(path, status=status).select("section.failure .buttons a[href]")
    assert [(" ".join(link.get_text().split()), link["href"]) for link in links] == ways


def test_the_words_of_the_api_are_words(soup: Soup, api: FakeAPI) -> None:
    """Not markup, and not without end."""
    api.next("400-script")
    shown = soup("/?query=castle", status=400)
    _, words = failure(shown)
    assert "<script>alert(1)</script>" in words
    assert len(words) < 2000
    assert [script for script in shown.find_all("script") if not script.get("src")] == []


def test_the_page_says_when_to_retry(client: FlaskClient, api: FakeAPI) -> None:
    """And the failure is not cached."""
    api.next(refusal(429, "Quota", retry_after="30"))
    response = client.get("/?query=castle")
    assert int(response.headers["Retry-After"]) in {30, 31}
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("value", ["inf", "nan", "-1", "9" * 400, "soon", "1e999"])
def test_a_wait_that_cannot_be_is_none(client: FlaskClient, api: FakeAPI, value: str) -> None:
    """The message of the API must not break the error page."""
    api.next(refusal(429, "Quota", retry_after=value, retry_after_ms=value))
    assert client.get("/?query=castle").status_code == 503


def test_an_example_that_does_not_exist_is_left_out(soup: Soup, api: FakeAPI) -> None:
    """The search goes on without it, and the page says so."""
    api.next(refusal(404, "Asset not found"))
    shown = soup(f"/?like=asset_gone&like={asset_id(8)}")
    assert api.body()["image"] == asset_id(8)
    assert "asset_gone" in (shown.select_one(".notices") or shown).get_text()
    assert [str(each["data-like"]) for each in shown.select("[data-like]")] == [asset_id(8)]


@pytest.mark.parametrize("path", ["/v1/collections", "/v1/assets/get-bulk", "/v1/tags"])
def test_what_a_page_can_do_without_does_not_break_it(soup: Soup, api: FakeAPI, path: str) -> None:
    """Names in the bar and in the filters are a help, not a need."""
    api.always(refusal(500, "No"), on=path)
    shown = soup(f"/?like={asset_id(8)}")
    assert len(shown.select("article[data-asset-id]")) == 48


@pytest.mark.parametrize(
    "fault",
    [
        "hits-odd",
        "fields-missing",
        "fields-null",
        "metadata-null",
        "fields-mistyped",
        "fields-new",
        "lone-surrogates",
        "odd-numbers",
        "dates-odd",
        "urls-odd",
        "not-utf-8",
        "duplicate-hits",
        "totals-odd",
        "totals-missing",
        "totals-short",
        "expired-urls",
    ],
)
def test_odd_hits_never_break_the_page(
    soup: Soup, client: FlaskClient, api: FakeAPI, fault: str
) -> None:
    """Nor the page of any of them."""
    api.always(fault)
    api.always(fault, on="/v1/assets/")
    cards = soup("/?query=castle").select("article[data-asset-id]")
    assert len(cards) >= 18
    shown = [str(card["data-asset-id"]) for card in cards]
    for known in [each for each in shown if each in api.healthy.numbers][:5]:
        assert client.get(f"/assets/{known}").status_code == 200


def test_a_page_of_lies_says_nothing_false(soup: Soup, api: FakeAPI) -> None:
    """A million counted and none listed: no number is shown."""
    api.next("totals-lie")
    shown = soup("/?query=castle")
    assert shown.select("[data-total-hits]") == []
    assert "000" not in shown.select_one(".status").get_text()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/no-such-page", 404),
        ("get", "/no/such/page", 404),
        ("get", "/%FF%00", 404),
        ("post", "/", 405),
        ("put", "/search.json", 405),
        ("get", "/static/../config.py", 404),
        ("get", "/static/no.css", 404),
    ],
)
def test_what_is_no_page_is_one_that_says_so(
    client: FlaskClient, api: FakeAPI, method: str, path: str, status: int
) -> None:
    """Without asking the API for anything."""
    response = getattr(client, method)(path)
    assert response.status_code == status
    assert ("error" in response.get_json()) if path.endswith(".json") else "<h1>" in response.text
    assert api.received() == []


def test_a_sensitive_picture_is_marked(soup: Soup, api: FakeAPI) -> None:
    """Blurred by default; shown, or excluded by the API, on request."""
    sensitive = {**hit(8, cdn=CDN), "nsfw": ["suggestive"]}
    for path, expected in (("/?query=x", True), ("/?query=x&nsfw=show", False)):
        api.next(page(sensitive))
        (card,) = soup(path).select("article[data-asset-id]")
        assert ("sensitive" in (card["class"] or [])) is expected
