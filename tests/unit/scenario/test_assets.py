"""Any response of the API becomes typed values or InvalidUpstreamResponse."""

from __future__ import annotations

import base64
import json
import math
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app import viewmodels
from app.errors import InvalidUpstreamResponse
from app.query import describe
from app.query.search import Search
from app.scenario import decoding, image_urls
from app.scenario.assets import Asset, Metadata, Thumbnail
from app.scenario.signed_urls import expiry, first_expiry, is_fresh
from app.services.results import AssetDetails
from app.viewmodels.parts.card import Card
from tests.faults import synthetic

if TYPE_CHECKING:
    from collections.abc import Callable

FIELDS = sorted(
    {name for struct in (Asset, Metadata, Thumbnail) for name in struct.__struct_fields__}
    | {"hits", "totalHits", "totalPages", "page", "hitsPerPage", "duration", "asset", "id"}
)
NUMBERS = st.integers() | st.floats() | st.sampled_from([10**400, 1e999, -0.0, 1e308, 2**64])
TEXTS = st.text(max_size=8) | st.sampled_from(
    ["\ud800", "javascript:alert(1)", "http://[::1", "https://c.invalid/assets/x?Policy=W10_", "5"]
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=12,
)
ODD_HITS = st.fixed_dictionaries(
    {"id": st.just("asset_1")}, optional={name: JSON for name in FIELDS if name != "id"}
)


def body(value: object) -> bytes:
    """Return JSON with lone surrogates, NaN and Infinity."""
    return json.dumps(value).encode()


@given(JSON, st.sampled_from(["asset", "assets", "collections", "tags", "models"]), st.booleans())
def test_any_json_is_decoded_or_refused(loose: Any, name: str, wrapped: bool) -> None:
    """No other error is raised."""
    read: Callable[[bytes], object] = getattr(decoding, name)
    with suppress(InvalidUpstreamResponse):
        read(body({name: loose} if wrapped else loose))


@given(st.binary(max_size=40))
@example(b"[" * 100_000)
@example(b'{"hits": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")
@example(b'{"hits": [' + b"1" * 5000 + b"]}")
@example(b"\xff\xfe")
def test_any_bytes_are_decoded_or_refused(answer: bytes) -> None:
    """Bytes that are not JSON and JSON without hits are refused."""
    hits: tuple[Asset, ...] = ()
    with suppress(InvalidUpstreamResponse):
        hits = decoding.result_page(answer, size=48).hits
    assert hits == ()


@given(st.lists(ODD_HITS | JSON, max_size=3), JSON, JSON)
def test_odd_hits_become_cards_and_pages(hits: list[Any], total: Any, pages: Any) -> None:
    """Every view model of any hit can be built and encoded as UTF-8."""
    answer = {"hits": hits, "totalHits": total, "totalPages": pages, "page": 1}
    page = decoding.result_page(body(answer), size=48)
    search = Search(query="x")
    assert page.total is None or page.total >= len(page.hits)
    for hit in page.hits:
        view = viewmodels.asset_view(AssetDetails(asset=hit), search)
        assert str((Card.of(hit, search, 0), view)).encode()
        assert (hit.expires is None) or math.isfinite(hit.expires)
        assert describe.date(hit.createdAt) is not None


@given(ODD_HITS)
def test_an_odd_asset_has_a_page(hit: dict[str, Any]) -> None:
    """GET /assets/{id} is decoded as leniently as a search."""
    found = decoding.asset(body({"asset": hit}))
    assert found.id == "asset_1"
    assert str(viewmodels.asset_view(AssetDetails(asset=found), Search())).encode()


@given(st.integers(0, 200))
def test_documented_hits_lose_nothing(number: int) -> None:
    """Each field has the value that was sent."""
    sent = synthetic.hit(number, cdn="https://cdn.invalid")
    (hit,) = decoding.result_page(body({"hits": [sent]}), size=48).hits
    got = {name: getattr(hit, name) for name in sent if name not in {"metadata", "thumbnail"}}
    wanted = {name: tuple(v) if isinstance(v, list) else v for name, v in sent.items()}
    assert got == {name: wanted[name] for name in got}
    assert {name: getattr(hit.metadata, name) for name in sent["metadata"]} == sent["metadata"]
    assert bool(hit.thumbnail) == ("thumbnail" in sent)


@given(ODD_HITS)
def test_an_invalid_field_does_not_affect_others(odd: dict[str, Any]) -> None:
    """Valid fields are decoded beside invalid ones."""
    sent = {**odd, "id": "asset_1", "tags": ["a", 7, None, "b"], "mimeType": "image/png"}
    (hit,) = decoding.result_page(body({"hits": [sent]}), size=48).hits
    assert (hit.id, hit.tags, hit.mimeType) == ("asset_1", ("a", "b"), "image/png")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"null",
        b"[]",
        b'"hits"',
        b"7",
        b"{}",
        b'{"hits": null}',
        b'{"hits": {"0": {"id": "asset_1"}}}',
        b'{"hits": "many"}',
        b'{"hits": 7}',
        b'{"totalHits": 3, "said": {"hits": []}}',
        b'{"hits": [',
        b'<!doctype html><p>"hits"',
    ],
)
def test_a_response_without_a_list_of_hits_is_refused(answer: bytes) -> None:
    """It is not shown as an empty page, which would mean that nothing was found."""
    with pytest.raises(InvalidUpstreamResponse):
        decoding.result_page(answer, size=48)


