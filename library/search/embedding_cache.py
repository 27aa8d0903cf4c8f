"""Cache for the embeddings of query texts and images.

The model takes the longest part of a search by meaning or by an uploaded image, and each page of
the results needs the same embedding again. Knows models; nothing of searching.
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

CACHED_MOST = 512  # texts and images; some kilobytes each


class Embedder(Protocol):
    """The part of the models that searching uses (`library.embedding.models.Models`)."""

    def embed_texts(self, texts: Sequence[str], *, query: bool = False) -> Floats:
        """Return (n, width) unit vectors."""

    def embed_images(self, images: Sequence[Any]) -> tuple[Floats, Floats]:
        """Return (n, width) subject, not centred; (n, width) look, unit length."""

    def decode(self, data: bytes) -> Any:
        """Return the image in `data`; raises ValueError with a clear text."""


class EmbeddingCache:
    """An embedder with a cache. Thread-safe.

    `uid` is the library's (`Snapshot.uid`). It changes with the model, whose vectors cannot be
    compared with those of another one.
    """

    def __init__(self, models: Embedder) -> None:
        self._models = models
        self._lock = threading.Lock()
        self._vectors: LRUCache[tuple[str, bytes], tuple[Floats, ...]] = LRUCache(CACHED_MOST)

    def words(self, uid: str, text: str) -> Floats:
        """Return (width,) the unit vector of a query's text."""
        key = (uid, b"words" + text.encode("utf-8", "surrogatepass"))
        return self._cached(key, lambda: (self._models.embed_texts([text], query=True)[0],))[0]

    def image(self, uid: str, content: bytes) -> tuple[Floats, Floats]:
        """Return (1, width) of an image's subject, not centred, and of its look, of unit length.

        Raises ValueError with a clear text when `content` is not an image.
        """
        key = (uid, b"image" + blake2b(content).digest())
        subject, look = self._cached(
            key, lambda: self._models.embed_images([self._models.decode(content)])
        )
        return subject, look

    def _cached(
        self, key: tuple[str, bytes], embed: Callable[[], tuple[Floats, ...]]
    ) -> tuple[Floats, ...]:
        with self._lock:
            vectors = self._vectors.get(key)
        if vectors is None:
            vectors = embed()
            with self._lock:
                self._vectors[key] = vectors
        return vectors
