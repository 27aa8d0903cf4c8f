"""Requests to the HTTP API of the library."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

PAIR = "Basic " + base64.b64encode(b"key:secret").decode()


def search(browser: FlaskClient, path: str = "", **body: Any) -> TestResponse:
    return browser.post(f"/v1/search/assets{path}", json=body, headers={"Authorization": PAIR})
