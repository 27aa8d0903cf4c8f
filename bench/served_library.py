"""The library that `bench.callers` serves: that of BENCH_HOME, with BENCH_COUNT assets."""

from __future__ import annotations

import os
from pathlib import Path

from bench.search import SyntheticEmbedder
from bench.synthetic import World
from library import create_library
from library.home import KeyPair

application = create_library(
    Path(os.environ["BENCH_HOME"]),
    key_pair=KeyPair("key", "secret"),
    models=SyntheticEmbedder(World.of(int(os.environ["BENCH_COUNT"]))),
)