@pytest.mark.parametrize(
    ("counts", "total", "pages"),
    [
        ({"totalHits": 2, "totalPages": 1, "page": 1}, 2, 1),
        ({"totalHits": 200, "totalPages": 5, "page": 5}, 200, 5),
        ({"estimatedTotalHits": 10**6, "offset": 0, "limit": 48}, None, None),
        ({"totalHits": -1, "totalPages": -1}, None, None),
        ({"totalHits": "many", "totalPages": None}, None, None),
        ({"totalHits": 2, "totalPages": "many", "page": 1}, 2, None),
        ({"totalHits": 10**400, "totalPages": 10**30}, None, None),
        ({"totalHits": 0, "totalPages": 0, "page": 1}, None, None),
        ({"totalHits": float("nan")}, None, None),
        ({}, None, None),
    ],
)
def test_only_plausible_counts_are_used(
    counts: dict[str, Any], total: int | None, pages: int | None
) -> None:
    """No estimates, no impossible numbers, and none that the hits contradict."""
    page = decoding.result_page(body({"hits": [{"id": "a"}, {"id": "b"}], **counts}), size=48)
    assert (len(page.hits), page.total, page.pages) == (2, total, pages)


def test_a_count_without_hits_on_the_first_page_is_not_used() -> None:
    """After the last page it is normal that no hits are listed."""
    lie = {"hits": [], "totalHits": 10**6, "totalPages": 10**4}
    assert decoding.result_page(body({**lie, "page": 1}), size=48).total is None
    assert decoding.result_page(body({**lie, "page": 10**5}), size=48).total == 10**6


def test_zero_is_a_count() -> None:
    """Zero hits differ from an unknown number of hits."""
    nothing = {"hits": [], "totalHits": 0, "totalPages": 0, "page": 1, "hitsPerPage": 48}
    page = decoding.result_page(body(nothing), size=48)
    assert (page.total, page.pages, page.has_next) == (0, 0, False)


@pytest.mark.parametrize(
    ("counts", "has_next"),
    [
        ({"totalPages": 5, "page": 4}, True),
        ({"totalPages": 5, "page": 5}, False),
        ({"totalPages": 5}, True),  # which page this is, it does not tell: it is a full one
        ({"hits": [], "totalPages": 5, "page": 4}, False),
        ({"hits": [{"id": "a"}]}, False),
        ({}, True),
    ],
)
def test_a_next_page_follows_from_the_count_or_a_full_page(
    counts: dict[str, Any], has_next: bool
) -> None:
    """An empty page is the last one, whatever its count."""
    answer = {"hits": [{"id": "a"}, {"id": "b"}], **counts}
    assert decoding.result_page(body(answer), size=2).has_next is has_next


def test_hits_come_once_and_with_an_id() -> None:
    """A repeated hit is shown once, at its first place."""
    page = decoding.result_page(
        body({"hits": [{"id": "b"}, None, {"id": "a"}, {"id": "b"}, {}, {"id": None}, 7]}), size=48
    )
    assert [hit.id for hit in page.hits] == ["b", "a"]


