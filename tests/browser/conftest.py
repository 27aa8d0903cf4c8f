"""A real server as `make run` starts it, over a small library, and a real browser before it.

Every page of these tests watches itself: an error on the console, an exception in a script or a
request to another host fails the test that opened it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

from app.auth.passwords.user_store import UserStore
from tests.faults import Upstream
from tests.support import library_files
from tests.support.browser import PATIENCE, Watch, chromium, closing, launch
from tests.support.server import Server
from tests.support.users import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark these tests; skip them without a browser, unless CI requires every test."""
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            if chromium() is None and not os.environ.get("CI"):
                item.add_marker(
                    pytest.mark.skip("no Chromium; on Debian: apt-get install chromium")
                )


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of made-up files."""
    folder = tmp_path_factory.mktemp('it\'s a "library"')
    library_files.draw(folder)
    return folder


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, library: Path) -> Iterator[Server]:
    """Akin over that folder."""
    data = tmp_path_factory.mktemp("data")
    with Server(data, {"AKIN_ASSETS": str(library)}) as running:
        yield running


@pytest.fixture(scope="session")
def api() -> Iterator[Upstream]:
    """A fake Scenario API with every kind of asset and every fault."""
    with Upstream(count=200) as upstream:
        yield upstream


@pytest.fixture(autouse=True)
def healthy_api(request: pytest.FixtureRequest) -> None:
    """Reset the faults after each test."""
    if "api" in request.fixturenames:
        request.getfixturevalue("api").always("healthy")


@pytest.fixture(scope="session")
def server_before_api(tmp_path_factory: pytest.TempPathFactory, api: Upstream) -> Iterator[Server]:
    """Akin before that API, keeping none of its answers."""
    settings = {
        "SCENARIO_SDK_API_KEY": "key",
        "SCENARIO_SDK_API_SECRET": "secret",
        "SCENARIO_BASE_URL": api.url,
        "AKIN_MEDIA_ORIGINS": api.origin,
        "AKIN_CACHE_SECONDS": "0",
        "AKIN_TIMEOUT": "60",  # no fault of these tests is silence, and a busy machine is slow
    }
    with Server(tmp_path_factory.mktemp("data before an API"), settings) as running:
        yield running


@pytest.fixture(scope="session")
def browsers() -> Iterator[Callable[[], Browser]]:
    """Return the running browser; start it where none runs."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        started: list[Browser] = []

        def running() -> Browser:
            if not started or not started[-1].is_connected():
                started.append(launch(playwright))
            return started[-1]

        yield running
        for each in started:
            with closing(each):
                each.close()


@pytest.fixture
def browser(browsers: Callable[[], Browser]) -> Browser:
    """One Chromium for all tests; each page has a separate context."""
    return browsers()


@pytest.fixture
def watch(browser: Browser, server: Server) -> Iterator[Watch]:
    """Where pages come from: fails the test in the end when anything went wrong in one."""
    watching = Watch(browser, server.url)
    yield watching
    assert watching.close() == []


@pytest.fixture
def watch_before_api(browser: Browser, server_before_api: Server, api: Upstream) -> Iterator[Watch]:
    """The same for the server that stands before an API."""
    api.always("healthy")
    watching = Watch(browser, server_before_api.url, api.origin)
    yield watching
    assert watching.close() == []


@pytest.fixture
def page(watch: Watch) -> Page:
    """A page with JavaScript."""
    return watch.page()


@pytest.fixture
def page_without_javascript(watch: Watch) -> Page:
    """A page without."""
    return watch.page(java_script_enabled=False)


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def any_page(request: pytest.FixtureRequest, watch: Watch) -> Page:
    """Both, one after the other: what works must work in each."""
    return watch.page(java_script_enabled=request.param)


@pytest.fixture
def other_browser(watch: Watch) -> Callable[..., Page]:
    """A second browser, with no cookie and nothing stored; options as of a context."""
    return watch.page


@pytest.fixture(scope="session")
def api_settings(api: Upstream) -> dict[str, str]:
    """The settings of an application with that API."""
    return {
        "SCENARIO_SDK_API_KEY": "key-of-the-tests",
        "SCENARIO_SDK_API_SECRET": "secret-of-the-tests",
        "SCENARIO_BASE_URL": api.url,
        "AKIN_MEDIA_ORIGINS": api.origin,
        "AKIN_TIMEOUT": "60",  # a busy machine is slow
    }


@pytest.fixture(scope="session")
def guarded(
    tmp_path_factory: pytest.TempPathFactory, api_settings: dict[str, str]
) -> Iterator[Server]:
    """Akin with passwords."""
    data = tmp_path_factory.mktemp("guarded")
    UserStore(data / "users.json").set_password("ada", PASSWORD)
    with Server(data, {**api_settings, "AKIN_AUTH": "password"}) as running:
        yield running


@pytest.fixture
def guarded_watch(browser: Browser, guarded: Server, api: Upstream) -> Iterator[Watch]:
    """Pages of it, which watch themselves."""
    watching = Watch(browser, guarded.url, api.origin)
    yield watching
    assert watching.close() == []
