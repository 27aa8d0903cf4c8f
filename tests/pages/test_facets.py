"""The filters on the page: what they submit, what they say, and where a mistake is pointed at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from bs4 import BeautifulSoup

from tests.faults.synthetic import hit
from tests.support.forms import form_url
from tests.support.scenario_api import CDN, Reply, answer, make_app

if TYPE_CHECKING:
    from pathlib import Path

    from bs4 import Tag
    from flask.testing import FlaskClient

    from tests.support.scenario_api import FakeAPI
    from tests.support.soup import Soup


def texts(found: list[Tag]) -> list[str]:
    return [" ".join(each.get_text(" ").split()) for each in found]


def fieldset(page: BeautifulSoup, legend: str) -> Tag:
    """The fieldset with this legend."""
    found = next(each for each in page.find_all("legend") if each.get_text() == legend)
    assert found.parent is not None
    return found.parent


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("width.from=512&width.to=", "/?width=512.."),
        ("width.from=&width.to=512", "/?width=..512"),
        ("width.from=9&width.to=512", "/?width=9..512"),
        ("createdAt.from=2025-01-31&createdAt.to=2025-02-01", "/?createdAt=2025-01-31..2025-02-01"),
        ("width.from=&width.to=&query=", "/"),
        ("tags=a&tags=&tags.all=&tags.not=b", "/?tags=a&tags.not=b"),
    ],
)
def test_what_the_inputs_submit_leads_to_the_canonical_address(
    client: FlaskClient, typed: str, canonical: str
) -> None:
    """A form has an input for each end, an address one word for both."""
    response = client.get(f"/?{typed}")
    assert (response.status_code, response.headers["Location"]) == (302, canonical)


def test_a_limit_that_is_no_number_is_reported(soup: Soup) -> None:
    """The other conditions stay."""
    page = soup("/?kind=image&width.from=wide")
    assert texts(page.select(".notices li")) == [
        "width “wide..”: “wide” is not a number such as 1024."
    ]
    assert texts(page.select("section.status .chip")) == ["kind image"]


def test_parameters_without_a_name_are_reported(soup: Soup) -> None:
    """An empty parameter, or too many of them; the same value again is no other."""
    assert texts(soup("/?=x&kind=image").select(".notices li")) == ["There is no such parameter."]
    many = soup("/?" + "&".join(["kind=image"] * 600))
    assert texts(many.select(".notices li")) == ["Only the first 500 parameters were read."]


def test_too_many_values_are_reported_once(soup: Soup) -> None:
    """The first of them names what was left out."""
    many = soup("/?" + "&".join(f"tags={at}" for at in range(60)))
    assert texts(many.select(".notices li")) == ["tags “50”: At most 50 values are used."]


def test_a_page_of_nonsense_is_still_a_page_of_results(soup: Soup) -> None:
    """Not a list of everything that could not be used."""
    shown = soup("/?" + "&".join(f"odd{at}=1" for at in range(100)))
    told = texts(shown.select(".notices li"))
    assert (len(told), told[0], told[-1]) == (
        13,
        "odd0 “1”: There is no such parameter.",
        "And 9 more invalid parameters.",
    )
    assert shown.select(".grid .card")


def test_a_tag_is_added_by_typing_it(client: FlaskClient, soup: Soup) -> None:
    """In the input of the way it is wanted; without JavaScript."""
    page = soup("/?tags=castle&query=hill")
    typed = page.select_one('input[name="tags.not"][type=text]')
    assert typed is not None
    typed["value"] = "draft"
    response = client.get(form_url(page))
    assert response.headers["Location"] == "/?query=hill&tags=castle&tags.not=draft"


def test_a_preset_and_its_way_back(soup: Soup) -> None:
    """Chosen, it is marked and leads back."""
    page = soup("/?query=castle&width=1024..&height=1024..")
    links = fieldset(page, "Size in pixels").select(".presets a")
    assert [(link.get_text(), link.get("aria-current"), link["href"]) for link in links[:2]] == [
        ("512+", None, "/?query=castle&width=512..&height=512.."),
        ("1024+", "true", "/?query=castle"),
    ]


def test_the_named_points_of_a_scale_are_buttons_beside_its_slider(
    client: FlaskClient, soup: Soup
) -> None:
    """The button that is pressed wins over the slider; unpressed the slider holds the value."""
    page = soup("/?query=castle&querySemanticRatio=0.37")
    scale = fieldset(page, "Words as")
    slider = scale.find("input", type="range")
    buttons = scale.find_all("button")
    assert (slider["value"], slider["step"]) == ("0.37", "0.01")  # type: ignore[index]
    assert [(each.get_text(), each["value"], each["aria-pressed"]) for each in buttons] == [
        ("Auto", "auto", "false"),
        ("Exact words", "0", "false"),
        ("Balanced", "0.5", "false"),
        ("Meaning", "1", "false"),
    ]
    landed = [client.get(form_url(page, pressed=each)).headers["Location"] for each in buttons]
    assert landed == [
        "/?query=castle",
        "/?query=castle&querySemanticRatio=0",
        "/?query=castle&querySemanticRatio=0.5",
        "/?query=castle&querySemanticRatio=1",
    ]


def test_a_scale_is_there_only_where_it_means_something(soup: Soup) -> None:
    """Words for one, examples for the other."""
    assert soup("/").select("input[type=range]") == []


def counting() -> Reply:
    """An answer of a server that counts."""
    found = hit(0, cdn=CDN)
    facets = {"kind": {"image": 7, "json": 2}, "tags": {"castle": 3}, "aspectRatio": {}}
    counts = {"page": 1, "hitsPerPage": 48, "totalHits": 1, "totalPages": 1}
    return answer({"hits": [found], **counts, "facetDistribution": facets})


def test_counts_are_requested_from_servers_that_support_them(api: FakeAPI, tmp_path: Path) -> None:
    """They stand beside the boxes and in the suggestions."""
    client = make_app(api, tmp_path, facets="on").test_client()
    api.always(counting())
    page = BeautifulSoup(client.get("/?query=castle").data, "html.parser")
    body = api.received()[0].json
    assert "kind" in body["facets"]
    labels = texts(fieldset(page, "Kind").find_all("label"))
    assert labels == ["Image 7", "JSON 2"], "a kind without hits is not offered"
    legends = texts(page.find_all("legend"))
    assert not {"Shape", "Generation"} & set(legends), "nor is a group without any"
    suggested = page.select("#tag-names option")
    assert (suggested[0]["value"], suggested[0]["label"]) == ("castle", "3")


def test_what_could_be_chosen_besides_is_counted_as_if_nothing_were(
    api: FakeAPI, tmp_path: Path
) -> None:
    """Each facet with a choice is counted by a separate filter; required and excluded tags stay."""
    client = make_app(api, tmp_path, facets="on").test_client()
    api.always(counting())
    client.get("/?kind=image&tags=a&tags.all=b&tags.not=c&modelId.not=m&width=64..")
    body = api.body()
    clauses = {name: set(text.split(" AND ")) for name, text in body["facetFilters"].items()}
    everything = set(body["filter"].split(" AND "))
    assert clauses == {
        "kind": everything - {'kind IN ["image"]'},
        "tags": everything - {'tags IN ["a"]'},
    }
    assert len(everything) == 6


@pytest.mark.parametrize("setting", ["auto", "off"])
def test_extensions_are_not_requested_from_other_servers(
    api: FakeAPI, tmp_path: Path, setting: str
) -> None:
    """The Scenario API may refuse unknown fields."""
    client = make_app(api, tmp_path, facets=setting).test_client()
    assert client.get("/?query=castle").status_code == 200
    bodies = [sorted(request.json) for request in api.received()]
    assert bodies == [
        ["hitsPerPage", "page", "query"],
        ["hitsPerPage", "page", "query", "querySemanticRatio"],
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"error": "Invalid filter: expected a value", "code": "BAD", "column": 32},
        {"error": "Invalid filter syntax at column 32"},
        {"error": "Was expecting a value in the filter.\n32:35 width > ..."},
    ],
)
def test_a_mistake_in_the_filter_is_pointed_at(api: FakeAPI, soup: Soup, body: object) -> None:
    """In what was typed, whatever stands before it in what was sent."""
    api.always(Reply(400, json.dumps(body).encode()))
    page = soup("/?kind=image&filter=width+%3E+AND+height+%3E+9", status=400)
    assert api.body()["filter"].index("AND height") + 1 == 32
    pointer = page.find("pre", class_="error-position")
    assert pointer is not None
    assert pointer.get_text().split("\n") == ["width > AND height > 9", "        ^"]
    assert pointer["aria-label"] == "At character 9"


def test_an_error_elsewhere_is_reported_without_a_caret(api: FakeAPI, soup: Soup) -> None:
    """The message is there in any case."""
    api.always(Reply(400, json.dumps({"error": "Invalid filter syntax"}).encode()))
    page = soup("/?filter=nonsense", status=400)
    assert page.find("pre", class_="error-position") is None
    assert page.find("p", id="filter-error").get_text() == "Invalid filter syntax"  # type: ignore[union-attr]


def test_a_library_offers_no_public_assets_of_others(api: FakeAPI, tmp_path: Path) -> None:
    """Scenario has no facets; conditions on them can be removed."""
    client = make_app(api, tmp_path, by_library=True).test_client()
    boxes = {path: 'name="public"' in client.get(path).text for path in ("/", "/?public=true")}
    assert boxes == {"/": False, "/?public=true": True}
    assert 'name="public"' in make_app(api, tmp_path).test_client().get("/").text


@pytest.mark.parametrize(
    ("typed", "caret", "why"),
    [
        ('name = "open', 7, "A quotation mark is not closed."),
        ("kind = image) OR (width > 1", 12, "There is a “)” without its “(”."),
        ("x = 1 AND " * 25 + "(kind = image", 31, "There is a “(” without its “)”."),
    ],
)
def test_a_filter_that_was_left_out_can_be_corrected(
    soup: Soup, typed: str, caret: int, why: str
) -> None:
    """As a filter that the API refuses: one notice, above the results without it."""
    page = soup("/?" + urlencode({"query": "castle", "filter": typed, "nsfw": "what"}))
    assert len(page.select(".grid .card")) > 0
    mend = page.select_one("form.filter-correction")
    assert mend
    assert mend.select_one("textarea").get_text() == typed  # type: ignore[union-attr]
    assert mend.select_one(".error-position").get_text().split("\n")[1] == " " * caret + "^"  # type: ignore[union-attr]
    assert mend.select_one("#filter-error").get_text() == why  # type: ignore[union-attr]
    kept = [(each["name"], each["value"]) for each in mend.select("input[type=hidden]")]
    assert kept == [("query", "castle")]
    assert texts(page.select(".notices li")) == ["nsfw “what”: It is one of blur, hide, show."]


def test_a_filter_that_ends_too_early_is_reported(api: FakeAPI, soup: Soup) -> None:
    """The parenthesis that the API meets there is not of the reader's."""
    message = "Invalid filter syntax: unexpected `)` at column 9, expected a value"
    api.always(Reply(400, json.dumps({"error": message, "column": 9}).encode()))
    page = soup("/?filter=width+%3E", status=400)
    assert api.body()["filter"] == "(width >)"
    assert page.find("p", id="filter-error").get_text() == (  # type: ignore[union-attr]
        "Invalid filter syntax: the filter ends too early, expected a value"
    )
