"""Calls of the library's API that write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.library_api import PAIR

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse


def send(
    browser: FlaskClient, method: str, path: str, body: Any = None, user: str = ""
) -> TestResponse:
    headers = {"Authorization": PAIR} | ({"X-Akin-User": user} if user else {})
    return browser.open(f"/v1{path}", method=method, json=body, headers=headers)


def asset(browser: FlaskClient, asset_id: str) -> dict[str, Any]:
    answer = send(browser, "GET", f"/assets/{asset_id}")
    assert answer.status_code == 200, answer.data
    assert answer.json
    found: dict[str, Any] = answer.json["asset"]
    return found