@pytest.mark.parametrize(
    ("hit", "name"),
    [
        ({"metadata": {"name": " Castle "}}, "Castle"),
        ({"metadata": {"name": " ", "prompt": "a  red\n castle"}}, "a red castle"),
        ({"metadata": {"prompt": "very " * 40}}, "very " * 15 + "very…"),
        ({"metadata": {"prompt": "x" * 80}}, "x" * 80),
        ({"metadata": {"prompt": "x" * 81}}, "x" * 80 + "…"),
        ({"metadata": {"name": "x" * 200}}, "x" * 200),
        ({"metadata": {"name": "x" * 201}}, "x" * 199 + "…"),
        ({"metadata": {"name": 7}}, "7"),
        ({"metadata": {"prompt": 1.5}}, "1.5"),
        ({"metadata": {"name": "Castle", "width": "wide", "seed": []}}, "Castle"),
        ({"metadata": {"name": ["x"]}}, "asset_1"),
        ({"metadata": "none"}, "asset_1"),
        ({}, "asset_1"),
    ],
)
def test_every_asset_has_a_name(hit: dict[str, Any], name: str) -> None:
    """Its name, else the start of its prompt, else its id."""
    assert decoding.asset(body({"asset": {"id": "asset_1", **hit}})).name == name


@pytest.mark.parametrize(
    ("hit", "medium"),
    [
        ({"kind": "video", "metadata": {"kind": "image"}}, "video"),
        ({"metadata": {"kind": "hologram"}}, "hologram"),
        ({"mimeType": "audio/mpeg"}, "audio"),
        ({"mimeType": "model/gltf-binary"}, "3d"),
        ({"mimeType": "image/png"}, "image"),
        ({"mimeType": "video/mp4"}, "video"),
        ({"mimeType": "text/plain"}, "text"),
        ({"mimeType": "application/pdf"}, "document"),
        ({}, "document"),
    ],
)
def test_every_asset_has_a_kind(hit: dict[str, Any], medium: str) -> None:
    """From the asset, its metadata, or its MIME type."""
    assert decoding.asset(body({"asset": {"id": "asset_1", **hit}})).medium == medium


@pytest.mark.parametrize("size", [0, -1, 0.5, 1e308, 10**400, True, "wide", None, [512]])
def test_impossible_sizes_are_none(size: Any) -> None:
    """The page reserves space for possible sizes only."""
    sizes = {"width": size, "height": size, "size": size}
    for place in ("metadata", "properties"):
        found = decoding.asset(body({"asset": {"id": "asset_1", place: sizes}}))
        assert (found.width, found.height, found.bytes) == (None, None, None)


@pytest.mark.parametrize("width", [512, 512.0, "512"])
def test_sizes_are_in_metadata_or_properties(width: Any) -> None:
    """A hit has them in its metadata, an asset in its properties as well; metadata is first."""
    sizes = {"width": width, "height": 256, "size": 1000}
    hit = {"id": "asset_1", "metadata": sizes, "properties": {"width": 1, "height": 1, "size": 1}}
    found = decoding.asset(body({"asset": hit}))
    assert (found.width, found.height, found.bytes) == (512, 256, 1000)
    hit = {"id": "asset_1", "metadata": {"width": 0}, "properties": {**sizes, "width": 512.0}}
    found = decoding.asset(body({"asset": hit}))
    assert (found.width, found.height, found.bytes) == (512, 256, 1000)


def test_an_incomplete_thumbnail_keeps_its_address() -> None:
    """So does a preview: an invalid field is no reason to show nothing."""
    odd = {"assetId": [], "url": "https://cdn.invalid/a"}
    found = decoding.asset(body({"asset": {"id": "asset_1", "thumbnail": odd, "preview": odd}}))
    expected = Thumbnail(None, "https://cdn.invalid/a")
    assert (found.thumbnail, found.preview) == (expected, expected)


@pytest.mark.parametrize(
    "answer", [[], {}, {"asset": None}, {"asset": []}, {"asset": {}}, {"asset": {"id": 7}}]
)
def test_a_response_without_an_asset_is_refused(answer: Any) -> None:
    """An asset needs an id."""
    with pytest.raises(InvalidUpstreamResponse):
        decoding.asset(body(answer))


# --- signatures --------------------------------------------------------------------------------


@given(st.integers(0, 10**11))
def test_expiry_is_parsed_from_the_policy(end: int) -> None:
    """The alphabet of the policy differs from that of base64."""
    url = synthetic.signed("https://cdn.invalid/assets/a?p=100", expires=end)
    assert expiry(url) == end


