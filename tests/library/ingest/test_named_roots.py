"""A library of several hosts, each of which has its folders at paths of its own."""

from __future__ import annotations

import shutil
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from library import create_library
from library.folders import Folder, elsewhere
from library.home import KeyPair
from library.ingest.indexer import Indexer
from library.ingest.trash import move
from library.store import tables
from library.store.index import Index
from tests.support import sample_files
from tests.support.indexing import RecordedProgress

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from library.embedding.models import Models
    from library.ingest.process.runs import Summary
    from tests.support.postgres import PostgreSQL

PAIR = KeyPair("key", "secret")


class Host:
    """A host with a home and folders of its own."""

    def __init__(self, base: Path, models: Models) -> None:
        self.base, self.home, self.models = base, base / "home", models

    def index(self, *folders: str, prune: bool = False) -> Summary:
        with closing(Index.open(self.home, create=True)) as index:
            indexer = Indexer(self.home, index, self.models, RecordedProgress())
            return indexer.run(self.folders(*folders), prune=prune)

    def folders(self, *folders: str) -> list[Folder]:
        return [Folder(self.base / f.partition("=")[2], f.partition("=")[0]) for f in folders]

    def known(self) -> dict[str, tuple[str, str, tuple[str, ...]]]:
        """Return the shown path of each asset: its id, the folder of its file, its collections."""
        with closing(Index.open(self.home)) as index, index.reading() as connection:
            ids = [asset_id for _, asset_id in index.sources().values()]
            numbers = index.numbers(connection, ids)
            files = index.files(connection, numbers.values())
            documents = index.documents(ids)
            assert index.missing() == {}
        return {
            files[number].path: (
                asset,
                documents[asset].source.root,
                documents[asset].collectionIds,
            )
            for asset, number in numbers.items()
        }

    def library(self, *folders: str) -> Flask:
        return create_library(
            self.home,
            key_pair=PAIR,
            models=self.models,
            write="all",
            folders=self.folders(*folders),
        )


@pytest.fixture
def hosts(
    tmp_path: Path, models: Models, postgres: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> tuple[Host, Host]:
    monkeypatch.setenv("AKIN_LIBRARY_URL", f"{postgres.new_database()}?library=art")
    first, second = Host(tmp_path / "first", models), Host(tmp_path / "second", models)
    files = {f"set/{n}.png": sample_files.png(size=(20 + n, 30)) for n in range(3)}
    sample_files.fill(first.base / "srv/art", files | {"top.png": sample_files.png(size=(90, 30))})
    shutil.copytree(first.base / "srv/art", second.base / "mnt/pictures")  # with its times
    sample_files.fill(second.base / "own", {"own.png": sample_files.png(size=(50, 50))})
    return first, second


def _requested(app: Flask, path: str, method: str = "GET", **options: Any) -> Any:
    auth = (PAIR.key, PAIR.secret)
    with app.test_client() as client:
        return client.open(path, method=method, auth=auth, **options)


def test_hosts_have_a_folder_at_different_paths(hosts: tuple[Host, Host]) -> None:
    first, second = hosts
    assert first.index("art=srv/art").added == 4
    before = first.known()
    assert str(second.index("art=mnt/pictures")) == "4 unchanged"
    sample_files.fill(second.base, {"mnt/pictures/set/new.png": sample_files.png(size=(70, 70))})
    assert str(second.index("art=mnt/pictures")) == "added 1, 4 unchanged"
    there = second.known()
    assert {place for _, place, _ in there.values()} == {str(second.base / "mnt/pictures")}
    assert {path: (there[path][0], there[path][2]) for path in before} == {
        path: (asset, collections) for path, (asset, _, collections) in before.items()
    }
    assert there["set/new.png"][2] == there["set/0.png"][2]  # one collection for both hosts
    assert {place for _, place, _ in first.known().values()} == {str(first.base / "srv/art")}

    app = second.library("art=mnt/pictures")
    url = _requested(app, f"/v1/assets/{there['top.png'][0]}").json["asset"]["url"]
    assert _requested(app, url).data == (second.base / "mnt/pictures/top.png").read_bytes()


def test_a_folder_that_a_host_does_not_have_is_not_missing(hosts: tuple[Host, Host]) -> None:
    first, second = hosts
    first.index("art=srv/art")
    before = {f"art/{path}": asset for path, (asset, _, _) in first.known().items()}
    assert second.index("own=own").added == 1
    everything = second.known()
    assert {path: everything[path][0] for path in before} == before
    assert everything["art/top.png"][1] == elsewhere("art")
    assert second.index("own=own", prune=True).removed == 0
    assert first.index("art=srv/art", prune=True).removed == 0
    assert set(first.known()) == set(everything)  # also the paths that are shown

    app = second.library("own=own")
    asset_id = before["art/top.png"]
    shown = _requested(app, f"/v1/assets/{asset_id}").json["asset"]
    response = _requested(app, shown["url"])
    assert (response.status_code, response.json["code"]) == (503, "FILE_ELSEWHERE")
    assert "Set AKIN_ASSETS with art=PATH" in response.json["error"]
    assert _requested(app, f"/v1/library/files/{asset_id}").status_code == 503
    assert _requested(app, f"/v1/assets/{asset_id}/download", "POST", json={}).status_code == 503
    with closing(Index.open(second.home)) as index:
        assert "does not have the folder 'art'" in move(index, [asset_id])[asset_id]
        index.mark_missing({asset_id: "its folder is not there"})
    assert _requested(app, "/v1/library/prune", "POST").json == {"removed": 0}


def test_a_folder_is_renamed_for_all_hosts(hosts: tuple[Host, Host]) -> None:
    first, second = hosts
    first.index("art=srv/art")
    before = first.known()
    assert str(first.index("pictures=srv/art")) == "4 unchanged"
    assert first.known() == before
    assert str(second.index("pictures=mnt/pictures")) == "4 unchanged"
    assert {p: a for p, (a, _, _) in second.known().items()} == {
        p: a for p, (a, _, _) in before.items()
    }


def test_a_library_that_stores_paths_gets_names(hosts: tuple[Host, Host]) -> None:
    """As written by the first version that used PostgreSQL."""
    first, second = hosts
    first.index("art=srv/art")
    before = first.known()
    path = str(first.base / "srv/art").encode()
    with closing(Index.open(first.home)) as index, index.writing() as connection:
        stored = sa.literal(path, sa.LargeBinary())
        connection.execute(sa.update(tables.sources).values(root=stored))
    (first.home / "roots.json").unlink()
    assert str(first.index("art=srv/art")) == "4 unchanged"
    assert first.known() == before
    assert str(second.index("art=mnt/pictures")) == "4 unchanged"
