"""Running ONNX networks: sessions and unit vectors, the same for every model.

Knows onnxruntime; no weights, and no pictures but those it draws to compare two networks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def session(network: Path | bytes, threads: int) -> Any:
    """The network of a file or of its bytes; raises what onnxruntime raises when it is none."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads would take the cores from the web server between two searches.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    source = network if isinstance(network, bytes) else str(network)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def agreement(one: bytes, other: bytes, output: str) -> float:
    """How alike two networks answer, 1 at most: the cosine of what tells drawn pictures apart."""
    pictures = _drawn()
    found = []
    for network in (one, other):
        (vectors,) = session(network, 1).run([output], {"x": pictures})
        found.append(unit(vectors - vectors.mean(axis=0)))
    return float((found[0] * found[1]).sum(axis=1).mean())


def _drawn() -> NDArray[np.uint8]:
    """(8, 256, 256, 3): clouds of colour, coarse to fine, the same at every call."""
    chance = np.random.default_rng(0)
    clouds = (chance.integers(0, 256, (side, side, 3), np.uint8) for side in range(2, 18, 2))
    drawn = (
        Image.fromarray(cloud).resize((256, 256), Image.Resampling.BICUBIC) for cloud in clouds
    )
    return np.stack([np.asarray(image) for image in drawn])


def unit(vectors: Any) -> NDArray[np.float32]:
    """(n, d) rows -> rows of length one; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)