def policy(value: object) -> str:
    """Return a URL whose policy is any JSON."""
    text = base64.b64encode(json.dumps(value).encode()).decode()
    return "https://cdn.invalid/assets/a?Policy=" + text.translate(str.maketrans("+=/", "-_~"))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://cdn.invalid/assets/a",
        "https://cdn.invalid/assets/a?Policy=",
        "https://cdn.invalid/assets/a?Policy=%00%FF",
        "https://cdn.invalid/assets/a?Policy=é",
        "http://[::1?Policy=W10_",
        policy([]),
        policy({"Statement": []}),
        policy({"Statement": [{"Condition": [7]}]}),
        policy({"Statement": [{"Condition": {"DateLessThan": {"AWS:EpochTime": 10**400}}}]}),
        policy({"Statement": [{"Condition": {"DateLessThan": {"AWS:EpochTime": {}}}}]}),
    ],
)
def test_without_a_valid_policy_there_is_no_expiry(url: str) -> None:
    """Unsigned URLs do not expire; an invalid policy is ignored."""
    assert expiry(url) is None
    assert is_fresh(url)


@given(st.text(max_size=40))
def test_any_text_is_an_unsigned_url(text: str) -> None:
    """Also where it is not a URL."""
    assert expiry(text) is None
    assert image_urls.is_web(text) in {True, False}


def test_a_fresh_url_is_still_valid_in_a_minute() -> None:
    """The page is on the screen for a while."""
    now = time.time()
    later, gone = (
        synthetic.signed("https://cdn.invalid/a", expires=now + seconds) for seconds in (3600, 30)
    )
    assert (is_fresh(later), is_fresh(gone)) == (True, False)


def test_an_asset_expires_with_the_first_of_its_urls() -> None:
    """Unsigned URLs and invalid policies are ignored."""
    later, sooner = (synthetic.signed("https://cdn.invalid/a", expires=end) for end in (2000, 1000))
    unsigned, odd = "https://cdn.invalid/a", "https://cdn.invalid/a?Policy=W10_"
    for url, thumbnail, expected in (
        (later, sooner, 1000),
        (sooner, later, 1000),
        (later, unsigned, 2000),
        (odd, later, 2000),
        (unsigned, odd, None),
    ):
        found = Asset(id="asset_1", url=url, thumbnail=Thumbnail(url=thumbnail))
        assert found.expires == expected
    assert (Asset(url=later).expires, Asset().expires) == (2000, None)


# --- other listings ----------------------------------------------------------------------------


def test_listings_skip_items_without_an_id() -> None:
    """The name is the id where there is none."""
    listed = [{"id": "c1", "name": "Castles", "itemCount": 3}, {"id": "c2"}, {}, None, {"id": 7}]
    assert [
        (c.id, c.name, c.count) for c in decoding.collections(body({"collections": listed}))
    ] == [
        ("c1", "Castles", 3),
        ("c2", "c2", None),
        ("7", "7", None),
    ]


def test_tags_are_their_own_names() -> None:
    """With the number of their assets."""
    listed = [{"tagName": "castle", "itemCount": 3}, {"tagName": "ship"}, {"itemCount": 1}, None]
    assert [(tag.id, tag.name, tag.count) for tag in decoding.tags(body({"tags": listed}))] == [
        ("castle", "castle", 3),
        ("ship", "ship", None),
    ]


def test_models_have_names() -> None:
    """The name is the id where there is none."""
    listed = [{"id": "m1", "name": "Flux", "type": "flux.1"}, {"id": "m2", "name": ""}, {}, 7]
    assert [(model.id, model.name) for model in decoding.models(body({"models": listed}))] == [
        ("m1", "Flux"),
        ("m2", "m2"),
    ]


@pytest.mark.parametrize(
    ("answer", "token"),
    [
        ({"nextPaginationToken": "t"}, "t"),
        ({"nextPaginationToken": ""}, None),
        ({"nextPaginationToken": 7}, None),
        ({}, None),
        ([], None),
    ],
)
def test_next_token(answer: Any, token: str | None) -> None:
    """None on the last page."""
    assert decoding.next_token(body(answer)) == token


def test_the_first_url_to_expire_decides_for_the_response() -> None:
    """Also where it expired in 1970: that is not "never"."""
    urls = [synthetic.signed("https://cdn.invalid/a", expires=end) for end in (0, 2_000_000_000)]
    assert first_expiry(" ".join(urls).encode()) == 0
    assert first_expiry(b"https://cdn.invalid/a") is None


def test_an_invalid_policy_does_not_hide_others() -> None:
    """The response expires with the valid ones."""
    urls = [policy([]), synthetic.signed("https://cdn.invalid/a", expires=1000)]
    assert first_expiry(" ".join(urls).encode()) == 1000
