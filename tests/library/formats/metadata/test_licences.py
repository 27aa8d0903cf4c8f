"""Licences: one name for each of Creative Commons, and notices of copyright that are none."""

from __future__ import annotations

import pytest

from library.formats.metadata import licences


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("https://creativecommons.org/licenses/by/4.0/", "CC BY 4.0"),
        ("http://creativecommons.org/licenses/by-nc-sa/3.0/de/deed.en", "CC BY-NC-SA 3.0 DE"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0 1.0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "Public Domain Mark 1.0"),
        ("CC-BY-4.0 (http://creativecommons.org/licenses/by/4.0/)", "CC BY 4.0"),
        ("CC-BY-SA-4.0", "CC BY-SA 4.0"),
        ("cc by nc nd", "CC BY-NC-ND"),
        ("CC0-1.0", "CC0 1.0"),
        ("Creative Commons Attribution-NonCommercial 4.0 International", "CC BY-NC 4.0"),
        ("Creative Commons Attribution Share Alike 3.0 Unported", "CC BY-SA 3.0"),
        ("Licensed under CC BY 4.0, see the website", "CC BY 4.0"),
        ("MIT", None),
        ("cc by-the-sea@example.com", None),
        ("(c) 2024 Ada. All rights reserved", None),
        ("https://creativecommons.org/about", None),
    ],
)
def test_names_of_creative_commons(text: str, name: str | None) -> None:
    assert licences.of_creative_commons(text) == name


@pytest.mark.parametrize(
    ("stated", "copyrights", "chosen"),
    [
        (["All rights reserved", "https://example.com/terms"], [], "All rights reserved"),
        (["See the website", "http://creativecommons.org/licenses/by/4.0/"], [], "CC BY 4.0"),
        (["OFL-1.1"], ["(c) Ada"], "OFL-1.1"),
        ([" "], ["(c) Ada"], None),
        ([], ["2017 (c) Ada, licensed under CC BY 4.0"], "CC BY 4.0"),
    ],
)
def test_a_copyright_is_no_licence_unless_it_names_one(
    stated: list[str], copyrights: list[str], chosen: str | None
) -> None:
    assert licences.chosen(stated, copyrights) == chosen
