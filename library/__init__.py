"""The library: a Scenario-compatible API over a folder of files.

`create_library` is the only wiring; everything else is imported from the module that has it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from library.cdn import Signer
    from library.homes import KeyPair
    from library.remembered import Embedder

__all__ = ["create_library"]

# onnxruntime 1.31 has telemetry built in: imported without this it was seen to keep a number for
# the machine in ~/.cache/Microsoft. It reads this while it is imported: later is too late.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


def create_library(
    home: Path,
    *,
    key_pair: KeyPair | None = None,
    public_url: str | None = None,
    models: Embedder | None = None,
) -> Flask:
    """The library in `home` as a Flask application: /v1 and the files behind signed URLs.

    `key_pair` None: the one that is kept in `home`. `public_url` is what signed URLs begin with
    ("/library" when mounted there); None: the host that the request names. `models` None: those
    of `library.models`, loaded when first needed. Raises IndexMissing when `home` has no library,
    SchemaTooNew when a newer version made it.
    """
    from flask import Flask, request

    from library import api, cdn, homes
    from library.index import Index
    from library.ranking import Engine
    from library.shelves import Shelves

    index = Index.open(home)
    if models is None:
        from library.models import Models

        models = Models.load(home)
    engine = Engine(Shelves(index), models)
    secret = homes.signing_secret(home)

    def signer() -> Signer:
        base = request.host_url.rstrip("/") if public_url is None else public_url
        return cdn.Signer(secret, base)

    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = api.BODY_MOST
    app.json.sort_keys = False  # type: ignore[attr-defined]
    routes = api.Routes(index, engine, signer, key_pair or homes.key_pair(home))
    app.register_blueprint(routes.blueprint())
    app.register_blueprint(cdn.blueprint(home, index, signer))
    app.register_error_handler(Exception, api.answer_errors)
    return app
