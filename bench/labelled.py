"""Labelled sets of pictures from packages, for judging similarity and text search.

The demo pack (by folder), Debian's `tuxpaint-stamps-default` (by its two upper folders, with
captions) and the 3D emoji of `@lobehub/fluent-emoji-3d` joined with openmoji's groups. Downloaded
once with the ordinary clients (`apt-get download`, `npm pack`) into a folder; a set that cannot be
downloaded is left out and reported.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from library.embedding.models import Models
from library.ingest import demo

_STAMPS = "tuxpaint-stamps-default"
_EMOJI = ("@lobehub/fluent-emoji-3d@1.1.0", "openmoji@17.0.0")


class Labelled(NamedTuple):
    """One picture."""

    path: Path
    label: str
    caption: str


def prepared(description: str) -> tuple[Models, dict[str, list[Labelled]]]:
    """Return the models and sets of a command whose only option is --cache, their folder."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path("instance/bench"))
    cache: Path = parser.parse_args().cache
    cache.mkdir(parents=True, exist_ok=True)
    return Models.load(cache, threads=1, choice=""), sets(cache)


def sets(cache: Path) -> dict[str, list[Labelled]]:
    """Return pictures by the name of their set; downloads are stored in `cache`."""
    pictures = {"demo": _demo()}
    cache = cache.resolve()  # commands run in folders of their own
    for name, make in (("stamps", _stamps), ("emoji", _emoji)):
        try:
            pictures[name] = make(cache / name)
        except (OSError, subprocess.SubprocessError, StopIteration) as error:
            print(f"left out {name}: {error}", file=sys.stderr)
    return pictures


def _demo() -> list[Labelled]:
    root = demo.folder()
    return [
        Labelled(path, str(path.parent.relative_to(root)), path.stem.replace("_", " "))
        for path in sorted(root.rglob("*.png"))
    ]


def _stamps(cache: Path) -> list[Labelled]:
    if not cache.exists():
        fresh = _fresh(cache)
        _run(["apt-get", "download", _STAMPS], fresh)
        _run(["dpkg", "-x", str(next(fresh.glob("*.deb"))), "unpacked"], fresh)
        fresh.rename(cache)
    root = next(cache.glob("unpacked/usr/share/tuxpaint/stamps"))
    return [
        Labelled(path, "/".join(path.parent.relative_to(root).parts[:2]), _caption(path))
        for path in sorted(root.rglob("*.png"))
    ]


def _caption(path: Path) -> str:
    """Return the caption of a stamp: the first line of its text file, in English."""
    try:
        lines = path.with_suffix(".txt").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    return lines[0].strip() if lines else path.stem


def _emoji(cache: Path) -> list[Labelled]:
    if not cache.exists():
        fresh = _fresh(cache)
        for package in _EMOJI:
            _run(["npm", "pack", "--silent", package], fresh)
        for packed in sorted(fresh.glob("*.tgz")):
            shutil.unpack_archive(packed, fresh / packed.name.split("-")[0], filter="data")
        fresh.rename(cache)
    data = next(cache.glob("openmoji/package/data/openmoji.json"))
    assets = next(cache.glob("lobehub/package/assets"))
    return [
        Labelled(path, f"{emoji['group']}/{emoji['subgroups']}", emoji["annotation"])
        for emoji in json.loads(data.read_bytes())
        if not emoji["skintone"] and (path := assets / f"{emoji['hexcode'].lower()}.webp").exists()
    ]


def _fresh(cache: Path) -> Path:
    fresh = cache.with_name(f"{cache.name}.fresh")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    return fresh


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=600)
