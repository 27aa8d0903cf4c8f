"""The search form: submitted unchanged, it is the same search from its first page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup
from hypothesis import HealthCheck, Phase, example, given, settings

from app.query.params import is_reference, pairs_of
from app.query.search import Search
from tests.support.forms import form_url, submitted
from tests.support.scenario_api import asset_id, refusal
from tests.support.searches import searches

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.support.scenario_api import FakeAPI
    from tests.support.soup import Soup

ONE, TWO = asset_id(8), asset_id(16)
BUSY = (
    f"query=castle&querySemanticRatio=0.35&like={ONE}&unlike={TWO}&imageSemanticRatio=0.7"
    "&kind=video&kind=hologram&kind.not=audio&type=uploaded&tags=a&tags.all=b&tags.not=c"
    "&collectionIds=collection_1&collectionIds=gone&modelId=model_1&aspectRatio=16:9"
    "&width=512..1024&guidance=..7.5&createdAt=2025-01-31T12:00Z..2025-02-28&nsfw=hide"
    "&filter=name+%3D+%22a++b%22&public=true&originalAssets=true"
    "&sortBy=width:asc&sortBy=createdAt:desc"
)
# One page of each kind that has the form on it.
PAGES = ["/", f"/assets/{ONE}", "/no-such-page"]

# Each example is a page: few of them, and a failing one is not made smaller for minutes.
fixtures_are_stateless = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    max_examples=15,
)


def without_uploads(search: Search) -> Search:
    """The search without what this API does not have: uploads, fields of Akin's own library."""
    liked, unliked = (
        tuple(each for each in side if not is_reference(each))
        for side in (search.like, search.unlike)
    )
    return replace(search.without_extensions(), like=liked, unlike=unliked)


def fetched(client: FlaskClient, path: str) -> BeautifulSoup:
    """A page, whatever its status, after at most one redirect."""
    response = client.get(path)
    if response.status_code == 302:
        response = client.get(response.headers["Location"])
    assert response.status_code != 302
    return BeautifulSoup(response.data, "html.parser")


def landed(client: FlaskClient, path: str) -> Search:
    """The search that an address settles on."""
    response = client.get(path)
    if response.status_code in {302, 303}:
        path = response.headers["Location"]
        response = client.get(path)
    assert response.status_code == 200
    return Search.parse(pairs_of(path.partition("?")[2]))


@fixtures_are_stateless
@given(searches().map(without_uploads))
@example(Search.parse(pairs_of(f"{BUSY}&page=3&hitsPerPage=10")))
@example(Search.parse(pairs_of(f"{BUSY}&offset=30&limit=15")))
@example(Search(sortBy=("createdAt:desc", "width:asc")))
def test_submitted_unchanged_it_is_the_same_search(client: FlaskClient, search: Search) -> None:
    """On a page of results: every control and every hidden field together."""
    page = fetched(client, search.url())
    assert landed(client, form_url(page)) == search.with_()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("paging", ["", "&page=3&hitsPerPage=10", "&offset=30&limit=15"])
def test_every_page_with_the_form_keeps_the_search(
    client: FlaskClient, path: str, paging: str
) -> None:
    """Also where the filters are not shown: on an asset's page, and where nothing is."""
    search = Search.parse(pairs_of(BUSY + paging))
    page = fetched(client, search.url(path))
    assert landed(client, form_url(page)) == search.with_()


@pytest.mark.parametrize("status", [400, 401, 403, 429])
def test_a_failure_keeps_the_search(client: FlaskClient, api: FakeAPI, status: int) -> None:
    """The form still contains the search when the API refuses it."""
    api.next(refusal(status, "No"))
    search = Search.parse(pairs_of(BUSY))
    page = fetched(client, search.url())
    assert page.find("section", class_="failure") is not None
    assert landed(client, form_url(page)) == search


def test_the_form_is_a_plain_one(soup: Soup) -> None:
    """GET to the results, and nothing in it depends on JavaScript."""
    page = soup(f"/?query=castle&like={ONE}")
    form = page.find("form", id="search")
    assert form is not None
    assert (form["action"], form["method"], form["role"]) == ("/", "get", "search")
    assert ("query", "castle") in submitted(page)
    assert ("like", ONE) in submitted(page)


@pytest.mark.parametrize("name", ["similar", "like", "unlike"])
def test_a_card_steers_by_its_buttons(client: FlaskClient, name: str) -> None:
    """Pressed without JavaScript, each is a neighbour of the search that is shown."""
    shown = Search.parse(pairs_of(f"kind=image&like={ONE}&hitsPerPage=100&page=2"))
    page = fetched(client, shown.url())
    button = page.select_one(f'article[data-asset-id="{TWO}"] button[name="{name}"]')
    assert button is not None
    assert (button["form"], button["value"]) == ("search", TWO)
    wanted = {"similar": shown.similar, "like": shown.with_like, "unlike": shown.with_unlike}[name]
    assert landed(client, form_url(page, pressed=button)) == wanted(TWO)


def test_less_like_a_liked_one_changes_its_side(client: FlaskClient) -> None:
    """The last mention wins, so that a click is never without effect."""
    page = fetched(client, f"/assets/{ONE}?like={ONE}")
    button = page.find("button", attrs={"name": "unlike", "value": ONE})
    pressed = landed(client, form_url(page, pressed=button))  # type: ignore[arg-type]
    assert (pressed.like, pressed.unlike) == ((), (ONE,))
