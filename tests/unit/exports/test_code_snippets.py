"""The code of a search sends exactly that search, in every language, without a key."""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings

from app.exports.code_snippets import Api, Picture, Snippet, pictures_of, snippets
from app.query.params import is_reference
from app.query.search import Search
from tests.faults import Upstream
from tests.support.searches import SEARCHES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY, SECRET = "a-key", "a-secret"
REFERENCE = "ref_" + "0123456789abcdef" * 2
NASTY = Search(
    query='it\'s `rm -rf` $HOME \\ "!!" \u202e\u2028 漢🐉 %s {x} ${y}',
    filter="name = 'a\"b' AND tags = x",
    like=("asset_1", "asset_2"),
    unlike=("asset_3",),
    originalAssets=True,
    sortBy=("createdAt:desc",),
)
WITHOUT_UPLOADS = SEARCHES.filter(lambda search: not any(map(is_reference, search.examples)))


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    """An API on the network that records its requests."""
    with Upstream(count=3) as running:
        yield running


def spelled(search: Search, label: str, url: str = "https://api.example/v1") -> str:
    """The code in one language."""
    api = Api(url, project_id="project_1")
    pictures = pictures_of(search, lambda _: "image/png")
    return next(each.code for each in snippets(search, api, pictures) if each.label == label)


def understood(search: Search) -> tuple[dict[str, Any], dict[str, str]]:
    """The body and the query string of the request of a search."""
    params = {"originalAssets": "true"} if search.originalAssets else {}
    body: dict[str, Any] = json.loads(json.dumps(search.body()))
    return body, {**params, "projectId": "project_1"}


def asked(upstream: Upstream) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the last request of the API, after checking its key pair."""
    request = upstream.received()[-1]
    pair = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    assert request.headers["authorization"] == f"Basic {pair}"
    return request.json, request.query


def run(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run Python code with the key pair in the environment."""
    monkeypatch.setenv("SCENARIO_SDK_API_KEY", KEY)
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", SECRET)
    exec(compile(code, "snippet", "exec"), {})  # noqa: S102 - what the test is about


# --- every search in every language -----------------------------------------------------------

FEW = settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("label", ["Python, requests", "Python, scenario-sdk"])
@FEW
@given(search=WITHOUT_UPLOADS)
def test_python_sends_this_search(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch, label: str, search: Search
) -> None:
    """Run against an API, its body is `Search.body()`."""
    run(spelled(search, label, upstream.url), monkeypatch)
    assert asked(upstream) == understood(search)


