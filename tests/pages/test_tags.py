"""Every tag, to be found by a part of its name and wanted in one of three ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.forms import submitted
from tests.support.scenario_api import answer, refusal

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

    from tests.support.scenario_api import FakeAPI
    from tests.support.soup import Soup


@pytest.fixture(autouse=True)
def _tags(api: FakeAPI) -> None:
    names = {"castle": 7, "Castellan": 9, "fog": None, "a & b": 1}
    listed = [{"tagName": name, "itemCount": count} for name, count in names.items()]
    api.always(answer({"tags": listed}), on="/v1/tags")


def rows(soup: BeautifulSoup) -> list[str]:
    return [" ".join(row.get_text(" ").split()) for row in soup.select(".tag-list li")]


def test_all_tags_with_their_counts_the_most_used_first(soup: Soup) -> None:
    """The chosen ones before all."""
    shown = soup("/tags?tags=fog")
    assert rows(shown) == [
        "fog any all none",
        "Castellan 9 any all none",
        "castle 7 any all none",
        "a & b 1 any all none",
    ]


def test_each_way_is_a_link_to_the_results(soup: Soup) -> None:
    """A way that is chosen leads back out of it."""
    shown = soup("/tags?query=hill&tags.all=castle&stacks=on&find=castle&page=4")
    links = shown.select(".tag-list a")
    assert [(str(link["href"]), link.get("aria-current")) for link in links] == [
        ("/?query=hill&tags=castle&tags.all=castle&stacks=on", None),
        ("/?query=hill&stacks=on", "true"),
        ("/?query=hill&tags.all=castle&tags.not=castle&stacks=on", None),
    ]


def test_a_part_finds_a_tag_whatever_its_case(soup: Soup) -> None:
    """The search stays in the form that looks for it."""
    shown = soup("/tags?query=hill&find=CAST")
    assert [row.split()[0] for row in rows(shown)] == ["Castellan", "castle"]
    form = shown.select_one(".tags-page form")
    assert form is not None
    form["id"] = "find-tags"
    assert submitted(shown, "find-tags") == [("query", "hill"), ("find", "CAST")]


def test_no_matching_tag_is_reported(soup: Soup) -> None:
    """In the count."""
    shown = soup("/tags?find=zebra")
    assert rows(shown) == []
    assert shown.select_one(".tags-page > .detail").get_text() == "0 tags"  # type: ignore[union-attr]


def test_without_an_answer_the_page_says_why(api: FakeAPI, soup: Soup) -> None:
    """It is nothing else than the listing."""
    api.always(refusal(403, "Not allowed"), on="/v1/tags")
    assert soup("/tags", status=403).select_one(".failure") is not None


def test_the_filters_lead_here(soup: Soup) -> None:
    """With the search."""
    link = soup("/?query=castle&page=2").select_one(".tags .more a")
    assert link is not None
    assert link["href"] == "/tags?query=castle"
