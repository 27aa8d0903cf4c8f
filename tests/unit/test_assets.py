"""Whatever the API answers becomes typed values, or UpstreamNonsense; nothing else is raised."""

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

from app import bodies, images, views, words
from app.assets import Asset, Metadata, Thumbnail
from app.errors import UpstreamNonsense
from app.search import Search
from app.signed import expiry, first_expiry, is_fresh
from app.views.card import Card
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
    """JSON as a careless server writes it: lone surrogates, NaN, Infinity and all."""
    return json.dumps(value).encode()


@given(JSON, st.sampled_from(["asset", "assets", "collections", "tags", "models"]), st.booleans())
def test_no_shape_raises_anything_else(loose: Any, name: str, wrapped: bool) -> None:
    """A value, or UpstreamNonsense."""
    read: Callable[[bytes], object] = getattr(bodies, name)
    with suppress(UpstreamNonsense):
        read(body({name: loose} if wrapped else loose))


@given(st.binary(max_size=40))
@example(b"[" * 100_000)
@example(b'{"hits": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")
@example(b'{"hits": [' + b"1" * 5000 + b"]}")
@example(b"\xff\xfe")
def test_no_bytes_raise_anything_else(answer: bytes) -> None:
    """Not JSON is nonsense; so is JSON without hits."""
    hits: tuple[Asset, ...] = ()
    with suppress(UpstreamNonsense):
        hits = bodies.result_page(answer, size=48).hits
    assert hits == ()


@given(st.lists(ODD_HITS | JSON, max_size=3), JSON, JSON)
def test_odd_hits_become_cards_and_pages(hits: list[Any], total: Any, pages: Any) -> None:
    """Every view of any hit can be built and written as UTF-8: no hit breaks its page."""
    answer = {"hits": hits, "totalHits": total, "totalPages": pages, "page": 1}
    page = bodies.result_page(body(answer), size=48)
    search = Search(query="x")
    assert page.total is None or page.total >= len(page.hits)
    for hit in page.hits:
        assert str((Card.of(hit, search, 0), views.asset_view(hit, search))).encode()
        assert (hit.expires is None) or math.isfinite(hit.expires)
        assert words.date(hit.createdAt) is not None


@given(ODD_HITS)
def test_an_odd_asset_has_a_page(hit: dict[str, Any]) -> None:
    """GET /assets/{id} is read as leniently as a search."""
    found = bodies.asset(body({"asset": hit}))
    assert found.id == "asset_1"
    assert str(views.asset_view(found, Search())).encode()


@given(st.integers(0, 200))
def test_documented_hits_lose_nothing(number: int) -> None:
    """Each field arrives as it was sent."""
    sent = synthetic.hit(number, cdn="https://cdn.invalid")
    (hit,) = bodies.result_page(body({"hits": [sent]}), size=48).hits
    got = {name: getattr(hit, name) for name in sent if name not in {"metadata", "thumbnail"}}
    wanted = {name: tuple(v) if isinstance(v, list) else v for name, v in sent.items()}
    assert got == {name: wanted[name] for name in got}
    assert {name: getattr(hit.metadata, name) for name in sent["metadata"]} == sent["metadata"]
    assert bool(hit.thumbnail) == ("thumbnail" in sent)


@given(ODD_HITS)
def test_one_odd_field_takes_no_other_with_it(odd: dict[str, Any]) -> None:
    """What is as documented is kept beside what is not."""
    sent = {**odd, "id": "asset_1", "tags": ["a", 7, None, "b"], "mimeType": "image/png"}
    (hit,) = bodies.result_page(body({"hits": [sent]}), size=48).hits
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
def test_what_has_no_list_of_hits_is_nonsense(answer: bytes) -> None:
    """An empty page is never made of something else: "nothing found" would be a lie."""
    with pytest.raises(UpstreamNonsense):
        bodies.result_page(answer, size=48)


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
def test_only_counts_that_can_be_are_counts(
    counts: dict[str, Any], total: int | None, pages: int | None
) -> None:
    """Estimates, nonsense and what the hits beside it belie are none."""
    page = bodies.result_page(body({"hits": [{"id": "a"}, {"id": "b"}], **counts}), size=48)
    assert (len(page.hits), page.total, page.pages) == (2, total, pages)


def test_a_count_without_hits_is_no_count_on_the_first_page() -> None:
    """A million hits of which none is listed; beyond the last page that is in order."""
    lie = {"hits": [], "totalHits": 10**6, "totalPages": 10**4}
    assert bodies.result_page(body({**lie, "page": 1}), size=48).total is None
    assert bodies.result_page(body({**lie, "page": 10**5}), size=48).total == 10**6


def test_nothing_found_is_a_count() -> None:
    """None is known to be there, which is more than not to know how many are."""
    nothing = {"hits": [], "totalHits": 0, "totalPages": 0, "page": 1, "hitsPerPage": 48}
    page = bodies.result_page(body(nothing), size=48)
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
def test_there_are_more_where_the_count_or_a_full_page_says_so(
    counts: dict[str, Any], has_next: bool
) -> None:
    """An empty page has none after it, whatever it says."""
    answer = {"hits": [{"id": "a"}, {"id": "b"}], **counts}
    assert bodies.result_page(body(answer), size=2).has_next is has_next


def test_hits_come_once_and_with_an_id() -> None:
    """A hit that comes twice is shown once, where it came first."""
    page = bodies.result_page(
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
def test_a_name_is_always_found(hit: dict[str, Any], name: str) -> None:
    """Its own, else the start of its prompt, else its id."""
    assert bodies.asset(body({"asset": {"id": "asset_1", **hit}})).name == name


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
def test_a_kind_is_always_found(hit: dict[str, Any], medium: str) -> None:
    """By itself, its metadata, or its mime type."""
    assert bodies.asset(body({"asset": {"id": "asset_1", **hit}})).medium == medium


@pytest.mark.parametrize("size", [0, -1, 0.5, 1e308, 10**400, True, "wide", None, [512]])
def test_sizes_that_cannot_be_are_none(size: Any) -> None:
    """A box is reserved from a size that can be, or from none."""
    sizes = {"width": size, "height": size, "size": size}
    for place in ("metadata", "properties"):
        found = bodies.asset(body({"asset": {"id": "asset_1", place: sizes}}))
        assert (found.width, found.height, found.bytes) == (None, None, None)


@pytest.mark.parametrize("width", [512, 512.0, "512"])
def test_sizes_are_taken_from_where_they_stand(width: Any) -> None:
    """A hit has them in its metadata, an asset in its properties as well; the first one counts."""
    sizes = {"width": width, "height": 256, "size": 1000}
    hit = {"id": "asset_1", "metadata": sizes, "properties": {"width": 1, "height": 1, "size": 1}}
    found = bodies.asset(body({"asset": hit}))
    assert (found.width, found.height, found.bytes) == (512, 256, 1000)
    hit = {"id": "asset_1", "metadata": {"width": 0}, "properties": {**sizes, "width": 512.0}}
    found = bodies.asset(body({"asset": hit}))
    assert (found.width, found.height, found.bytes) == (512, 256, 1000)


def test_an_odd_thumbnail_keeps_its_address() -> None:
    """As does a preview: what is odd about them is no reason to show nothing."""
    odd = {"assetId": [], "url": "https://cdn.invalid/a"}
    found = bodies.asset(body({"asset": {"id": "asset_1", "thumbnail": odd, "preview": odd}}))
    expected = Thumbnail(None, "https://cdn.invalid/a")
    assert (found.thumbnail, found.preview) == (expected, expected)


@pytest.mark.parametrize(
    "answer", [[], {}, {"asset": None}, {"asset": []}, {"asset": {}}, {"asset": {"id": 7}}]
)
def test_what_is_no_asset_is_nonsense(answer: Any) -> None:
    """A page of one asset needs its id."""
    with pytest.raises(UpstreamNonsense):
        bodies.asset(body(answer))


# --- signatures --------------------------------------------------------------------------------


@given(st.integers(0, 10**11))
def test_expiry_is_read_from_the_policy(end: int) -> None:
    """The policy's alphabet is not base64's own."""
    url = synthetic.signed("https://cdn.invalid/assets/a?p=100", expires=end)
    assert expiry(url) == end


def policy(value: object) -> str:
    """A URL whose policy holds any JSON."""
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
def test_what_no_policy_says_is_no_expiry(url: str) -> None:
    """An unsigned URL lasts; a policy that cannot be read is none."""
    assert expiry(url) is None
    assert is_fresh(url)


@given(st.text(max_size=40))
def test_any_text_is_an_unsigned_url(text: str) -> None:
    """Also where it is no URL at all."""
    assert expiry(text) is None
    assert images.is_web(text) in {True, False}


def test_fresh_is_what_can_be_opened_in_a_while() -> None:
    """A minute is left for the page to be looked at."""
    now = time.time()
    later, gone = (
        synthetic.signed("https://cdn.invalid/a", expires=now + seconds) for seconds in (3600, 30)
    )
    assert (is_fresh(later), is_fresh(gone)) == (True, False)


def test_an_asset_expires_with_the_first_of_its_urls() -> None:
    """An unsigned one lasts, and one whose policy cannot be read says nothing."""
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


def test_listings_skip_what_has_no_id() -> None:
    """Names where there are some, else the id."""
    listed = [{"id": "c1", "name": "Castles", "itemCount": 3}, {"id": "c2"}, {}, None, {"id": 7}]
    assert [(c.id, c.name, c.count) for c in bodies.collections(body({"collections": listed}))] == [
        ("c1", "Castles", 3),
        ("c2", "c2", None),
        ("7", "7", None),
    ]


def test_tags_are_their_own_names() -> None:
    """With how many assets have them."""
    listed = [{"tagName": "castle", "itemCount": 3}, {"tagName": "ship"}, {"itemCount": 1}, None]
    assert [(tag.id, tag.name, tag.count) for tag in bodies.tags(body({"tags": listed}))] == [
        ("castle", "castle", 3),
        ("ship", "ship", None),
    ]


def test_models_have_names() -> None:
    """Else their ids stand in for them."""
    listed = [{"id": "m1", "name": "Flux", "type": "flux.1"}, {"id": "m2", "name": ""}, {}, 7]
    assert [(model.id, model.name) for model in bodies.models(body({"models": listed}))] == [
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
    assert bodies.next_token(body(answer)) == token


def test_the_first_url_to_end_decides_for_its_answer() -> None:
    """Even where a clock at zero has signed it: it has ended, not "never ends"."""
    urls = [synthetic.signed("https://cdn.invalid/a", expires=end) for end in (0, 2_000_000_000)]
    assert first_expiry(" ".join(urls).encode()) == 0
    assert first_expiry(b"https://cdn.invalid/a") is None


def test_a_policy_that_cannot_be_read_does_not_hide_the_others() -> None:
    """The answer ends with what does say when."""
    urls = [policy([]), synthetic.signed("https://cdn.invalid/a", expires=1000)]
    assert first_expiry(" ".join(urls).encode()) == 1000