@pytest.mark.parametrize("number", range(4))
def test_further_fields_are_sent(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Those that only Akin's own library has, by each language."""
    extras = {"exactWords": "only"}
    each = snippets(Search(query="castle"), Api(upstream.url), (), extras)[number]
    if each.language == "python":
        run(each.code, monkeypatch)
        assert asked(upstream)[0] == Search(query="castle").body() | extras
    else:
        assert '"exactWords": "only"' in each.code


@pytest.mark.parametrize("label", ["Python, requests", "Python, scenario-sdk"])
def test_python_quotes_special_characters(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch, label: str
) -> None:
    """Quotes, backslashes and the metacharacters of every language."""
    run(spelled(NASTY, label, upstream.url), monkeypatch)
    assert asked(upstream) == understood(NASTY)


@given(search=WITHOUT_UPLOADS)
def test_curl_sends_this_search(search: Search) -> None:
    """As a shell parses it."""
    words = shlex.split(spelled(search, "curl").replace("\\\n", ""))
    assert words[0] == "curl"
    address = next(word for word in words if word.startswith("https://"))
    body = words[words.index("--data") + 1]
    assert (json.loads(body), dict(parse_qsl(urlsplit(address).query))) == understood(search)
    assert urlsplit(address).path == "/v1/search/assets"


@given(search=WITHOUT_UPLOADS)
def test_typescript_sends_this_search(search: Search) -> None:
    """Its body is parsed as JSON, which is valid TypeScript."""
    code = spelled(search, "TypeScript")
    found = re.search(
        r"const body = (.*?);\nconst response = await fetch\((\".*?\"), \{", code, re.DOTALL
    )
    assert found
    query = dict(parse_qsl(urlsplit(json.loads(found[2])).query))
    assert (json.loads(found[1]), query) == understood(search)


@given(search=SEARCHES)
def test_invisible_characters_are_escaped(search: Search) -> None:
    """Including those that change the direction of text."""
    for each in snippets(search, Api(), pictures_of(search, lambda _: "image/png")):
        assert [sign for sign in each.code if sign != "\n" and not sign.isprintable()] == []


# --- run as programs ------------------------------------------------------------------------------


def environment() -> dict[str, str]:
    return {**os.environ, "SCENARIO_SDK_API_KEY": KEY, "SCENARIO_SDK_API_SECRET": SECRET}


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_curl_runs_in_a_shell(upstream: Upstream, tmp_path: Path) -> None:
    """With an uploaded picture, which is read from a file."""
    search = NASTY.with_like(REFERENCE)
    (tmp_path / f"{REFERENCE}.png").write_bytes(b"a picture")
    code = spelled(search, "curl", upstream.url)
    subprocess.run(["sh", "-eu", "-c", code], cwd=tmp_path, env=environment(), check=True)
    body, query = understood(search)
    data_url = "data:image/png;base64," + base64.b64encode(b"a picture").decode()
    body["images"]["like"] = [data_url if x == REFERENCE else x for x in body["images"]["like"]]
    assert asked(upstream) == (body, query)


@pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not installed")
def test_typescript_runs(upstream: Upstream, tmp_path: Path) -> None:
    """As JavaScript, after its type annotation is removed."""
    search = NASTY.with_like(REFERENCE)
    (tmp_path / f"{REFERENCE}.png").write_bytes(b"a picture")
    code = re.sub(r" as \{.*?\}\[\] \}", "", spelled(search, "TypeScript", upstream.url))
    (tmp_path / "snippet.mjs").write_text(code, encoding="utf-8")
    subprocess.run(["node", "snippet.mjs"], cwd=tmp_path, env=environment(), check=True)
    assert "data:image/png;base64,YSBwaWN0dXJl" in asked(upstream)[0]["images"]["like"]


@pytest.mark.parametrize("label", ["Python, requests", "Python, scenario-sdk"])
def test_python_reads_an_uploaded_picture(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, label: str
) -> None:
    """From the file beside the code."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"{REFERENCE}.png").write_bytes(b"a picture")
    run(spelled(Search(like=(REFERENCE,)), label, upstream.url), monkeypatch)
    assert asked(upstream)[0]["image"] == "data:image/png;base64,YSBwaWN0dXJl"


# --- contents ---------------------------------------------------------------------------------


def every(search: Search, api: Api) -> tuple[Snippet, ...]:
    return snippets(search, api, pictures_of(search, lambda _: "image/jpeg"))


def test_all_languages_are_listed() -> None:
    """In the order of the page."""
    assert [each.label for each in every(Search(), Api())] == [
        "curl",
        "Python, scenario-sdk",
        "Python, requests",
        "TypeScript",
    ]


@pytest.mark.parametrize(
    ("api", "named", "unnamed"),
    [
        (Api(), ("SCENARIO_SDK_API_KEY", "SCENARIO_SDK_API_SECRET"), ("SCENARIO_SDK_JWT",)),
        (Api(is_bearer=True), ("SCENARIO_SDK_JWT",), ("SCENARIO_SDK_API_KEY",)),
    ],
)
def test_the_key_is_read_from_the_environment(
    api: Api, named: tuple[str, ...], unnamed: tuple[str, ...]
) -> None:
    """From the variables of the credentials of this server."""
    assert api.variables == named
    for each in every(NASTY, api):
        assert [name for name in named if name not in each.code] == []
        assert [name for name in unnamed if name in each.code] == []


def test_uploaded_pictures_are_files() -> None:
    """Named by their content and type."""
    search = Search(like=(REFERENCE, "asset_1"))
    assert pictures_of(search, lambda _: "image/jpeg") == (Picture(REFERENCE, "image/jpeg"),)
    assert Picture(REFERENCE, "image/jpeg").file == f"{REFERENCE}.jpg"
    assert Picture(REFERENCE, "image/png").file == f"{REFERENCE}.png"


def test_the_official_client_knows_the_official_address() -> None:
    """Only another address is written into the code."""
    assert "Scenario()" in spelled(Search(), "Python, scenario-sdk", Api().url)
    assert "base_url='https://api.example/v1'" in spelled(Search(), "Python, scenario-sdk")
