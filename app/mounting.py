"""What is answered beside the application: behind the same door, in the same log and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from app import headers, logs

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from flask import Flask

    from app.auth import Door
    from app.auth.peers import Peers


def mount(app: Flask, path: str, mounted: WSGIApplication, *, name: str) -> None:
    """Answer what is below `path` by another WSGI application, under `name` in log and metrics."""
    peers = cast("Peers", app.wsgi_app)
    door = cast("Door", app.extensions["akin.door"])
    observed = logs.around(door.around(app, headers.of_files(mounted)), name)
    peers.wrap(DispatcherMiddleware(peers.application, {path: observed}))
