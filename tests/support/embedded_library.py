"""An application over Akin's own library in the same process, as wsgi.py makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

from app import create_app
from app.network.wsgi_adapter import WSGIAdapter
from config import Settings
from library import create_library
from library.home import KeyPair
from tests.support import sample_documents
from tests.support.time_limits import PATIENT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

HOST = "http://library.internal"
KEY, SECRET = "key", "secret"


def embedded_app(
    base: Path,
    *,
    write: str = "all",
    trash: Callable[[str], None] | None = None,
    **changes: Any,
) -> Flask:
    """Return an application over the library in `base / "home"`, without a cache by default.

    `write` is what may be changed, `trash` moves a file to the trash; `changes` are settings of the
    application.
    """
    library = create_library(
        base / "home",
        key_pair=KeyPair(KEY, SECRET),
        public_url="/library",
        models=sample_documents.Tastes(),
        write=write,
        trash=trash,
    )
    session = requests.Session()
    session.auth = (KEY, SECRET)
    session.mount(HOST, WSGIAdapter(library))
    values: dict[str, Any] = {"cache_url": "none", **changes}
    settings = Settings(
        data=base / "data",
        api_key=KEY,
        api_secret=SECRET,
        base_url=f"{HOST}/v1",
        facets="on",
        write=write,
        **values,
    )
    return create_app(settings, session=session, mounts={"/library": HOST}, limits=PATIENT)
