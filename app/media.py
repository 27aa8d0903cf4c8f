"""Files of assets, fetched by the server itself: for ZIPs, contact sheets and previews.

Only addresses that the API gave are fetched, and of these only such that lead to an allowed
origin (AKIN_MEDIA_ORIGINS) or to what this process itself serves; no redirect is followed, and
neither the API's key nor anything of a `.netrc` is sent along. Size and time are bounded.
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
    UnknownAsset,
    UntrustedAddress,
    UpstreamDown,
    UpstreamNonsense,
    UpstreamTimeout,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import BinaryIO

log = logging.getLogger(__name__)

_CHUNK: Final = 64 * 1024
_PORTS: Final = {"http": 80, "https": 443}


class _Nobody(AuthBase):
    """Authenticates as nobody; its presence keeps requests from looking into `.netrc`."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class Media:
    """Fetches files. `mounts` says from where this process answers its own paths."""

    def __init__(
        self,
        session: requests.Session,
        *,
        origins: Iterable[str],
        mounts: Mapping[str, str] | None = None,
    ) -> None:
        """Use the wires of `session`, not its key; `origins` as in AKIN_MEDIA_ORIGINS."""
        self._mounts = dict(mounts or {})
        self._origins = tuple(map(_Origin, (*origins, *self._mounts.values())))
        self._session = requests.Session()
        self._session.trust_env = session.trust_env
        self._session.auth = _Nobody()
        self._session.headers["User-Agent"] = "akin"
        for prefix, adapter in session.adapters.items():
            self._session.mount(prefix, adapter)

    def fetch(self, url: str, into: BinaryIO, *, most_bytes: int, seconds: float) -> str:
        """Write the file at `url` into `into` and answer its mime type (empty: not told).

        Raises UntrustedAddress for any other place, UnknownAsset where there is no file,
        UpstreamNonsense where it is too large, UpstreamTimeout, UpstreamDown.
        """
        deadline = time.monotonic() + seconds
        request = self._prepared(url)
        try:
            with self._session.send(
                request,
                timeout=(min(seconds, 5.0), seconds),
                allow_redirects=False,
                stream=True,
                **self._environment(request),
            ) as response:
                _refuse_failure(response.status_code)
                _pour(response, into, most_bytes=most_bytes, deadline=deadline)
                return str(response.headers.get("Content-Type", "")).partition(";")[0].strip()
        except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError) as error:
            raise UpstreamTimeout(f"The file did not come within {seconds:g} seconds.") from error
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            log.warning("no file: %s", type(error).__name__)
            raise UpstreamDown("The connection broke while the file came.") from error

    def _environment(self, request: requests.PreparedRequest) -> dict[str, Any]:
        """The proxy and certificates that the environment names, as requests reads them."""
        merged = self._session.merge_environment_settings(request.url or "", {}, None, None, None)
        return {name: merged[name] for name in ("proxies", "verify", "cert")}

    def _prepared(self, url: str) -> requests.PreparedRequest:
        """The request for a URL, checked in the very form in which it is sent."""
        for mount, origin in self._mounts.items():
            if url.startswith(f"{mount}/"):
                url = origin + url[len(mount) :]
                break
        try:
            request = self._session.prepare_request(requests.Request("GET", url))
            sent = parse_url(request.url or "")
        except (ValueError, requests.exceptions.RequestException, urllib3.exceptions.HTTPError):
            raise UntrustedAddress("The file has no address that can be fetched.") from None
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
        """Tell whether a place is of this origin."""
        if scheme != self._scheme or (port or _PORTS.get(scheme or "")) != self._port:
            return False
        host = (host or "").lower()
        return host.endswith(f".{self._host}") if self._is_any_below else host == self._host


def _refuse_failure(status: int) -> None:
    if status in {403, 404, 410}:
        raise UnknownAsset(f"There is no file to be had at its address any more ({status}).")
    if status != 200:
        raise UpstreamDown(f"The file’s server answered {status}.")


def _pour(response: requests.Response, into: BinaryIO, *, most_bytes: int, deadline: float) -> None:
    size = 0
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        size += len(chunk)
        if size > most_bytes:
            raise UpstreamNonsense(f"The file is larger than {most_bytes / 1e6:.0f} MB.")
        if time.monotonic() > deadline:
            raise UpstreamTimeout("The file did not come in time.")
        into.write(chunk)
