"""The machine that a figure was measured on: processor, its 8-bit instructions, load."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def machine() -> str:
    """Return one line, for the output of a benchmark."""
    name, flags = platform.processor() or platform.machine(), ""
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                name = value.strip()
            if key.strip() == "flags":
                flags = value
    except OSError:
        pass
    vnni = "VNNI" if "vnni" in flags else "no VNNI"
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{name}, {os.cpu_count()} cores, {vnni}; load of 1, 5, 15 minutes: {load}"
