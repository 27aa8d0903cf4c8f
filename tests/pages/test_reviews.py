"""Reviews without sign-in: made, answered without scripts, ended; the result and its uses."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest
from bs4 import BeautifulSoup

from app.web.context import services_of
from tests.support.clock import Clock
from tests.support.forms import submitted
from tests.support.reviews import visitor
from tests.support.scenario_api import FakeAPI, asset_id, make_app, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from tests.support.soup import Soup

A, B, C = asset_id(0), asset_id(8), asset_id(1)
NEW = {"question": "Which one?", "name": "Ada", "id": [A, B, C], "search": "query=castle"}
DAY = 86_400.0


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at the 3rd of January 1970."""
    return Clock(2 * DAY)


@pytest.fixture
def app(api: FakeAPI, tmp_path: Path, clock: Clock) -> Flask:
    """Without sign-in."""
    return make_app(api, tmp_path, clock=clock, write="all")


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """The browser of Ada."""
    return visitor(app)


def made(client: FlaskClient, **fields: object) -> str:
    """Make a review and return its path."""
    response = client.post("/reviews", data={**NEW, **fields})
    assert response.status_code == 303
    path = str(response.location)
    assert re.fullmatch(r"/reviews/review_[0-9a-f]{24}", path)
    return path


def page(client: FlaskClient, path: str, status: int = 200) -> BeautifulSoup:
    """Return a page."""
    response = client.get(path)
    assert response.status_code == status
    return BeautifulSoup(response.data, "html.parser")


def said(found: BeautifulSoup) -> str:
    """Return the text of the main part of a page, its spaces joined."""
    main = found.find("main")
    assert main
    return " ".join(main.get_text(" ").split())


# --- a new one ---------------------------------------------------------------------------------


def test_a_selection_becomes_a_review(soup: Soup, client: FlaskClient) -> None:
    """Its button leads to the form, whose assets are in the order of the selection."""
    selection = soup(f"/selection?id={B}&id={A}&query=castle")
    buttons = [str(each.get("formaction")) for each in selection.select("form#selection button")]
    assert "/reviews/new" in buttons
    form = soup(f"/reviews/new?id={B}&id={A}&query=castle")
    pairs = submitted(form, "review")
    assert [value for name, value in pairs if name == "id"] == [B, A]
    filled = {**dict(pairs), "id": [B, A], "question": "Ok?", "name": "Ada"}
    response = client.post("/reviews", data=filled)
    found = page(client, str(response.location))
    assert [str(each["href"]).rpartition("/")[2] for each in found.select("a.picture")] == [
        "1",
        "2",
    ]
    assert "dragon 8" in found.select(".review-title")[0].get_text()


def test_the_first_hits_of_a_search_become_a_review(soup: Soup, api: FakeAPI) -> None:
    menu = soup("/?query=castle&page=2").select("details.share a")
    assert ("Ask the team", "/reviews/new?query=castle&page=2") in [
        (each.get_text(), each["href"]) for each in menu
    ]
    form = soup("/reviews/new?query=castle&page=2&first=12")
    assert len([name for name, _ in submitted(form, "review") if name == "id"]) == 12
    assert (api.body()["page"], api.body()["hitsPerPage"]) == (1, 12)
    assert form.select_one('nav[aria-label="How many results"] a[aria-current]').get_text() == "12"  # type: ignore[union-attr]


def test_a_stored_selection_becomes_a_review(client: FlaskClient) -> None:
    """The first 200 of its assets, which the page says."""
    ids = [*(asset_id(n) for n in range(110)), *(f"asset_gone{n}" for n in range(100))]
    stored = client.post("/selections", data={"id": ids})
    links = page(client, str(stored.location)).select(".actions a")
    (url,) = [str(each["href"]) for each in links if each.get_text() == "Ask the team"]
    form = page(client, url)
    assert "at most 200 assets: the first of these 210 are used" in said(form)
    assert [value for name, value in submitted(form, "review") if name == "id"] == ids[:110]
    assert client.get("/reviews/new?selection=none").status_code == 404


