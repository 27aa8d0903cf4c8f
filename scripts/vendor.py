"""Fetch the 3D viewer for the pages from npm, where npm is installed: `python -m scripts.vendor`.

It is kept outside git and fetched once per version. Without npm, pages show the preview picture of
a 3D asset. After a failure the next try is a day later: without a network every start would wait.
This module needs only the standard library.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PACKAGE: Final = "@google/model-viewer@4.4.0"
FILES: Final = {
    "package/LICENSE": "model-viewer.LICENSE",
    "package/dist/model-viewer.min.js": "model-viewer.min.js",
}
RETRY_SECONDS: Final = 86_400.0


def fetch(folder: Path = ROOT / "static" / "vendor") -> None:
    """Fetch the package into `folder` unless it has this version already."""
    stamp, failed = folder / "model-viewer.version", folder / "model-viewer.failed"
    if stamp.exists() and stamp.read_text("utf-8").strip() == PACKAGE:
        return
    npm = shutil.which("npm")
    if npm is None:
        print("npm is not installed: 3D assets show a picture instead of a viewer", file=sys.stderr)
        return
    if failed.exists() and time.time() - failed.stat().st_mtime < RETRY_SECONDS:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        options = ["--silent", "--fetch-retries=0", "--fetch-timeout=30000"]
        done = subprocess.run(  # noqa: S603 - the npm of this machine
            [npm, "pack", *options, "--pack-destination", work, PACKAGE],
            stdout=subprocess.DEVNULL,
            check=False,
        )
        archives = list(Path(work).glob("*.tgz"))
        if done.returncode or not archives:
            failed.touch()
            print(
                "The 3D viewer could not be fetched: 3D assets show a picture instead",
                file=sys.stderr,
            )
            return
        with tarfile.open(archives[0]) as archive:
            for member, name in FILES.items():
                content = archive.extractfile(member)
                assert content is not None  # noqa: S101 - both are files
                (folder / name).write_bytes(content.read())
    stamp.write_text(f"{PACKAGE}\n", "utf-8")
    failed.unlink(missing_ok=True)


if __name__ == "__main__":
    fetch()
