"""“Use in code”: the page around the snippets."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup
from PIL import Image

from app import create_app
from config import Settings
from tests.support.scenario_api import HOST, KEY, SECRET, FakeAPI, make_app, session_for
from tests.support.time_limits import PATIENT

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.support.soup import Soup


LOST = f"ref_{'0' * 32}"


def test_each_language_has_its_snippet(soup: Soup) -> None:
    """Of this search, with the way back to it."""
    found = soup("/code?query=castle&kind=image&page=2")
    assert [head.get_text() for head in found.select(".snippet h2")] == [
        "curl",
        "Python, scenario-sdk",
        "Python, requests",
        "TypeScript",
    ]
    for code in found.select(".snippet pre.text"):
        assert "castle" in code.get_text()
        assert f"{HOST}/v1" in code.get_text()
    back = found.select_one("a.back")
    assert back
    assert back["href"] == "/?query=castle&kind=image&page=2"


def test_code_is_shown_as_it_is_written(soup: Soup) -> None:
    """Escaped once, so that the copied text is the snippet."""
    found = soup("/code?query=</pre><script>alert(1)</script>%26amp;")
    curl = found.select_one(".snippet pre.text")
    assert curl
    assert '"query": "</pre><script>alert(1)</script>&amp;"' in curl.get_text()


def test_no_key_is_on_the_page(api: FakeAPI, tmp_path: Path) -> None:
    """Only the names of the variables."""
    client = make_app(api, tmp_path, api_key=KEY, api_secret=SECRET).test_client()
    page = client.get("/code?query=castle").get_data(as_text=True)
    assert "SCENARIO_SDK_API_KEY" in page
    assert KEY not in page
    assert SECRET not in page
    assert api.received() == []  # no search is sent


def test_a_token_is_named_where_the_server_signs_in_by_one(api: FakeAPI, tmp_path: Path) -> None:
    """And the id of the project."""
    client = make_app(api, tmp_path, jwt="a-secret-token", project_id="project_7").test_client()
    page = client.get("/code").get_data(as_text=True)
    assert "SCENARIO_SDK_JWT" in page
    assert "SCENARIO_SDK_API_KEY" not in page
    assert "a-secret-token" not in page
    assert "projectId=project_7" in page


def test_the_library_is_found_where_this_server_is(api: FakeAPI, tmp_path: Path) -> None:
    """Its name inside the process means nothing to others."""
    settings = Settings(base_url=f"{HOST}/v1", data=tmp_path, cache_seconds=0, timeout=120.0)
    app = create_app(settings, session=session_for(api), mounts={"/library": HOST}, limits=PATIENT)
    page = app.test_client().get("/code", base_url="http://localhost:8000").get_data(as_text=True)
    assert "http://localhost:8000/library/v1/search/assets" in page
    assert HOST not in page
    assert "key.json" in page


@pytest.mark.parametrize("by_library", [False, True])
def test_words_without_a_ratio_are_sent_as_by_the_page(
    by_library: bool, api: FakeAPI, tmp_path: Path
) -> None:
    """Akin's own library leaves out guesses; what is closest in meaning has a link to its code."""
    client = make_app(api, tmp_path, by_library=by_library).test_client()
    client.get("/?query=castle")
    assert (api.received()[0].json.get("exactWords") == "only") is by_library
    found = BeautifulSoup(client.get("/code?query=castle").data, "html.parser")
    for code in found.select(".snippet pre.text"):
        assert ("exactWords" in code.get_text()) is by_library
    link = found.select_one(".code-page p a")
    assert link
    assert link["href"] == "/code?query=castle&querySemanticRatio=0.85"
    other = BeautifulSoup(client.get(str(link["href"])).data, "html.parser")
    assert "exactWords" not in other.get_text()
    assert not other.select(".code-page p a")


def test_a_filter_is_sent_as_by_the_page(api: FakeAPI, tmp_path: Path) -> None:
    """The Scenario API has a tag for what Akin's own library has as a field."""
    client = make_app(api, tmp_path).test_client()
    client.get("/?label=pick")
    code = BeautifulSoup(client.get("/code?label=pick").data, "html.parser").select_one("pre.text")
    assert code
    assert json.dumps(api.body()["filter"]) in code.get_text()


def test_an_uploaded_picture_is_a_file_beside_the_code(client: FlaskClient) -> None:
    """The page offers it under the name that the code reads."""
    file = io.BytesIO()
    Image.new("RGB", (64, 64), (1, 2, 3)).save(file, "PNG")
    file.seek(0)
    response = client.post("/references", data={"image": (file, "a.png"), "search": ""})
    address = response.headers["Location"]
    found = BeautifulSoup(client.get(f"/code{address[1:]}").data, "html.parser")
    link = found.select_one("a[href^='/references/']")
    assert link
    name = link.get_text()
    assert str(link["href"]) == f"/references/{name.removesuffix('.jpg')}?download={name}"
    response = client.get(str(link["href"]))
    assert response.headers["Content-Disposition"] == f"attachment; filename={name}"
    assert [name in code.get_text() for code in found.select("pre.text")] == [True] * 4


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("page=²", "page “²”: It has to be a whole number from 1 to 1000000."),
        (
            f"like={LOST}",
            f"like “{LOST}”: The example picture {LOST} is not stored on this server.",
        ),
    ],
)
def test_invalid_parameters_are_reported(soup: Soup, query: str, told: str) -> None:
    """The code is of the rest."""
    found = soup(f"/code?{query}")
    assert [item.get_text() for item in found.select(".notices li")] == [told]
    assert len(found.select(".snippet")) == 4
