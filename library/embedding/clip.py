"""Joint models: pictures and texts in one space (CLIP and similar models).

Either a pair of ONNX networks in a folder, as model hubs export them (a vision and a text network,
a `tokenizer.json`, optionally a `preprocessor_config.json`), or `fastembed`, which downloads such a
pair.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from library.embedding.onnx_session import session, unit
from library.errors import LibraryError
from library.formats.resizing import on_background

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

FASTEMBED: Final = "clip"  # the choice that is not a folder
_VISION = "Qdrant/clip-ViT-B-32-vision"
_TEXT = "Qdrant/clip-ViT-B-32-text"
# CLIP's preprocessing, where the folder contains no configuration.
_MEAN, _STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
_SIDE: Final = 224
_TOKENS: Final = 77
_BATCH: Final = 16
_PADS: Final = ("[PAD]", "<pad>", "<|endoftext|>")


class NoSuchModel(LibraryError):
    """AKIN_IMAGE_MODEL names no usable model."""


@dataclass(frozen=True, slots=True)
class _Preparation:
    """Preprocessing of pictures for the network."""

    side: int = _SIDE
    mean: tuple[float, ...] = _MEAN
    std: tuple[float, ...] = _STD

    def __call__(self, image: Image.Image) -> NDArray[np.float32]:
        """Return (3, side, side): on white, padded to a square."""
        picture = on_background(image)
        picture.thumbnail((self.side, self.side), Image.Resampling.BICUBIC)
        if max(picture.size) < self.side:
            scale = self.side / max(picture.size)
            picture = picture.resize(
                (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))),
                Image.Resampling.BICUBIC,
            )
        square = Image.new("RGB", (self.side, self.side), (255, 255, 255))
        square.paste(picture, ((self.side - picture.width) // 2, (self.side - picture.height) // 2))
        pixels = np.asarray(square, np.float32) / 255
        return np.asarray(((pixels - self.mean) / self.std).transpose(2, 0, 1), np.float32)


class OnnxPair:
    """A vision and a text network in a folder. Thread-safe."""

    def __init__(self, folder: Path, threads: int) -> None:
        self.folder = folder
        vision, text = _network(folder, ("vision", "visual", "image")), _network(folder, ("text",))
        self._vision, self._text = _session(vision, threads), _session(text, threads)
        self._prepare = _preparation(folder)
        from tokenizers import Tokenizer

        try:
            self._tokenizer = Tokenizer.from_file(str(_one(folder, "tokenizer.json")))
        except Exception as error:
            raise NoSuchModel(f"{folder} has no tokenizer.json that can be read") from error
        self._tokenizer.enable_truncation(_TOKENS)
        if self._tokenizer.padding is None:
            ids = (self._tokenizer.token_to_id(token) for token in _PADS)
            self._tokenizer.enable_padding(pad_id=next((i for i in ids if i is not None), 0))

    def images(self, images: Sequence[Image.Image]) -> Vectors:
        """Return (n, d) unit vectors."""
        parts = []
        for start in range(0, len(images), _BATCH):
            pixels = np.stack([self._prepare(image) for image in images[start : start + _BATCH]])
            name = self._vision.get_inputs()[0].name
            parts.append(unit(_embeds(self._vision, {name: pixels})))
        return np.concatenate(parts) if parts else np.empty((0, 0), np.float32)

    def texts(self, texts: Sequence[str]) -> Vectors:
        """Return (n, d) unit vectors."""
        parts = []
        names = {node.name for node in self._text.get_inputs()}
        for start in range(0, len(texts), _BATCH):
            encoded = self._tokenizer.encode_batch([*texts[start : start + _BATCH]])
            inputs = {
                "input_ids": np.array([e.ids for e in encoded], np.int64),
                "attention_mask": np.array([e.attention_mask for e in encoded], np.int64),
            }
            feed = {name: value for name, value in inputs.items() if name in names}
            parts.append(unit(_embeds(self._text, feed)))
        return np.concatenate(parts) if parts else np.empty((0, 0), np.float32)


class FastembedClip:
    """CLIP through `fastembed`, which is an optional package. Thread-safe."""

    def __init__(self, threads: int) -> None:
        try:
            fastembed = import_module("fastembed")
        except ImportError as error:
            raise NoSuchModel("AKIN_IMAGE_MODEL=clip needs: pip install fastembed") from error
        try:
            self._vision = fastembed.ImageEmbedding(_VISION, threads=threads)
            self._text = fastembed.TextEmbedding(_TEXT, threads=threads)
        except Exception as error:
            raise NoSuchModel(f"fastembed could not load CLIP: {error}") from error

    def images(self, images: Sequence[Image.Image]) -> Vectors:
        """Return (n, d) unit vectors."""
        return unit(np.array([*self._vision.embed([on_background(image) for image in images])]))

    def texts(self, texts: Sequence[str]) -> Vectors:
        """Return (n, d) unit vectors."""
        return unit(np.array([*self._text.embed([*texts])]))


def load(choice: str, threads: int) -> OnnxPair | FastembedClip:
    """Return the joint model of a choice: "clip" or a folder's path. Raises NoSuchModel."""
    if choice == FASTEMBED:
        return FastembedClip(threads)
    folder = Path(choice)
    if not folder.is_dir():
        raise NoSuchModel(f"AKIN_IMAGE_MODEL is neither 'clip' nor a folder: {choice}")
    return OnnxPair(folder, threads)


