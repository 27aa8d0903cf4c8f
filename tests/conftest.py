"""What holds for every test: no setting of this machine, one thread a network, no deadlines."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.support import shared_compilation
from tests.support.postgres import postgres, postgres_url  # noqa: F401 - fixtures
from tests.support.s3 import s3, s3_server  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from library.embedding.models import Models

# A key in the developer's shell must never reach a test, nor a folder of theirs.
for name in [name for name in os.environ if name.startswith(("AKIN_", "SCENARIO_"))]:
    del os.environ[name]
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["AKIN_INSTALL"] = "off"  # no test changes the environment that it runs in

# A script that starts the tests in its background has them ignore Ctrl-C, and what they start, too.
signal.signal(signal.SIGINT, signal.default_int_handler)

shared_compilation.install()

# A busy machine is slow without being wrong: examples are counted, never timed.
slow = [HealthCheck.too_slow]
settings.register_profile("house", deadline=None, max_examples=60, suppress_health_check=slow)
# make test-all
settings.register_profile("thorough", parent=settings.get_profile("house"), max_examples=600)
settings.load_profile("house")


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """The packaged models, on one thread."""
    from library.embedding.models import Models

    return Models.load(tmp_path_factory.mktemp("models"), threads=1)