def test_nothing_to_ask_about_has_a_way_on(soup: Soup) -> None:
    found = soup("/reviews/new?id=asset_gone")
    assert "asset_gone : This asset does not exist. It was left out." in said(found)
    assert "Nothing to ask about" in said(found)


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"question": " "}, "question", "Write the question that people answer."),
        ({"ends": "1970-01-02"}, "ends", "1970-01-02 is over."),
        ({"name": ""}, "name", "Type your name"),
        ({"id": ["asset_gone"]}, "id", "There is no asset to ask about."),
        ({"id": [asset_id(n) for n in range(201)]}, "id", "at most 200 assets; these are 201"),
    ],
)
def test_a_mistake_loses_nothing(
    client: FlaskClient, changes: dict[str, object], field: str, message: str
) -> None:
    """The form is shown again with what was typed, and says what is wrong beside the field."""
    typed = {**NEW, "invited": "Bo\nCleo", "shows": "at-once", **changes}
    response = client.post("/reviews", data=typed)
    assert response.status_code == 400
    found = BeautifulSoup(response.data, "html.parser")
    problem = found.select_one(f"#problem-{field}")
    assert problem
    assert message in problem.get_text()
    if field != "id":
        pairs = submitted(found, "review")
        assert ("invited", "Bo\r\nCleo") in pairs
        assert ("shows", "at-once") in pairs
        assert [value for name, value in pairs if name == "id"] == [A, B, C]
    assert client.get("/reviews").get_data(as_text=True).count("/reviews/review_") == 0


# --- answers -----------------------------------------------------------------------------------


def test_one_after_another_without_scripts(client: FlaskClient, app: Flask) -> None:
    """Each answer leads to the next asset without one; after the last comes the result."""
    path = made(client)
    bo = visitor(app)
    first = page(bo, f"{path}/1")
    assert "1 of 3" in said(first)
    yes = first.select_one('button[value="yes"]')
    pairs = [*submitted(first, "answer", pressed=yes), ("comment", "Nice & <b>bright</b> 🙂")]
    fields = {**dict(pairs), "name": "Bo"}
    response = bo.post(f"{path}/1", data=fields)
    assert (response.status_code, response.location) == (303, f"{path}/2")
    assert "Your name" not in said(page(bo, f"{path}/2"))
    assert bo.post(f"{path}/3", data={"verdict": "no"}).location == f"{path}/2"
    assert bo.post(f"{path}/2", data={"verdict": "maybe"}).location == f"{path}/result"
    result = said(page(bo, f"{path}/result"))
    assert "Yes Bo Nice & <b>bright</b> 🙂" in result
    assert bo.post(f"{path}/1", data={"verdict": "no"}).location == f"{path}/2"
    assert page(bo, f"{path}/1").select_one('button[value="no"]')["aria-pressed"] == "true"  # type: ignore[index]


def test_the_whole_list_is_one_form(client: FlaskClient, app: Flask) -> None:
    path = made(client)
    bo = visitor(app)
    pairs = dict(submitted(page(bo, path), "answers"))
    filled = {**pairs, "name": "Bo", "verdict.1": "yes", "comment.1": "Nice", "verdict.3": "no"}
    response = bo.post(path, data=filled)
    assert (response.status_code, response.location) == (303, f"{path}?saved")
    again = page(bo, f"{path}?saved")
    assert "Your answers are stored" in said(again)
    assert "You have answered 2 of 3" in said(again)
    pairs = dict(submitted(again, "answers"))
    assert (pairs["verdict.1"], pairs["comment.1"], pairs["verdict.3"]) == ("yes", "Nice", "no")
    assert bo.post(path, data={**pairs, "verdict.2": "maybe"}).location == f"{path}/result"


def test_an_older_form_does_not_undo_answers_of_a_newer_one(
    client: FlaskClient, app: Flask
) -> None:
    path = made(client)
    old = dict(submitted(page(client, path), "answers"))
    client.post(f"{path}/1", data={"verdict": "yes", "comment": "Nice"})
    older = dict(submitted(page(client, path), "answers"))
    client.post(f"{path}/1", data={"verdict": "no"})
    client.post(path, data={**older, "verdict.2": "yes"})
    client.post(path, data={**old, "verdict.3": "yes"})
    services = services_of(app)
    answers = services.reviews.answers_to(services.reviews.get(path.rpartition("/")[2]))
    given = [(each.asset_id, each.opinion.verdict.value) for each in answers]
    assert sorted(given) == sorted([(A, "no"), (B, "yes"), (C, "yes")])


