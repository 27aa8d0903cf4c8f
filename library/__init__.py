"""The library: a Scenario-compatible API over a folder of files.

`create_library` connects the parts; everything else is imported from its module.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from flask import Flask

    from library.folders import Folder
    from library.home import KeyPair
    from library.search.embedding_cache import Embedder

__all__ = ["create_library"]

# onnxruntime 1.31 has built-in telemetry: without this variable it writes an id of the machine to
# ~/.cache/Microsoft. It reads the variable while it is imported, so it is set here.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


def create_library(
    home: Path,
    *,
    key_pair: KeyPair | None = None,
    public_url: str | None = None,
    models: Embedder | None = None,
    write: str = "off",
    sidecars: str = "off",
    trash: Callable[[str], None] | None = None,
    folders: Sequence[Folder] = (),
) -> Flask:
    """Return the library in `home` as a Flask application: /v1 and the files behind signed URLs.

    `key_pair`, by default, is the one stored in `home`. `public_url` is the beginning of signed
    URLs ("/library" for a library mounted there), by default the request's origin. `models`, by
    default, are those of `library.embedding.models`, loaded when first needed. `write` is what
    clients may change: one of `library.api.writing.MODES`. With `sidecars` = "xmp", decisions are
    written to XMP files beside the assets as well. `trash` moves the file at a path to the trash,
    by default that of the system. `folders` are those of AKIN_ASSETS: where this host has them.
    Raises IndexMissing when `home` has no library, SchemaTooNew when
    a newer version wrote it.
    """
    from urllib.parse import quote

    from flask import Flask, request

    from library.api import routes as api
    from library.api.files import FileRoutes
    from library.api.maintenance import Maintenance
    from library.api.signed_urls import Signer
    from library.api.trash import Trash
    from library.api.writing import Writing
    from library.ingest.trash import move, send_to_trash
    from library.reader.index_reader import IndexReader
    from library.search.engine import Engine
    from library.store.index import Index

    index = Index.open(home)
    index.store.roots.hold_folders(folders)
    if models is None:
        from library.embedding.models import Models

        models = Models.load(home)
    engine = Engine(IndexReader(index), models)
    secret = index.store.signing_secret()

    def signer() -> Signer:
        path = quote(request.script_root)
        if public_url is None:
            base = request.host_url.rstrip("/") + path
        else:  # clients that come through a mount below a path need that path as well
            base = path if path.endswith(public_url) else public_url
        return Signer(secret, base)

    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = api.BODY_MOST
    app.json.sort_keys = False  # type: ignore[attr-defined]
    maintenance = Maintenance(home, index)
    key_pair = key_pair or index.store.key_pair()
    writing = Writing(index, signer, mode=write, key=key_pair.key)
    writing.follow()
    if sidecars == "xmp":
        from library.ingest.sidecars.thread import SidecarThread

        writing.on_decided = SidecarThread(index).wake
    trashing = Trash(writing, lambda assets: move(index, assets, trash or send_to_trash))
    routes = api.Routes(index, engine, signer, key_pair, [maintenance, writing, trashing])
    app.register_blueprint(routes.blueprint())
    app.register_blueprint(FileRoutes(home, index, signer, index.store.blobs).blueprint())
    app.register_error_handler(Exception, api.error_response)
    return app
