"""A browser that does not close what it should is killed, and the next test has another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Error

from tests.support.browser import Watch, closing

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser

    from tests.support.server import Server


def test_a_browser_that_does_not_close_is_killed_and_replaced(
    browsers: Callable[[], Browser], capsys: pytest.CaptureFixture[str]
) -> None:
    browser = browsers()
    page = browser.new_page()
    with closing(browser, patience=0.1):
        page.wait_for_event("popup", timeout=0)  # never happens
    assert "Chromium did not close within 0.1 s: killed" in capsys.readouterr().err
    assert not browser.is_connected()
    browsers().new_page().close()


def test_an_error_of_a_browser_that_runs_is_raised(browser: Browser, server: Server) -> None:
    watching = Watch(browser, server.url)
    page = watching.page()
    with pytest.raises(Error, match="ERR_"), closing(browser):
        page.goto("http://127.0.0.1:1/")
    watching.close()
