"""What the models made of a query's words and pictures, remembered while it is paged through.

The model's own time is the longest part of a search by meaning or by a picture that was brought
along, and each page asks for the same again. Knows models; nothing of searching.
"""

from __future__ import annotations

import threading
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from cachetools import LRUCache

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float32]

MOST = 512  # texts and pictures; some kilobytes each


class Embedder(Protocol):
    """What ranking asks of the models (`library.models.Models`)."""

    def embed_texts(self, texts: Sequence[str], *, query: bool = False) -> Floats:
        """(n, width) unit vectors."""

    def embed_images(self, images: Sequence[Any]) -> tuple[Floats, Floats]:
        """(n, width) subject, not centred; (n, width) look, unit length."""

    def decode(self, data: bytes) -> Any:
        """The picture in `data`; raises ValueError with a clear text."""


class Remembered:
    """An embedder and its last answers. Thread-safe.

    `uid` is the library's (`Shelf.uid`): another model makes another library of it, whose vectors
    are not those that were remembered.
    """

    def __init__(self, models: Embedder) -> None:
        self._models = models
        self._lock = threading.Lock()
        self._known: LRUCache[tuple[str, bytes], tuple[Floats, ...]] = LRUCache(MOST)

    def words(self, uid: str, text: str) -> Floats:
        """(width,) the unit vector of a query's words."""
        key = (uid, b"words" + text.encode("utf-8", "surrogatepass"))
        return self._once(key, lambda: (self._models.embed_texts([text], query=True)[0],))[0]

    def picture(self, uid: str, content: bytes) -> tuple[Floats, Floats]:
        """(1, width) of a picture's subject, not centred, and of its look, of unit length.

        Raises ValueError with a clear text when `content` is no picture.
        """
        key = (uid, b"picture" + blake2b(content).digest())
        subject, look = self._once(
            key, lambda: self._models.embed_images([self._models.decode(content)])
        )
        return subject, look

    def _once(
        self, key: tuple[str, bytes], make: Callable[[], tuple[Floats, ...]]
    ) -> tuple[Floats, ...]:
        with self._lock:
            known = self._known.get(key)
        if known is None:
            known = make()
            with self._lock:
                self._known[key] = known
        return known
