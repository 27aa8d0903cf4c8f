"""Dates in the reader's time zone, and days that links carry with the sender's offset."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from playwright.sync_api import expect

from tests.support.browser import eventually

if TYPE_CHECKING:
    from tests.support.browser import Watch

CARD = "article[data-asset-id] a.picture"
NOW = "2026-06-15T23:30:00Z"


@pytest.mark.parametrize(("zone", "day"), [("Asia/Tokyo", "2026-06-16"), ("UTC", "2026-06-15")])
def test_today_is_the_readers_today(watch: Watch, zone: str, day: str) -> None:
    """Its link carries the offset; who opens it elsewhere sees the same search."""
    page = watch.page(timezone_id=zone)
    page.clock.set_fixed_time(NOW)
    page.goto("/")
    page.locator("#filters > summary").click()
    page.get_by_role("link", name="Today", exact=True).click()
    offset = "+09:00" if zone == "Asia/Tokyo" else ""
    page.wait_for_url(lambda url: f"createdAt={day}{offset}.." in unquote(url))
    elsewhere = watch.page(timezone_id="America/New_York")
    elsewhere.goto(page.url)
    assert elsewhere.url == page.url
    low = elsewhere.locator('input[name="createdAt.from"]')
    expect(low).to_have_value(day)


def test_typed_days_are_the_readers(watch: Watch) -> None:
    """And stay as they are when another part of the form is submitted somewhere else."""
    page = watch.page(timezone_id="Asia/Kolkata")
    page.goto("/")
    page.locator("#filters > summary").click()
    page.locator('input[name="createdAt.from"]').fill("2020-01-31")
    page.locator('input[name="createdAt.from"]').blur()
    page.wait_for_url(lambda url: "createdAt=2020-01-31+05:30.." in unquote(url))
    elsewhere = watch.page(timezone_id="America/New_York")
    elsewhere.goto(page.url)
    elsewhere.locator('.query-field input[name="query"]').fill("red")
    elsewhere.keyboard.press("Enter")
    elsewhere.wait_for_url(re.compile("query=red"))
    assert "createdAt=2020-01-31+05:30.." in unquote(elsewhere.url)


def test_moments_of_an_asset_in_local_time(watch: Watch) -> None:
    """The title is the server's text in UTC, which is all there is without scripts."""
    plain = watch.page(java_script_enabled=False)
    plain.goto("/")
    address = str(plain.locator(CARD).first.get_attribute("href"))
    plain.goto(address)
    text = str(plain.locator("time").first.text_content())
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", text)
    page = watch.page(timezone_id="Asia/Tokyo", locale="de-DE")
    page.goto(address)
    time = page.locator("local-time time").first
    eventually(page, lambda: time.get_attribute("title") == text)
    expected = page.evaluate(
        """(iso) => new Date(iso).toLocaleString("de-DE", {
             timeZone: "Asia/Tokyo", dateStyle: "medium", timeStyle: "short" })""",
        time.get_attribute("datetime"),
    )
    assert time.text_content() == expected
