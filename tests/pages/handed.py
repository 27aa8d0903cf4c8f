"""An application whose server can fetch the files of the pretended CDN as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app import create_app
from app.transport import WSGIAdapter
from config import Settings
from tests.pages.wire import CDN, HOST, Wire, session_for

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from flask import Flask


def make_app(
    wire: Wire, folder: Path, *, mounts: Mapping[str, str] | None = None, **changes: Any
) -> Flask:
    """The application on the wire, which answers for the API and for the CDN."""
    session = session_for(wire)
    session.mount(CDN, WSGIAdapter(wire))
    values: dict[str, Any] = {"cache_seconds": 0, "timeout": 120.0, **changes}
    return create_app(
        Settings(base_url=f"{HOST}/v1", data=folder, **values), session=session, mounts=mounts
    )
