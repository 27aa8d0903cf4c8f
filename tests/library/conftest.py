"""The stores of a library: tests that use `store` run against each of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

STORES = ("sqlite", "postgresql")


@pytest.fixture(scope="module", params=STORES)
def store(request: pytest.FixtureRequest) -> Iterator[str]:
    """The store of the libraries of a module's tests; each home is a library of its own."""
    yield from _chosen(request)


def _chosen(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        os.environ["AKIN_LIBRARY_URL"] = server.new_database()
    yield request.param
    os.environ.pop("AKIN_LIBRARY_URL", None)


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.stores)]
)
def every_store(request: pytest.FixtureRequest) -> Iterator[str]:
    """As `store`; the runs against others than SQLite are part of `make test-all`."""
    yield from _chosen(request)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is about the files of SQLite in runs against another store."""
    left_out = [item for item in items if _is_left_out(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _is_left_out(item: pytest.Item) -> bool:
    params = item.callspec.params if hasattr(item, "callspec") else {}
    stores = [params.get(name) for name in ("store", "every_store")]
    return "postgresql" in stores and item.get_closest_marker("sqlite") is not None