def test_what_cannot_be_stored_is_shown_again(client: FlaskClient) -> None:
    """The other answers of the form are stored."""
    path = made(client)
    filled = {"comment.1": "No answer yet", "verdict.2": "yes", "comment.3": "x" * 1001}
    response = client.post(path, data={**filled, "verdict.3": "no"})
    assert response.status_code == 400
    found = BeautifulSoup(response.data, "html.parser")
    assert "A comment was written without an answer." in found.select_one("#problem-1").get_text()  # type: ignore[union-attr]
    assert "at most 1000 characters" in found.select_one("#problem-3").get_text()  # type: ignore[union-attr]
    pairs = dict(submitted(found, "answers"))
    assert (pairs["comment.1"], pairs["verdict.2"], pairs["verdict.3"]) == (
        "No answer yet",
        "yes",
        "no",
    )
    assert "You have answered 1 of 3" in said(page(client, path))
    single = client.post(f"{path}/1", data={"comment": "Still none"})
    assert single.status_code == 400
    assert b"Still none" in single.data


def test_a_missing_name_loses_no_answer(client: FlaskClient, app: Flask) -> None:
    path = made(client)
    filled = {"name": " ", "verdict.1": "yes", "comment.1": "Nice"}
    response = visitor(app).post(path, data=filled)
    assert response.status_code == 400
    found = BeautifulSoup(response.data, "html.parser")
    assert "Type your name" in found.select_one("#review-name-problem").get_text()  # type: ignore[union-attr]
    pairs = dict(submitted(found, "answers"))
    assert (pairs["verdict.1"], pairs["comment.1"]) == ("yes", "Nice")


def test_the_longest_form_is_accepted(client: FlaskClient) -> None:
    """120 comments of 1,000 characters, each four bytes."""
    path = made(client, id=[asset_id(n) for n in range(120)])
    filled = {f"verdict.{n}": "yes" for n in range(1, 121)}
    filled |= {f"comment.{n}": "🙂" * 1000 for n in range(1, 121)}
    assert client.post(path, data=filled).location == f"{path}/result"


def test_another_person_in_the_same_browser(client: FlaskClient) -> None:
    path = made(client)
    assert client.post(f"{path}/1", data={"verdict": "yes"}).status_code == 303
    assert client.post(f"{path}/someone-else").status_code == 303
    assert client.post(f"{path}/1", data={"verdict": "no", "name": "Ada"}).status_code == 303
    found = page(client, f"{path}/1")
    assert [each.get_text(" ", strip=True) for each in found.select(".review-answers li")] == [
        "Yes Ada"
    ]


# --- what others see ---------------------------------------------------------------------------


def test_answers_of_others_appear_after_ones_own(client: FlaskClient, app: Flask) -> None:
    path = made(client)
    client.post(f"{path}/1", data={"verdict": "yes", "comment": "From Ada"})
    client.post(f"{path}/2", data={"verdict": "no", "comment": "Dark"})
    bo = visitor(app)
    for where in (path, f"{path}/1", f"{path}/result", f"{path}/result.csv"):
        assert b"From Ada" not in bo.get(where).data, where
    bo.post(f"{path}/1", data={"verdict": "no", "name": "Bo"})
    for where in (path, f"{path}/1", f"{path}/result", f"{path}/result.csv"):
        content = bo.get(where).data
        assert b"From Ada" in content, where
        assert b"Dark" not in content, where
    assert b"Dark" in client.get(f"{path}/result").data
    at_once = made(client, shows="at-once")
    client.post(f"{at_once}/1", data={"verdict": "yes", "comment": "From Ada"})
    assert b"From Ada" in visitor(app).get(f"{at_once}/1").data


