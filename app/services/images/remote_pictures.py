"""Pictures that the server fetches to search by them: of an asset, or at an address."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from app.errors import InvalidReference, UnreachableReference, UntrustedAddress
from app.scenario import image_urls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.scenario.assets import Asset
    from app.scenario.files import FileFetcher


class RemotePictures:
    """Fetches pictures with a limit on bytes and seconds."""

    def __init__(
        self,
        asset_files: FileFetcher,
        other_files: FileFetcher,
        *,
        origins: Sequence[str],
        max_bytes: int,
        seconds: float,
    ) -> None:
        """`other_files` fetches from `origins`, those of AKIN_REFERENCE_ORIGINS."""
        self._asset_files = asset_files
        self._other_files = other_files
        self._origins = origins
        self._max_bytes = max_bytes
        self._seconds = seconds

    def at(self, address: str) -> bytes:
        """Return the file at an address that a reader has entered.

        Raises UnreachableReference for other origins, UpstreamError where it cannot be fetched.
        """
        try:
            return self._fetch(self._other_files, address)
        except UntrustedAddress as error:
            allowed = ", ".join(self._origins) or "no address at all"
            raise UnreachableReference(
                f"Pictures are fetched from {allowed}. "
                "The administrator of this server can change that by AKIN_REFERENCE_ORIGINS."
            ) from error

    def of(self, asset: Asset) -> bytes:
        """Return the picture that an asset's page shows, as a file.

        Raises InvalidReference where there is none, UpstreamError where it cannot be fetched.
        """
        source = image_urls.large_picture(asset).src
        if not source:
            raise InvalidReference("There is no picture of this asset to take a part of.")
        return self._fetch(self._asset_files, source)

    def _fetch(self, files: FileFetcher, url: str) -> bytes:
        content = io.BytesIO()
        files.fetch(url, content, most_bytes=self._max_bytes, seconds=self._seconds)
        return content.getvalue()