def signature(choice: str) -> str:
    """Return the model's identity: its name, or a digest of the folder's networks."""
    if choice == FASTEMBED:
        return f"{_VISION} {_TEXT}"
    folder = Path(choice)
    files = sorted(folder.rglob("*.onnx")) if folder.is_dir() else []
    if not files:
        raise NoSuchModel(f"AKIN_IMAGE_MODEL is neither 'clip' nor a folder with ONNX: {choice}")
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(folder)} {file.stat().st_size}\n".encode())
        with file.open("rb") as opened:
            digest.update(opened.read(1024 * 1024))
    return f"pair {digest.hexdigest()[:16]}"


def _one(folder: Path, name: str) -> Path:
    paths = sorted(folder.rglob(name), key=lambda path: (len(path.parts), path))
    if not paths:
        raise NoSuchModel(f"{folder} has no {name}")
    return paths[0]


def _network(folder: Path, words: tuple[str, ...]) -> Path:
    """Return the network with one of the words in its path; the shortest name of several."""
    files = [
        file
        for file in folder.rglob("*.onnx")
        if any(word in str(file.relative_to(folder)).lower() for word in words)
    ]
    if not files:
        raise NoSuchModel(f"{folder} has no .onnx with {' or '.join(words)} in its name")
    return min(files, key=lambda file: (len(file.name), file))


def _session(path: Path, threads: int) -> Any:
    try:
        return session(path, threads)
    except Exception as error:
        raise NoSuchModel(f"{path} is not a network that onnxruntime can run") from error


def _embeds(network: Any, feed: dict[str, Any]) -> Any:
    """Return the output with one vector per row, named `..._embeds` where there are several."""
    outputs = network.get_outputs()
    named = [output.name for output in outputs if output.name.endswith("_embeds")]
    flat = [output.name for output in outputs if len(output.shape or ()) == 2]
    names = named or flat
    if not names:
        raise NoSuchModel("the network has no output with one vector per row")
    return network.run([names[0]], feed)[0]


def _preparation(folder: Path) -> _Preparation:
    with suppress(NoSuchModel, OSError, ValueError, KeyError, TypeError):
        config = json.loads(_one(folder, "preprocessor_config.json").read_bytes())
        size = config.get("crop_size") or config.get("size") or _SIDE
        if isinstance(size, dict):
            size = size.get("height") or size.get("shortest_edge") or _SIDE
        mean, std = config.get("image_mean") or _MEAN, config.get("image_std") or _STD
        return _Preparation(int(size), tuple(map(float, mean)), tuple(map(float, std)))
    return _Preparation()
