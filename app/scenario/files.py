"""Download of asset files by the server: for ZIPs, contact sheets and previews.

Only files at an allowed origin (AKIN_MEDIA_ORIGINS) or of this process itself are downloaded. No
redirect is followed, and neither the key of the API nor credentials of a `.netrc` are sent. Size
and time are limited.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final

import requests
import urllib3.exceptions
from requests.auth import AuthBase
from urllib3.util import parse_url

from app.errors import (
    InvalidUpstreamResponse,
    UnknownAsset,
    UntrustedAddress,
    UpstreamDown,
    UpstreamTimeout,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.scenario.background_download import Target

log = logging.getLogger(__name__)

STALLED_SECONDS: Final = 30.0
ORIGINAL_BYTES: Final = 1_000_000_000  # of one original
ORIGINAL_SECONDS: Final = 300.0
_CONNECT_SECONDS: Final = 5.0
_CHUNK: Final = 64 * 1024
_PORTS: Final = {"http": 80, "https": 443}


class _NoAuth(AuthBase):
    """No authentication; without it, requests would read `.netrc`."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class FileFetcher:
    """Downloads files. `mounts`: paths of this process, and the origins that they are at."""

    def __init__(
        self,
        session: requests.Session,
        *,
        origins: Iterable[str],
        mounts: Mapping[str, str] | None = None,
    ) -> None:
        """Use the adapters of `session`, not its key; `origins` as in AKIN_MEDIA_ORIGINS."""
        self._mounts = dict(mounts or {})
        self._origins = tuple(map(_Origin, (*origins, *self._mounts.values())))
        self._session = requests.Session()
        self._session.trust_env = session.trust_env
        self._session.auth = _NoAuth()
        self._session.headers["User-Agent"] = "akin"
        for prefix, adapter in session.adapters.items():
            self._session.mount(prefix, adapter)

    def fetch(
        self,
        url: str,
        into: Target,
        *,
        most_bytes: int,
        seconds: float,
        stalled_seconds: float = STALLED_SECONDS,
    ) -> str:
        """Write the file at `url` to `into` and return its MIME type (empty: unknown).

        It has to be complete after `seconds`, and to send something every `stalled_seconds`.
        Raises UntrustedAddress for any other origin, UnknownAsset where there is no file,
        InvalidUpstreamResponse where it is too large, UpstreamTimeout, UpstreamDown.
        """
        deadline = time.monotonic() + seconds
        request = self._prepared(url)
        try:
            with self._session.send(
                request,
                timeout=(min(seconds, _CONNECT_SECONDS), min(seconds, stalled_seconds)),
                allow_redirects=False,
                stream=True,
                **self._environment(request),
            ) as response:
                _check_status(response.status_code)
                _copy(response, into, most_bytes=most_bytes, deadline=deadline)
                return str(response.headers.get("Content-Type", "")).partition(";")[0].strip()
        except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError) as error:
            raise UpstreamTimeout("The file did not arrive in time.") from error
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            log.warning("a file could not be downloaded: %s", type(error).__name__)
            raise UpstreamDown("The connection broke during the download.") from error

    def fetch_original(self, url: str, into: Target) -> str:
        """Write an original, which may be large, to `into`; returns and raises as `fetch`."""
        return self.fetch(url, into, most_bytes=ORIGINAL_BYTES, seconds=ORIGINAL_SECONDS)

    def _environment(self, request: requests.PreparedRequest) -> dict[str, Any]:
        """The proxies and certificates of the environment, as requests reads them."""
        merged = self._session.merge_environment_settings(request.url or "", {}, None, None, None)
        return {name: merged[name] for name in ("proxies", "verify", "cert")}

    def _prepared(self, url: str) -> requests.PreparedRequest:
        """The request for a URL; the origin is checked in the form that is sent."""
        for mount, origin in self._mounts.items():
            if url.startswith(f"{mount}/"):
                url = origin + url[len(mount) :]
                break
        try:
            request = self._session.prepare_request(requests.Request("GET", url))
            sent = parse_url(request.url or "")
        except (ValueError, requests.exceptions.RequestException, urllib3.exceptions.HTTPError):
            raise UntrustedAddress("The address of the file is not valid.") from None
        if sent.auth or not any(
            origin.has(sent.scheme, sent.host, sent.port) for origin in self._origins
        ):
            raise UntrustedAddress(f"The file is at {sent.scheme}://{sent.host}.")
        return request


class _Origin:
    """One of AKIN_MEDIA_ORIGINS: `https://cdn.example.com` or `https://*.example.com`."""

    def __init__(self, origin: str) -> None:
        url = parse_url(origin.replace("//*.", "//"))
        self._scheme = url.scheme or ""
        self._port = url.port or _PORTS.get(self._scheme)
        self._host = (url.host or "").lower()
        self._is_any_below = "//*." in origin

    def has(self, scheme: str | None, host: str | None, port: int | None) -> bool:
        """Tell whether an address is of this origin."""
        if scheme != self._scheme or (port or _PORTS.get(scheme or "")) != self._port:
            return False
        host = (host or "").lower()
        return host.endswith(f".{self._host}") if self._is_any_below else host == self._host


def _check_status(status: int) -> None:
    if status in {403, 404, 410}:
        raise UnknownAsset(f"The file is no longer at its address ({status}).")
    if status != 200:
        raise UpstreamDown(f"The server of the file responded with status {status}.")


def _copy(response: requests.Response, into: Target, *, most_bytes: int, deadline: float) -> None:
    size = 0
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        size += len(chunk)
        if size > most_bytes:
            raise InvalidUpstreamResponse(f"The file is larger than {most_bytes / 1e6:.0f} MB.")
        if time.monotonic() > deadline:
            raise UpstreamTimeout("The file did not arrive in time.")
        into.write(chunk)
