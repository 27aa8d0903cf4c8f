"""What people see, and what the log says, where a proxy is not set up as Akin needs it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from tests.support.scenario_api import FakeAPI, make_app
from tests.support.users import PASSWORD, users_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

NAME = "X-Forwarded-User"


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Flask]:
    """A function that makes an application behind a proxy on this machine."""
    users_in(tmp_path)

    def make(**changes: Any) -> Flask:
        settings = {"auth": "proxy", "proxies": ("127.0.0.1",), "hosts": ("akin.example.com",)}
        return make_app(FakeAPI(), tmp_path, **{**settings, **changes})

    return make


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("Zoë".encode(), "Zoë"),
        ("山田 太郎".encode(), "山田 太郎"),
        ("Zürich\\Ada".encode(), "Zürich\\Ada"),
        ("Мария@пример.рф".encode(), "Мария@пример.рф"),
        ("Zoë".encode("latin-1"), "Zoë"),
        (b"100%25", "100%25"),
        (b"=?UTF-8?Q?ada?=", "=?UTF-8?Q?ada?="),
    ],
)
def test_names_in_any_script(make: Callable[..., Flask], sent: bytes, shown: str) -> None:
    """Names are UTF-8, else Latin-1; nothing else in them is decoded."""
    headers = {NAME: sent.decode("latin-1")}
    page = BeautifulSoup(make().test_client().get("/", headers=headers).data, "html.parser")
    name = page.select_one(".account-name")
    assert name is not None
    assert name["title"] == shown


@pytest.mark.parametrize(
    "sent",
    [b"a\x01", "a\u0085b".encode(), "a\u202eb".encode(), b"a\x7f", "é".encode() * 201, b"ada,eve"],
)
def test_names_with_control_characters(make: Callable[..., Flask], sent: bytes) -> None:
    """They are refused, and the page says why."""
    headers = {NAME: sent.decode("latin-1")}
    response = make().test_client().get("/", headers=headers)
    assert response.status_code == 401
    assert f"Its {NAME} is not one user name" in response.text


def test_headers_of_an_unnamed_proxy(
    make: Callable[..., Flask], caplog: pytest.LogCaptureFixture
) -> None:
    """Page and log name the setting; without a header the page names the header."""
    client = make().test_client()
    elsewhere = {"REMOTE_ADDR": "10.9.8.7"}
    refused = client.get("/", headers={NAME: "ada"}, environ_base=elsewhere)
    assert refused.status_code == 401
    assert "AKIN_PROXIES does not contain its address" in refused.text
    assert [each for each in caplog.messages if "AKIN_PROXIES=10.9.8.7" in each]
    assert f"There is no {NAME}" in client.get("/").text


@pytest.mark.parametrize(
    ("host", "headers", "settings"),
    [
        # The proxy sends the name of its upstream, or one of loopback, as the host.
        ("akin_upstream", {"Origin": "https://akin.example.com"}, ["AKIN_HOSTS"]),
        ("127.0.0.1:8000", {"Origin": "https://akin.example.com"}, ["AKIN_PROXIES", "Host"]),
        # It drops the port.
        ("akin.example.com", {"Origin": "http://akin.example.com:8443"}, ["AKIN_PROXIES", "Host"]),
        # The page is under a name that is not configured.
        ("akin.example.com", {"Origin": "https://art.example.com"}, ["AKIN_HOSTS"]),
        # The page came by HTTP, the form goes to HTTPS.
        (
            "akin.example.com",
            {"Origin": "http://akin.example.com", "Sec-Fetch-Site": "cross-site"},
            ["X-Forwarded-Proto", "AKIN_PROXIES"],
        ),
    ],
)
def test_refused_forms_name_the_setting(
    make: Callable[..., Flask],
    caplog: pytest.LogCaptureFixture,
    host: str,
    headers: dict[str, str],
    settings: list[str],
) -> None:
    """Where scheme or host disagree, the page and the log say what to change, the log once."""
    client = make(auth="password").test_client()
    form = {"name": "ada", "password": PASSWORD}
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            response = client.post("/sign-in", data=form, headers={"Host": host, **headers})
            assert response.status_code in {400, 403}
    said = [each for each in caplog.messages if "was refused" in each]
    assert len(said) == 1
    for setting in settings:
        assert setting in response.text
        assert setting in said[0]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "null"},
        {"Origin": "https://[broken"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Cookie": "a=b"},
        {"Origin": "chrome-extension://abc"},
    ],
)
def test_other_sites(make: Callable[..., Flask], headers: dict[str, str]) -> None:
    """A page that cannot be one of Akin gets no advice."""
    client = make(auth="password").test_client(use_cookies=False)
    response = client.post("/sign-in", headers={"Host": "akin.example.com", **headers})
    assert response.status_code == 403
    assert "Another site sent this request" in response.text


def test_log_of_refusals_is_bounded(
    make: Callable[..., Flask], caplog: pytest.LogCaptureFixture
) -> None:
    """Strangers cannot fill the log."""
    client = make().test_client()
    for number in range(200):
        client.post("/references", headers={"Origin": f"https://{number}.example"})
    assert 0 < len([each for each in caplog.messages if "was refused" in each]) < 100


@pytest.mark.parametrize(("scheme", "lines"), [("http", 1), ("https", 0)])
def test_proxy_that_does_not_send_the_scheme(
    make: Callable[..., Flask], caplog: pytest.LogCaptureFixture, scheme: str, lines: int
) -> None:
    """The form is accepted; the log says once what is missing."""
    client = make(auth="password").test_client()
    headers = {"Host": "akin.example.com", "Origin": "https://akin.example.com"}
    form = {"name": "ada", "password": PASSWORD}
    for _ in range(2):
        response = client.post(
            "/sign-in", data=form, headers={**headers, "X-Forwarded-Proto": scheme}
        )
        assert response.status_code == 303
    said = [each for each in caplog.messages if "arrived by http" in each]
    assert len(said) == lines
    assert all("X-Forwarded-Proto" in each and "AKIN_PROXIES" in each for each in said)