def test_who_is_missing(client: FlaskClient, app: Flask) -> None:
    path = made(client, invited="Bo, Cleo")
    bo = visitor(app)
    for place, verdict in ((1, "yes"), (2, "yes"), (3, "no")):
        bo.post(f"{path}/{place}", data={"verdict": verdict, "name": "Bo"})
    client.post(f"{path}/1", data={"verdict": "yes"})
    people = page(client, f"{path}/result").select(".review-people li")
    assert [" ".join(each.get_text(" ").split()) for each in people] == [
        "Ada 1 of 3",
        "Cleo 0 of 3, invited, has not opened it",
    ]


# --- the result --------------------------------------------------------------------------------


def test_the_result_becomes_a_search(client: FlaskClient) -> None:
    path = made(client)
    for place, verdict in ((1, "yes"), (2, "no"), (3, "maybe")):
        client.post(f"{path}/{place}", data={"verdict": verdict})
    link = page(client, f"{path}/result").select_one("a.plus")
    assert link
    assert parse_qsl(urlsplit(str(link["href"])).query) == [("like", A), ("unlike", B)]
    assert client.get(str(link["href"])).status_code == 200


def test_the_wanted_become_a_collection(client: FlaskClient, app: Flask, api: FakeAPI) -> None:
    """By a change, which can be undone; not for those who do not see all answers yet."""
    path = made(client)
    for place, verdict in ((1, "yes"), (2, "no"), (3, "yes")):
        client.post(f"{path}/{place}", data={"verdict": verdict})
    form = page(client, f"{path}/result").select_one(f'form[action="{path}/collection"]')
    assert form
    assert form.select_one("input")["value"] == "Which one?"  # type: ignore[index]
    response = client.post(f"{path}/collection", data={"name": "Tavern"})
    assert response.status_code == 303
    (collection_id,) = [each for each in api.healthy.writes.collections if each.endswith("_new")]
    assert response.location == f"/?collectionIds={collection_id}"
    assert "Undo" in client.get(str(response.location)).get_data(as_text=True)
    assert client.post(f"{path}/collection", data={"name": " "}).status_code == 400
    assert client.post(f"{path}/collection", data={"name": "x" * 1001}).status_code == 400
    api.always(refusal(503, "Down"), on="/v1/assets/get-bulk")
    assert client.post(f"{path}/collection", data={"name": "Inn"}).status_code == 502
    assert "Inn" not in api.healthy.writes.collections.values()
    api.always("healthy", on="/v1/assets/get-bulk")
    bo = visitor(app)
    bo.post(f"{path}/1", data={"verdict": "yes", "name": "Bo"})
    assert bo.post(f"{path}/collection", data={"name": "x"}).status_code == 400


def test_who_may_not_write_makes_no_collection(api: FakeAPI, tmp_path: Path) -> None:
    client = visitor(make_app(api, tmp_path, write="tags"))
    path = made(client)
    client.post(f"{path}/1", data={"verdict": "yes"})
    assert "/collection" not in client.get(f"{path}/result").get_data(as_text=True)
    assert client.post(f"{path}/collection", data={"name": "x"}).status_code == 403
    assert len(api.healthy.writes.collections) == 5


def test_the_result_is_a_table(client: FlaskClient, app: Flask, clock: Clock) -> None:
    path = made(client)
    client.post(f"{path}/1", data={"verdict": "yes", "comment": "=cmd()"})
    clock.now += 1
    bo = visitor(app)
    bo.post(f"{path}/1", data={"verdict": "maybe", "name": "Bo"})
    response = client.get(f"{path}/result.csv")
    assert response.headers["Content-Disposition"].endswith('filename="Akin Which one.csv"')
    rows = list(csv.reader(io.StringIO(response.data.decode("utf-8-sig"))))
    people = ["Ada (typed name)", "Ada (typed name): comment"]
    people += ["Bo (typed name)", "Bo (typed name): comment"]
    assert rows[0] == ["place", "asset", "name", "deleted", "yes", "maybe", "no", "lead", *people]
    assert rows[1] == ["1", A, "castle 0", "", "1", "1", "0", "1", "yes", "'=cmd()", "maybe", ""]
    assert rows[2][:8] == ["2", B, "dragon 8", "", "0", "0", "0", "0"]


