"""Sessions of onnxruntime with the settings of all models, and unit vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def session(network: Path | bytes, threads: int) -> Any:
    """Return a session of a network, given as a file or as bytes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Threads that spin between two searches would occupy the cores of the web server.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    source = network if isinstance(network, bytes) else str(network)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def unit(vectors: Any) -> NDArray[np.float32]:
    """Return (n, d) rows of length one; rows of zeros stay zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)
