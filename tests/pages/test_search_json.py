"""/search.json: the search as understood, the hits, the counts; strict where pages are lenient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.query.params import PARAMETERS
from tests.support.scenario_api import answer, asset_id, page, refusal
from tests.support.searches import NASTY

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.support.scenario_api import FakeAPI


def test_it_has_the_parsed_search_hits_and_counts(client: FlaskClient, api: FakeAPI) -> None:
    """In the field names of the API."""
    found = client.get("/search.json?tags=b&query=+castle&tags=a&hitsPerPage=5").get_json()
    assert found["search"]["url"] == "/?query=castle&tags=a&tags=b&hitsPerPage=5"
    assert found["search"]["body"] == api.body()
    assert [hit["id"] for hit in found["hits"]] == [asset_id(7 * n) for n in range(17, 12, -1)]
    counts = {name: found[name] for name in ("page", "hitsPerPage", "totalHits", "totalPages")}
    assert counts == {"page": 1, "hitsPerPage": 5, "totalHits": 18, "totalPages": 4}


def test_what_has_not_changed_is_not_sent_again(client: FlaskClient, api: FakeAPI) -> None:
    """By the entity tag, as with pages; the next answer has another."""
    first = client.get("/search.json?query=castle")
    tag = {"If-None-Match": first.headers["ETag"]}
    assert client.get("/search.json?query=castle", headers=tag).status_code == 304
    api.always(page(total=0))
    again = client.get("/search.json?query=castle", headers=tag)
    assert (again.status_code, again.get_json()["hits"]) == (200, [])


def test_offsets_have_their_own_counts(client: FlaskClient) -> None:
    """The estimated count has a different name."""
    found = client.get("/search.json?offset=10&limit=5").get_json()
    counts = {name: found[name] for name in ("offset", "limit", "estimatedTotalHits")}
    assert counts == {"offset": 10, "limit": 5, "estimatedTotalHits": 120}
    assert "totalHits" not in found


@pytest.mark.parametrize(
    ("querystring", "parameters"),
    [
        ("page=%C2%B2", ["page"]),
        ("page=0", ["page"]),
        ("limit=0", ["limit"]),
        ("limit=101", ["limit"]),
        ("hitsPerPage=101", ["hitsPerPage"]),
        ("page=1&offset=0", ["offset"]),
        ("querySemanticRatio=2", ["querySemanticRatio"]),
        ("sortBy=prompt:asc", ["sortBy"]),
        ("like=a%20b", ["like"]),
        ("colour=red&page=x", ["colour", "page"]),
        ("similar=asset_1", ["similar"]),
        ("filter=(((", ["filter"]),
    ],
)
def test_each_mistake_is_a_400(
    client: FlaskClient, api: FakeAPI, querystring: str, parameters: list[str]
) -> None:
    """With every parameter that is wrong, and no question to the API."""
    response = client.get(f"/search.json?{querystring}")
    assert (response.status_code, response.mimetype) == (400, "application/json")
    said = response.get_json()
    assert (said["code"], said["field"]) == ("INVALID_SEARCH", parameters[0])
    assert [problem["parameter"] for problem in said["problems"]] == parameters
    assert api.received() == []


@pytest.mark.parametrize(
    ("status", "expected", "code"),
    [
        (400, 400, "BAD_FILTER"),
        (401, 502, "BAD_KEY"),
        (403, 403, "NOT_ALLOWED"),
        (429, 503, "QUOTA_EXCEEDED"),
        (500, 502, "UPSTREAM_DOWN"),
        (504, 504, "UPSTREAM_TIMEOUT"),
    ],
)
def test_a_refusal_is_json_with_its_words(
    client: FlaskClient, api: FakeAPI, status: int, expected: int, code: str
) -> None:
    """The status, a code and the message of the API."""
    api.next(refusal(status, "Invalid filter syntax", retry_after="3"))
    response = client.get("/search.json?filter=x")
    assert response.status_code == expected
    said = response.get_json()
    assert (said["error"], said["code"]) == ("Invalid filter syntax", code)
    assert int(response.headers["Retry-After"]) in {3, 4}


@pytest.mark.parametrize("body", [[], {"hits": None}, {"hits": {}}, "hits", None])
def test_nonsense_is_not_passed_on(client: FlaskClient, api: FakeAPI, body: Any) -> None:
    """The JSON contains the notice too."""
    api.next(answer(body))
    response = client.get("/search.json")
    assert (response.status_code, response.get_json()["code"]) == (502, "UPSTREAM_NONSENSE")


def test_an_upload_that_is_gone_is_a_404(client: FlaskClient) -> None:
    """Strict, so it is not left out."""
    response = client.get("/search.json?like=ref_" + "0" * 32)
    assert (response.status_code, response.get_json()["code"]) == (404, "UNKNOWN_REFERENCE")


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    max_examples=30,
)
@given(st.lists(st.tuples(st.sampled_from([*PARAMETERS, "x"]), NASTY), max_size=4))
def test_any_query_is_an_answer_or_a_400(client: FlaskClient, pairs: list[tuple[str, str]]) -> None:
    """And always JSON."""
    clean = [(name, value.encode("utf-8", "replace")) for name, value in pairs]
    response = client.get("/search.json", query_string=clean)  # type: ignore[arg-type]
    assert response.status_code in {200, 400}
    assert ("hits" in response.get_json()) == (response.status_code == 200)
