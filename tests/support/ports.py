"""Free ports, for what a test starts."""

from __future__ import annotations

import random
import socket

# Below the ephemeral ports of the system (32768 and up on Linux, 49152 elsewhere):
# between here and where the server listens, or once it has ended, no connection and no other test's
# server is given the same one. Above 10080, which browsers refuse.
FIRST, LAST = 12_000, 30_000


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that is not in use and not ephemeral."""
    while True:
        port = random.SystemRandom().randint(FIRST, LAST)
        with socket.socket() as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
