"""Targets of sign-ins: short references to paths that are too long for a header.

A path that leads through a sign-in appears in redirects, and proxies in front of Akin accept
response headers of 4 kB. A short path stays as it is. A longer one becomes a signed, compressed
text; one that is too long for that, too, is stored under its signature. Both begin with `~`.

The store is bounded, since anyone can request a long path: a signature chooses one of a fixed
number of places, in the data folder and in Redis where several machines share one.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_plus

from itsdangerous import BadData
from werkzeug.urls import iri_to_uri

from app.auth.base_path import base_path
from app.auth.origins import HOME, safe_redirect_path
from app.auth.signers import signed, signer

if TYPE_CHECKING:
    from pathlib import Path

    from app.storage.cache import CacheStore

log = logging.getLogger(__name__)

LONGEST: Final = 600  # characters that fit into a redirect and a cookie
LONGEST_QUOTED: Final = 1000  # characters of a target in the query of a redirect
PLACES: Final = 1000
SECONDS: Final = 86_400.0  # for which a path is stored
FOLDER: Final = "sign-in-targets"
_COMPRESSED, _STORED = "~c.", "~s."
_KEY: Final = "target:"
_DIGITS: Final = 32  # of a signature


class SignInTargets:
    """Shortens the targets of one application, and finds them again."""

    def __init__(self, keys: tuple[str, ...], folder: Path, cache: CacheStore | None) -> None:
        """Sign with the first key, accept those of any; store in a folder and, if given, Redis."""
        self._keys = keys
        self._folder = folder / FOLDER
        self._cache = cache
        self._signer = signer(keys, b"akin sign-in target")

    def shortened(self, target: str) -> str:
        """Return a path that is safe to redirect to, or a reference to it, of at most LONGEST."""
        target = iri_to_uri(safe_redirect_path(target))
        if len(target) <= LONGEST and len(quote_plus(target)) <= LONGEST_QUOTED:
            return target
        compressed = _COMPRESSED + signed(self._signer, target)
        return compressed if len(compressed) <= LONGEST else self._stored(target)

    def path(self, text: str) -> str | None:
        """Return the path that `shortened` was given; None for a reference that is not known."""
        if text.startswith(_STORED):
            return self._found(text.removeprefix(_STORED))
        if text.startswith(_COMPRESSED):
            try:
                content = self._signer.loads(text.removeprefix(_COMPRESSED)[:LONGEST])
            except BadData:
                return None
            return safe_redirect_path(content) if isinstance(content, str) else None
        return safe_redirect_path(text) if text else HOME

    def _stored(self, target: str) -> str:
        signature = _signature(self._keys[0], target)
        place = _place(signature)
        if self._cache is not None:
            self._cache.put(_KEY + place, target.encode(), seconds=SECONDS)
        try:
            self._write(place, target)
        except OSError as error:
            if self._cache is None:
                log.warning("the target of a sign-in cannot be written to AKIN_DATA: %s", error)
        return _STORED + signature

    def _write(self, place: str, target: str) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        oldest = time.time() - SECONDS
        for old in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another process removed it
                if old.stat().st_mtime < oldest:
                    old.unlink()
        draft = self._folder / f".{place}-{secrets.token_hex(4)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(target)
        draft.replace(self._folder / place)

    def _found(self, signature: str) -> str | None:
        if len(signature) != _DIGITS or not signature.isalnum() or not signature.isascii():
            return None
        place = _place(signature)
        for content in (self._from_cache(place), self._from_file(place)):
            if any(hmac.compare_digest(_signature(key, content), signature) for key in self._keys):
                return safe_redirect_path(content)
        return None

    def _from_cache(self, place: str) -> str:
        content = self._cache.get_shared(_KEY + place) if self._cache is not None else None
        return (content or b"").decode("ascii", "replace")

    def _from_file(self, place: str) -> str:
        try:
            return (self._folder / place).read_text(encoding="ascii", errors="replace")
        except OSError:
            return ""


def external_target(text: str) -> str:
    """Return what `shortened` returned as it is in a URL: a path as browsers see it."""
    return base_path() + text if text.startswith("/") else text


def _signature(key: str, target: str) -> str:
    return hmac.new(f"akin target {key}".encode(), target.encode(), "sha256").hexdigest()[:_DIGITS]


def _place(signature: str) -> str:
    """Return one of PLACES names for a signature, which need not be one."""
    digest = hashlib.sha256(signature.encode()).digest()
    return str(int.from_bytes(digest[:8], "big") % PLACES)
