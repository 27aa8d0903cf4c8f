"""`python -m app check` with a certified provider."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import provider as oidc

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def provider() -> Iterator[oidc.Provider]:
    """A running provider; skipped without node, unless CI has it."""
    provider = oidc.available()
    with provider.serving("http://127.0.0.1:8000"):
        yield provider


def checked(data: Path, **settings: str) -> str:
    """Return what the command prints."""
    inherited = {n: v for n, v in os.environ.items() if not n.startswith(("AKIN_", "SCENARIO_"))}
    environment = {
        **inherited,
        "SCENARIO_SDK_API_KEY": "key-of-the-tests",
        "SCENARIO_SDK_API_SECRET": "secret-of-the-tests",
        "SCENARIO_BASE_URL": "http://127.0.0.1:1",
        "AKIN_DATA": str(data),
        "AKIN_AUTH": "oidc",
        "AKIN_OIDC_CLIENT_ID": oidc.CLIENT_ID,
        "AKIN_OIDC_CLIENT_SECRET": oidc.CLIENT_SECRET,
        "AKIN_OIDC_DOMAINS": "studio.example",
        **settings,
    }
    command = [sys.executable, "-m", "app", "check"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    return done.stdout


def test_provider_that_works(provider: oidc.Provider, tmp_path: Path) -> None:
    """Nothing is wrong; a scope that the provider does not list is named."""
    printed = checked(
        tmp_path, AKIN_OIDC_ISSUER=provider.issuer, AKIN_OIDC_SCOPES="openid email profile team"
    )
    assert "ok    sign-in: " in printed
    assert "does not list the scopes team" in printed
    assert "ok    client: " in printed


def test_wrong_client_secret(provider: oidc.Provider, tmp_path: Path) -> None:
    """The settings to look at are named."""
    secret = "another-secret-of-this-client"
    printed = checked(tmp_path, AKIN_OIDC_ISSUER=provider.issuer, AKIN_OIDC_CLIENT_SECRET=secret)
    assert "WRONG client: " in printed
    assert "AKIN_OIDC_CLIENT_SECRET" in printed
    assert secret not in printed


def test_another_issuer(provider: oidc.Provider, tmp_path: Path) -> None:
    """The same server under another name is another issuer; both are named."""
    other = provider.issuer.replace("127.0.0.1", "localhost")
    printed = checked(tmp_path, AKIN_OIDC_ISSUER=other)
    assert "WRONG sign-in: " in printed
    assert f"AKIN_OIDC_ISSUER is {other}" in printed
    assert f"calls itself {provider.issuer}" in printed