def test_an_asset_that_was_deleted_keeps_its_answers(client: FlaskClient, api: FakeAPI) -> None:
    path = made(client, id=[A, asset_id(119)])
    client.post(f"{path}/2", data={"verdict": "yes", "comment": "Pity"})
    del api.healthy.numbers[asset_id(119)]
    for where in (path, f"{path}/2", f"{path}/result"):
        found = said(page(client, where))
        assert "This asset was deleted. Its answers stay." in found, where
        assert "Pity" in client.get(where).get_data(as_text=True)
    assert client.post(f"{path}/2", data={"verdict": "no"}).status_code == 303
    rows = list(csv.reader(io.StringIO(client.get(f"{path}/result.csv").data.decode("utf-8-sig"))))
    assert rows[2][3] == "yes"
    assert page(client, f"{path}/result").select_one("a.plus") is None


def test_a_library_that_fails_hides_no_answers(client: FlaskClient, api: FakeAPI) -> None:
    """Nothing is called deleted because it could not be asked for."""
    path = made(client)
    client.post(f"{path}/1", data={"verdict": "yes", "comment": "Kept"})
    api.always(refusal(500, "Internal error"), on="/v1/assets/get-bulk")
    found = said(page(client, f"{path}/result"))
    assert "Kept" in found
    assert "deleted" not in found


# --- the end -----------------------------------------------------------------------------------


def test_a_review_ends_with_its_day(client: FlaskClient, clock: Clock, app: Flask) -> None:
    path = made(client, ends="1970-01-03")
    client.post(f"{path}/1", data={"verdict": "yes", "comment": "From Ada"})
    clock.now = 3 * DAY
    refused = client.post(f"{path}/1", data={"verdict": "no"})
    assert refused.status_code == 409
    assert "This review has ended" in refused.get_data(as_text=True)
    for where in (path, f"{path}/1"):
        assert client.get(where).location == f"{path}/result"
    assert b"From Ada" in visitor(app).get(f"{path}/result").data


def test_end_reopen_and_delete_ask_first(client: FlaskClient) -> None:
    path = made(client)
    assert "End this review?" in said(page(client, f"{path}/end"))
    assert client.get(path).status_code == 200
    assert client.post(f"{path}/end").location == f"{path}/result"
    assert client.get(path).status_code == 302
    assert "Open this review again?" in said(page(client, f"{path}/reopen"))
    client.post(f"{path}/reopen")
    assert client.get(path).status_code == 200
    assert "cannot be undone" in said(page(client, f"{path}/delete"))
    assert client.post(f"{path}/delete").location == "/reviews"
    assert client.get(path).status_code == 404


def test_lists(client: FlaskClient, app: Flask, clock: Clock) -> None:
    """Open and ended ones, all and one's own; the navigation has a link where there is one."""
    assert page(client, "/").select_one(".reviews-link") is None
    assert "No reviews here" in said(page(client, "/reviews"))
    made(client, question="First")
    ended = made(client, question="Second")
    client.post(f"{ended}/end")
    bo = visitor(app)
    made(bo, question="Third", name="Bo")

    def questions(query: str) -> list[str]:
        return [each.get_text() for each in page(client, f"/reviews{query}").select(".name")]

    clock.now += 1
    assert questions("") == ["Third", "First"] or questions("") == ["First", "Third"]
    assert questions("?state=ended") == ["Second"]
    assert questions("?by=me") == ["First"]
    assert questions("?page=7") == []
    assert page(client, "/").select_one(".reviews-link")
    assert "stay on it" in said(page(client, "/reviews"))


@pytest.mark.parametrize("path", ["/reviews/review_none", "/reviews/x/1", "/reviews/x/result.csv"])
def test_an_unknown_review_is_no_page(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404
    review = made(client)
    assert client.get(f"{review}/4").status_code == 404
    assert client.get(f"{review}/0").status_code == 404
    assert client.post(f"{review}/9", data={"verdict": "yes"}).status_code == 404
