"""Search engines are asked to stay away, whether or not people sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.robotparser import RobotFileParser

import pytest

from tests.support.scenario_api import FakeAPI, asset_id, make_app

if TYPE_CHECKING:
    from pathlib import Path

PATHS = [
    "/",
    "/?query=castle",
    f"/assets/{asset_id(7)}",
    "/search.json",
    "/search.png?query=castle",
]
MORE = ["/sign-in", "/signed-out", "/no-such-page", "/robots.txt", "/tags", "/akin.css"]


def app_of(folder: Path, **settings: Any) -> Any:
    """Return a client of an application."""
    return make_app(FakeAPI(), folder, **settings).test_client()


@pytest.mark.parametrize("base", ["", "/akin", "/tools/akin"])
@pytest.mark.parametrize(
    "settings", [{}, {"auth": "password"}, {"auth": "none", "previews": "off"}]
)
def test_robots(tmp_path: Path, settings: dict[str, Any], base: str) -> None:
    """Nothing below the path may be requested; the rest of the host is not spoken of."""
    client = app_of(tmp_path, **settings)
    response = client.get("/robots.txt", environ_overrides={"SCRIPT_NAME": base})
    assert (response.status_code, response.mimetype) == (200, "text/plain")
    rules = RobotFileParser()
    rules.parse(response.text.splitlines())
    assert [path for path in PATHS if rules.can_fetch("Googlebot", base + path)] == []
    assert rules.can_fetch("Googlebot", "/elsewhere") is bool(base)


def test_robots_with_public_previews(tmp_path: Path) -> None:
    """Messengers obey the file, so it lets them fetch previews."""
    client = app_of(tmp_path, auth="password", previews="on")
    rules = RobotFileParser()
    rules.parse(client.get("/robots.txt").text.splitlines())
    assert rules.can_fetch("Twitterbot", "/?query=castle")


@pytest.mark.parametrize("settings", [{}, {"auth": "password", "previews": "on"}])
def test_noindex(tmp_path: Path, settings: dict[str, Any]) -> None:
    """Every response says so once: pages, files, pictures, errors."""
    client = app_of(tmp_path, **settings)
    for path in [*PATHS, *MORE]:
        assert client.get(path).headers.getlist("X-Robots-Tag") == ["noindex"], path
