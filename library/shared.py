"""A joint model: pictures and texts in one space (CLIP and its kin), where one can be had.

Knows ONNX pairs in a folder, as model hubs export them (a vision and a text network, a
`tokenizer.json`, maybe a `preprocessor_config.json`), and `fastembed`, which downloads such a pair
where a network allows it. Knows no library.
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

from library.errors import LibraryError
from library.networks import session, unit
from library.pictures import on_ground

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

FASTEMBED: Final = "clip"  # the choice that is not a folder
_VISION = "Qdrant/clip-ViT-B-32-vision"
_TEXT = "Qdrant/clip-ViT-B-32-text"
# CLIP's own preprocessing, where the folder does not say another.
_MEAN, _STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
_SIDE: Final = 224
_TOKENS: Final = 77
_BATCH: Final = 16
_PADS: Final = ("[PAD]", "<pad>", "<|endoftext|>")


class NoSuchModel(LibraryError):
    """AKIN_IMAGE_MODEL names something that is not a model that can be used."""


@dataclass(frozen=True, slots=True)
class _Preparation:
    """How pictures become the network's input."""

    side: int = _SIDE
    mean: tuple[float, ...] = _MEAN
    std: tuple[float, ...] = _STD

    def __call__(self, image: Image.Image) -> NDArray[np.float32]:
        """(3, side, side): on white, padded to a square so that nothing is cut off."""
        picture = on_ground(image)
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


class Pair:
    """A vision and a text network in a folder. Thread-safe."""

    def __init__(self, folder: Path, threads: int) -> None:
        self.folder = folder
        vision, text = _found(folder, ("vision", "visual", "image")), _found(folder, ("text",))
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
        """(n, d) unit length."""
        parts = []
        for start in range(0, len(images), _BATCH):
            pixels = np.stack([self._prepare(image) for image in images[start : start + _BATCH]])
            name = self._vision.get_inputs()[0].name
            parts.append(unit(_embeds(self._vision, {name: pixels})))
        return np.concatenate(parts) if parts else np.empty((0, 0), np.float32)

    def texts(self, texts: Sequence[str]) -> Vectors:
        """(n, d) unit length."""
        parts = []
        names = {given.name for given in self._text.get_inputs()}
        for start in range(0, len(texts), _BATCH):
            encoded = self._tokenizer.encode_batch([*texts[start : start + _BATCH]])
            given = {
                "input_ids": np.array([e.ids for e in encoded], np.int64),
                "attention_mask": np.array([e.attention_mask for e in encoded], np.int64),
            }
            feed = {name: value for name, value in given.items() if name in names}
            parts.append(unit(_embeds(self._text, feed)))
        return np.concatenate(parts) if parts else np.empty((0, 0), np.float32)


class Downloaded:
    """CLIP by `fastembed`, which is not among the requirements. Thread-safe."""

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
        """(n, d) unit length."""
        return unit(np.array([*self._vision.embed([on_ground(image) for image in images])]))

    def texts(self, texts: Sequence[str]) -> Vectors:
        """(n, d) unit length."""
        return unit(np.array([*self._text.embed([*texts])]))


def load(choice: str, threads: int) -> Pair | Downloaded:
    """The joint model of a choice: "clip", or a folder's path. Raises NoSuchModel."""
    if choice == FASTEMBED:
        return Downloaded(threads)
    folder = Path(choice)
    if not folder.is_dir():
        raise NoSuchModel(f"AKIN_IMAGE_MODEL is neither 'clip' nor a folder: {choice}")
    return Pair(folder, threads)


def signature(choice: str) -> str:
    """What tells this model from others: its name, or sizes and names of the folder's files."""
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
    found = sorted(folder.rglob(name), key=lambda path: (len(path.parts), path))
    if not found:
        raise NoSuchModel(f"{folder} has no {name}")
    return found[0]


def _found(folder: Path, words: tuple[str, ...]) -> Path:
    """The network whose name, or folder, has one of the words; the plainest of several."""
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
    """The output that is one vector a row; named `..._embeds` where there are several."""
    outputs = network.get_outputs()
    named = [output.name for output in outputs if output.name.endswith("_embeds")]
    flat = [output.name for output in outputs if len(output.shape or ()) == 2]
    names = named or flat
    if not names:
        raise NoSuchModel("the network has no output with one vector a row")
    return network.run([names[0]], feed)[0]


def _preparation(folder: Path) -> _Preparation:
    with suppress(NoSuchModel, OSError, ValueError, KeyError, TypeError):
        told = json.loads(_one(folder, "preprocessor_config.json").read_bytes())
        size = told.get("crop_size") or told.get("size") or _SIDE
        if isinstance(size, dict):
            size = size.get("height") or size.get("shortest_edge") or _SIDE
        mean, std = told.get("image_mean") or _MEAN, told.get("image_std") or _STD
        return _Preparation(int(size), tuple(map(float, mean)), tuple(map(float, std)))
    return _Preparation()
