"""A card out of a mould is the card that its macro makes."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markupsafe import escape

from app.auth import permissions
from app.query.filters import Today
from app.query.search import Search
from app.scenario.assets import Asset, Metadata
from app.viewmodels.parts.card import Card
from app.viewmodels.parts.variants import Stack
from app.viewmodels.results import results_view
from app.web.context import services_of
from tests.faults.synthetic import hit
from tests.support.scenario_api import page, refusal

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from tests.support.scenario_api import FakeAPI

CDN = "https://cdn.invalid/assets-transform"
TEXTS = st.sampled_from(
    [
        "",
        "castle",
        '"><script>',
        "100 % %s %(a)s {0} {{ x }}",
        "a\x00b",
        "<b>&amp;'",
        "קסטל\u202e",
        "0",
    ]
)
SIZES = st.none() | st.sampled_from([0, 16, 64, 300, 512, 4000])
ASSETS = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["asset_1", "asset_2"]),
        "kind": st.sampled_from(["image", "video", "audio", "3d", "text", "<odd>"]),
        "description": TEXTS,
        "mimeType": st.sampled_from(["image/png", "image/gif"]),
        "nsfw": st.sampled_from([[], ["x"]]),
        "url": st.sampled_from(["", f"{CDN}/a", f"{CDN}/a?p=100&Policy=x%20y&Signature=%s"]),
        "thumbnail": st.sampled_from([None, {"url": "https://cdn.invalid/t?a=1&b=<%s>"}]),
        "metadata": st.fixed_dictionaries(
            {
                "name": TEXTS,
                "width": SIZES,
                "height": SIZES,
                "rating": st.sampled_from([None, 0, 1, 5]),
                "label": st.sampled_from([None, "", "pick", "reject", "Red"]),
            }
        ),
    }
)
STACKS = st.none() | st.builds(
    Stack, st.integers(2, 99), st.just("/?a=1&b=%s#variants-x"), st.booleans()
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(ASSETS, st.integers(0, 9), st.booleans(), STACKS, st.sampled_from(["", "?query=a&b=%s<"]))
def test_a_card_is_what_its_macro_makes(
    app: Flask,
    fields: dict[str, Any],
    place: int,
    is_ranked: bool,
    stack: Stack | None,
    suffix: str,
) -> None:
    """Whatever its texts say, and whichever card was the first of its shape."""
    search = Search(query="a" if is_ranked else "", like=("asset_2",) if is_ranked else ())
    item = Card.of(msgspec.convert(fields, Asset), search, place)
    stacks = {item.asset_id: stack} if stack else {}
    page = SimpleNamespace(suffix=suffix, search=search, stacks=stacks)
    macro: Any = app.jinja_env.get_template("partials/card.html").module
    with app.test_request_context():
        may_edit = permissions.current().tags
        expected = str(macro.card(item, search.is_ranked, escape(suffix), stack, may_edit))
        assert expected == str(app.jinja_env.globals["card"](item, page))  # type: ignore[operator]


def test_cards_of_one_shape_keep_their_own_texts(app: Flask) -> None:
    """Nothing of the card that a mould was made for is left in it."""
    card: Any = app.jinja_env.globals["card"]
    page = SimpleNamespace(suffix="?query=a", search=Search(query="a"), stacks={})
    names = ("the first", "the second")
    assets = [Asset(id="asset_1", metadata=Metadata(name=name)) for name in names]
    with app.test_request_context():
        made = [str(card(Card.of(asset, page.search, 3), page)) for asset in assets]
    assert made[0].replace(*names) == made[1] != made[0]


def test_all_cards_of_a_page_are_its_cards_in_their_order(app: Flask) -> None:
    """One a line, stacks and all."""
    search = Search(query="a")
    items = [Card.of(Asset(id=f"asset_{at}"), search, at) for at in range(10)]
    stacks = {"asset_3": Stack(4, "/?stacks=on#variants-asset_3", is_open=False)}
    page = SimpleNamespace(suffix="?query=a", search=search, stacks=stacks, cards=items)
    card: Any = app.jinja_env.globals["card"]
    cards: Any = app.jinja_env.globals["cards"]
    with app.test_request_context():
        assert "\n".join(str(card(item, page)) for item in items) == str(escape(cards(page)))


def test_a_page_is_the_same_with_its_cards_put_in_as_bytes(
    api: FakeAPI, client: FlaskClient, app: Flask
) -> None:
    """The cards that `cards` renders are in the page, each once."""
    api.always(page(*(hit(number, cdn=CDN) for number in range(20))))  # signed once, not twice
    html = client.get("/?query=castle").get_data(as_text=True)
    assert "hole-" not in html
    found = services_of(app).catalog.find(Search(query="castle"))
    view = results_view(found, today=Today(datetime.now(UTC).date()))
    with app.test_request_context("/?query=castle"):
        cards: Any = app.jinja_env.globals["cards"]
        as_text = str(escape(cards(view)))
    assert as_text.count("<article") == len(view.cards) > 0
    assert html.count(as_text) == 1


def test_a_page_without_cards_has_no_place_for_them(api: FakeAPI, client: FlaskClient) -> None:
    """Nor has one whose search fails."""
    api.always(page())
    assert b"hole-" not in client.get("/?query=castle").data
    api.always(refusal(500, "out of order"))
    failed = client.get("/?query=other")
    assert failed.status_code == 502
    assert b"hole-" not in failed.data
