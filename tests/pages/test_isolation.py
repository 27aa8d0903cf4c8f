"""Installations with different keys that share a cache, and a key that the API has refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.scenario_api import FakeAPI, asset_id, make_app, refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

PAGES = (
    "/",
    "/search.json",
    f"/assets/{asset_id(3)}",
    f"/assets/{asset_id(3)}.json",
    "/search.csv",
)
REFUSAL = refusal(401, "Invalid API key")


@pytest.fixture
def install(api: FakeAPI, tmp_path: Path) -> Callable[..., Flask]:
    """An installation with a data folder of its own; all of them share one cache of files."""
    number = 0

    def make(**changes: Any) -> Flask:
        nonlocal number
        number += 1
        values = {"api_key": "key", "api_secret": "secret", "cache_seconds": 600, **changes}
        return make_app(api, tmp_path / str(number), cache_url=f"file:{tmp_path}/cache", **values)

    return make


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    "changes",
    [
        {"api_key": "other"},
        {"api_secret": "other"},
        {"api_key": "", "api_secret": "", "jwt": "token"},
        {"project_id": "other"},
    ],
    ids=["key", "secret", "jwt", "project"],
)
def test_other_credentials_see_nothing_of_a_shared_cache(
    install: Callable[..., Flask], api: FakeAPI, path: str, changes: dict[str, str]
) -> None:
    assert install().test_client().get(path).status_code == 200
    api.always(REFUSAL, on="/")
    assert install(**changes).test_client().get(path).status_code == 502


@pytest.mark.parametrize("path", PAGES)
def test_equal_credentials_share_the_cache(
    install: Callable[..., Flask], api: FakeAPI, path: str
) -> None:
    install().test_client().get(path)
    api.always(refusal(500, "Out of order"), on="/")
    assert install().test_client().get(path).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_nothing_that_a_key_cached_is_shown_after_its_refusal(
    install: Callable[..., Flask], api: FakeAPI, path: str
) -> None:
    client = install().test_client()
    assert client.get(path).status_code == 200
    api.always(REFUSAL, on="/")
    assert client.get("/?query=uncached").status_code == 502
    assert client.get(path).status_code == 502
    api.always(refusal(500, "Out of order"), on="/")
    assert client.get(path).status_code == 502  # not even as a stale response


def test_other_processes_learn_of_a_refusal(install: Callable[..., Flask], api: FakeAPI) -> None:
    first, second = install().test_client(), install().test_client()
    assert first.get("/").status_code == 200
    api.always(REFUSAL, on="/")
    assert first.get("/?query=uncached").status_code == 502
    assert second.get("/").status_code == 502


def test_a_refusal_removes_names_of_examples(install: Callable[..., Flask], api: FakeAPI) -> None:
    client = install().test_client()
    path = f"/?like={asset_id(3)}"
    before = client.get(path).text
    api.always(REFUSAL, on="/")
    after = client.get(path + "&query=uncached").text
    thumbnail = "cdn.cloud.scenario.com"
    assert thumbnail in before
    assert thumbnail not in after.partition("<body")[2]


def test_pages_return_when_the_key_is_accepted_again(
    install: Callable[..., Flask], api: FakeAPI
) -> None:
    client = install().test_client()
    api.next(REFUSAL)
    assert client.get("/?query=a").status_code == 502
    assert client.get("/?query=a").status_code == 200
