"""What holds for every test: no setting of this machine, one thread a network, no deadlines."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

# A key in the developer's shell must never reach a test, nor a folder of theirs.
for name in [name for name in os.environ if name.startswith(("AKIN_", "SCENARIO_"))]:
    del os.environ[name]
os.environ["OMP_NUM_THREADS"] = "1"

# A script that starts the tests in its background has them ignore Ctrl-C, and what they start, too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is slow without being wrong: examples are counted, never timed.
settings.register_profile("house", deadline=None, max_examples=60)
settings.load_profile("house")
