"""What holds for every test: no setting of this machine, one thread a network, no deadlines."""

from __future__ import annotations

import os
import signal
from importlib import import_module

from hypothesis import HealthCheck, settings

# A key in the developer's shell must never reach a test, nor a folder of theirs.
for name in [name for name in os.environ if name.startswith(("AKIN_", "SCENARIO_"))]:
    del os.environ[name]
os.environ["OMP_NUM_THREADS"] = "1"

# A script that starts the tests in its background has them ignore Ctrl-C, and what they start, too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A page waits for some things for moments only, and is whole without them; a busy machine would
# have it without them by chance. Tests of that set moments of their own.
PATIENCE = 60.0
for place in (
    "counting.SECONDS",  # how many hits other searches have
    "pages.feeds.SECONDS",
    "locks.SECONDS",  # until a lock whose holder does not stir is another's
    "names.GRACE",
    "auth.oidc.TIMEOUT",
    "pages.operations.SECONDS",
    "pages.operations.KEPT_SECONDS",
    "shelves.ANSWER_SECONDS",
    "shelves.CONNECT_SECONDS",
    "site.EXAMPLE_SECONDS",
    "exports.thumbnails.ALL_SECONDS",
    "exports.thumbnails.SECONDS",
):
    module, _, name = f"app.{place}".rpartition(".")
    found = import_module(module)  # after the variables above: it reads one of them
    setattr(found, name, max(PATIENCE, getattr(found, name)))

# A busy machine is slow without being wrong: examples are counted, never timed.
slow = [HealthCheck.too_slow]
settings.register_profile("house", deadline=None, max_examples=60, suppress_health_check=slow)
settings.load_profile("house")
