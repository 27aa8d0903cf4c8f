"""Hostile input: known cases, and arbitrary bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest
from bs4 import BeautifulSoup
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from app.query.params import PARAMETERS
from tests.faults.synthetic import hit
from tests.support.scenario_api import CDN, Reply, answer, asset_id, page

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.support.scenario_api import FakeAPI

SCRIPT = (
    "\"'><img src=x onerror=alert(1)></script></textarea></title><script>alert(1)</script>{{7*7}}"
)

each_example_is_a_page = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    max_examples=30,
)


def visit(client: FlaskClient, querystring: bytes, path: str = "/") -> tuple[int, str]:
    """Status and text of a page, after at most one redirect; a second one is a defect."""
    raw = {"QUERY_STRING": querystring.decode("latin-1")}
    response = client.get(path, environ_overrides=raw)
    if response.status_code in {302, 303}:
        response = client.get(response.headers["Location"])
    assert response.status_code not in {301, 302, 303, 307, 308}
    return response.status_code, response.text


def live_markup(text: str) -> list[str]:
    """What of a page would run a script: inline code, handlers, addresses that are code."""
    soup = BeautifulSoup(text, "html.parser")
    found = [str(tag)[:80] for tag in soup.find_all("script") if not tag.get("src")]
    for tag in soup.find_all(True):
        for name, value in tag.attrs.items():
            plain = "".join(str(value).split()).lower()
            is_address = name in {"href", "src", "srcset", "action", "poster", "data", "formaction"}
            if name.startswith("on") or (
                is_address and plain.startswith(("javascript:", "vbscript:", "data:", "file:"))
            ):
                found.append(f"{tag.name} {name}={value}"[:80])
    return found


@each_example_is_a_page
@given(st.binary(max_size=80))
@example(b"\xff\xfe\x00=%")
@example(b"%%%=&&&;;;")
@example(b"query=%ED%A0%80")
@example("query=\u202e\u2066".encode())
def test_any_bytes_are_a_page(client: FlaskClient, querystring: bytes) -> None:
    """At most one redirect, then a page."""
    assert visit(client, querystring)[0] == 200


@each_example_is_a_page
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*PARAMETERS, "similar"]),
            st.text("0.:,-²١ \x00\ud800tTa\"'()[]&=%", max_size=8) | st.text(max_size=8),
        ),
        max_size=6,
    )
)
def test_any_values_of_known_parameters_are_a_page(
    client: FlaskClient, pairs: list[tuple[str, str]]
) -> None:
    """Also on the page of an asset, which is never redirected."""
    spelled = urlencode(pairs, errors="surrogatepass").encode()
    assert visit(client, spelled)[0] == 200
    assert visit(client, spelled, f"/assets/{asset_id(8)}")[0] == 200


@pytest.mark.parametrize(
    "querystring",
    [
        "page=²",
        "page=" + "9" * 5000,
        "page=1e5",
        "hitsPerPage=-0",
        "query=\x00",
        "query=%00%00%00",
        "tags=%00",
        "query=%ED%A0%80%ED%BF%BF",
        "query=" + "x" * 2_000_000,
        "filter=" + quote("(" * 100 + "kind = image" + ")" * 100),
        "filter=" + quote('"' + "\\" * 3999),
        "filter=" + quote("(" * 4000),
        "&".join(f"like=asset_{n}" for n in range(10_000)),
        "&".join(f"tags={n}" for n in range(10_000)),
        "&" * 2_000_000,
        "a=b&" * 100_000,
        "%" * 100_000,
        "like=" + "../" * 40,
        "similar=%0d%0aSet-Cookie:a=b",
        "query=%0d%0aSet-Cookie:a=b",
    ],
    ids=lambda text: text[:24],
)
def test_pinned(client: FlaskClient, querystring: str) -> None:
    """Each is a page of results, which says what was left out."""
    status, text = visit(client, querystring.encode())
    assert status == 200
    assert 'id="search"' in text
    assert len(text) < 1_000_000


def test_ten_thousand_likes_ask_for_twenty(client: FlaskClient, api: FakeAPI) -> None:
    """As many as a search can use."""
    visit(client, "&".join(f"like=asset_{n}" for n in range(10_000)).encode())
    assert len(api.body()["images"]["like"]) == 20


def test_a_line_break_is_never_in_a_header(client: FlaskClient) -> None:
    """The URLs of redirects are serialized again."""
    raw = {"QUERY_STRING": "similar=a%0d%0aSet-Cookie:a=b&query=x%0d%0aA:b&page=1"}
    response = client.get("/", environ_overrides=raw)
    assert response.status_code == 302
    assert "Set-Cookie" not in response.headers
    assert "A" not in response.headers


@pytest.mark.parametrize("location", ["//elsewhere.invalid", "https://elsewhere.invalid", "/\\x"])
def test_no_parameter_leads_elsewhere(client: FlaskClient, location: str) -> None:
    """Every redirect stays on this server."""
    for path in ("/", "/search"):
        for name in ("query", "next", "url", "similar", "like"):
            response = client.get(path, query_string={name: location, "page": "1"})
            assert response.headers.get("Location", "/").startswith(("/?", "/"))
            assert not response.headers.get("Location", "/").startswith(("//", "/\\"))


@pytest.mark.parametrize("name", [*PARAMETERS, SCRIPT])
def test_scripts_in_an_address_are_text(client: FlaskClient, name: str) -> None:
    """In every parameter, and in the name of one."""
    status, text = visit(client, urlencode({name: SCRIPT}).encode())
    assert (status, live_markup(text)) == (200, [])
    assert "49" not in BeautifulSoup(text, "html.parser").get_text().split("alert(1)")[-1][:20]


def scripted(value: Any) -> Any:
    """A value in which every text is the script."""
    match value:
        case dict():
            return {name: scripted(inner) for name, inner in value.items()}
        case list():
            return [scripted(inner) for inner in value]
        case str():
            return SCRIPT
        case _:
            return value


@pytest.mark.parametrize("number", range(8))
def test_scripts_in_every_field_of_a_hit_are_text(
    client: FlaskClient, api: FakeAPI, number: int
) -> None:
    """Of each kind, on the results and on the asset's page; ids must be valid."""
    whole = hit(number, cdn=CDN)
    odd = {**scripted(whole), "id": whole["id"], "properties": {SCRIPT: SCRIPT, "duration": SCRIPT}}
    odd["metadata"]["kind"] = whole["metadata"]["kind"]
    api.always(page(odd))
    api.always(answer({"asset": odd}), on="/v1/assets/")
    api.always(
        answer({"collections": [{"id": SCRIPT, "name": SCRIPT}]}),
        on="/v1/collections",
    )
    api.always(answer({"tags": [{"tagName": SCRIPT}]}), on="/v1/tags")
    api.always(answer({"models": [{"id": SCRIPT, "name": SCRIPT}]}), on="/v1/models")
    for path in ("/", f"/assets/{whole['id']}"):
        status, text = visit(client, b"query=x", path)
        assert (status, live_markup(text)) == (200, [])
        assert "&lt;script&gt;" in text


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "file:///etc/passwd",
        "//elsewhere.invalid/x",
        "/\\elsewhere.invalid/x",
        "http://[::1",
        SCRIPT,
    ],
)
def test_addresses_that_are_code_are_not_shown(client: FlaskClient, api: FakeAPI, url: str) -> None:
    """Neither as a thumbnail nor as a file, nor followed."""
    whole = hit(1, cdn=CDN)
    odd = {**whole, "url": url, "thumbnail": {"assetId": "x", "url": url}, "preview": {"url": url}}
    api.always(page(odd))
    api.always(answer({"asset": odd, "url": url}), on="/v1/assets/")
    for path in ("/", f"/assets/{whole['id']}"):
        status, text = visit(client, b"query=x", path)
        assert (status, live_markup(text)) == (200, [])
        soup = BeautifulSoup(text, "html.parser")
        scope = "article[data-asset-id]"
        media = soup.select(f"{scope} img, {scope} video, {scope} audio, {scope} source")
        assert [tag.get("src") for tag in media if "elsewhere" in str(tag.get("src"))] == []
    image = client.get(f"/assets/{whole['id']}/image")
    assert (image.status_code, image.mimetype) == (200, "image/svg+xml")  # the kind's own glyph
    assert "elsewhere" not in image.get_data(as_text=True)


@pytest.mark.parametrize("identity", ["../../x", "a b", SCRIPT, "é", "x" * 500, "/", "?", "."])
def test_a_hit_with_an_odd_id_breaks_nothing(
    client: FlaskClient, api: FakeAPI, identity: str
) -> None:
    """Its card may be of no use; the others are."""
    api.next(page({"id": identity}, hit(8, cdn=CDN)))
    status, text = visit(client, b"query=x")
    assert (status, live_markup(text)) == (200, [])
    assert f'data-asset-id="{asset_id(8)}"' in text


def test_long_texts_are_cut_where_they_are_shown(client: FlaskClient, api: FakeAPI) -> None:
    """Names and prompts of a hundred kilobytes do not make a page of megabytes."""
    long = "very long " * 10_000
    hits = [
        {"id": f"asset_{n}", "metadata": {"name": long, "prompt": long}, "description": long}
        for n in range(20)
    ]
    api.next(Reply(200, json.dumps({"hits": hits}).encode()))
    status, text = visit(client, b"query=x")
    assert status == 200
    assert len(text) < 300_000
