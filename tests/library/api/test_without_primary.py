"""Every route that only reads answers from a replica while there is no primary."""

from __future__ import annotations

import signal
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from library import create_library
from library.home import KeyPair
from library.schema.documents import Embeddings
from library.store.decisions import edits
from library.store.decisions.follow import follow
from library.store.index import Index
from tests.support import sample_documents
from tests.support.postgres import PostgreSQL, Standby, programs

if TYPE_CHECKING:
    from pathlib import Path

BODIES = {
    "/v1/search/assets": {"query": "castle", "groupBy": "group"},
    "/v1/assets/get-bulk": {"assetIds": [sample_documents.asset_id("castle")]},
    "/v1/models/get-bulk": {"modelIds": ["none"]},
}


@pytest.mark.parametrize("starts", ["before", "meanwhile"])
def test_reading_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, starts: str) -> None:
    if programs() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    pair, models = KeyPair("key", "secret"), sample_documents.Tastes()
    castle = sample_documents.document("castle", tags=("old",))
    with PostgreSQL() as primary, Standby(primary) as standby:
        hosts = "&".join(f"host=127.0.0.1:{server.port}" for server in (primary, standby))
        url = f"postgresql://akin@/postgres?{hosts}&library=art&target_session_attrs=prefer-standby"
        monkeypatch.setenv("AKIN_LIBRARY_URL", url)
        with closing(Index.open(tmp_path, create=True)) as index:
            index.write([(castle, Embeddings())])
            edits.edit_values(index, castle.id, {"rating": 4}, by="Ann")
            created = edits.create_collection(index, "Keeps", by="Ann")
            follow(index)
        library = create_library(tmp_path, key_pair=pair, models=models, write="all")
        primary.stop(signal.SIGQUIT)
        if starts == "meanwhile":
            library = create_library(tmp_path, key_pair=pair, models=models, write="all")
        client = library.test_client()
        statuses = {}
        for rule in library.url_map.iter_rules():
            methods = rule.methods or set()
            if not rule.rule.startswith("/v1/") or rule.rule.startswith("/v1/library/files"):
                continue
            if "GET" in methods or rule.rule in BODIES:
                ids = {"<asset_id>": castle.id, "<collection_id>": created}
                path = rule.rule
                for name, value in ids.items():
                    path = path.replace(name, value)
                method = "GET" if "GET" in methods else "POST"
                response = client.open(
                    path, method=method, json=BODIES.get(path), auth=("key", "secret")
                )
                statuses[path] = response.status_code
                if path == f"/v1/assets/{castle.id}":
                    assert response.json["asset"]["metadata"]["rating"] == 4
        assert len(statuses) > 10
        assert set(statuses.values()) == {200}, statuses
