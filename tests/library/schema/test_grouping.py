"""The rules of groups: what names propose, and what pictures confirm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from library.schema import group_names
from library.schema.grouping import groups
from library.schema.likeness import Member

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SIZE = (64, 64)
LARGE = (512, 512)


def _folder(*names: str, size: tuple[int, int] | None = SIZE, kind: str = "image") -> list[Member]:
    """Return assets with these file names."""
    return [
        Member(
            id=name,
            name=name,
            kind=kind,
            size=size,
            created="2025-01-01T00:00:00.000Z",
            digest=name,
            lightness=None if size == LARGE else 0.5,
        )
        for name in names
    ]


def _grouped(members: list[Member], *different: str) -> list[tuple[str, list[str]]]:
    """Return kind and names of groups; the pictures in `different` are like no other."""
    places = {name: place for place, name in enumerate(different, start=1)}

    def vectors(space: str, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        del space, ids
        return {each.id: np.eye(16, dtype=np.float32)[places.get(each.id, 0)] for each in members}

    return [(each.kind, [one.name for one in each.members]) for each in groups(members, vectors)]


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["walk_00.png", "walk_01.png", "walk_02.png"], "frames"),
        (["walk1.png", "walk2.png", "walk3.png", "walk4.png"], "frames"),
        (["0101.png", "0102.png", "0103.png"], "frames"),
        (["walk (2).png", "walk (1).png", "walk.png"], "versions"),
        (["hero_FINAL.png", "hero_v003.png", "hero_v001.png", "hero.png"], "versions"),
        (["hero FINAL2.png", "hero final.png", "hero v2.png"], "versions"),
        (["hero_v3.png", "hero_v2.png", "hero_v1.png"], "versions"),
        (["hero-v10.psd", "hero-v9.png"], "versions"),
        (["hero - Copy.png", "hero.png"], "versions"),
        (["wood_BaseColor.png", "wood_Normal.png", "wood_Roughness.png"], "textures"),
        (["Wood_1K_Color.jpg", "Wood_1K_NormalGL.jpg", "Wood_1K_Displacement.jpg"], "textures"),
        (["wood_diff_1k.jpg", "wood_nor_gl_1k.jpg", "wood_rough_1k.jpg"], "textures"),
        (["WallBaseColor.png", "WallNormal.png"], "textures"),
        (["wall_base_color.png", "wall_ambient_occlusion.png"], "textures"),
        (["rock_BC.png", "rock_N.png", "rock_R.png", "rock_AO.png"], "textures"),
        (["icon.png", "icon.webp"], "formats"),
    ],
)
def test_names_that_belong_together(names: list[str], kind: str) -> None:
    assert _grouped(_folder(*names)) == [(kind, names)]


@pytest.mark.parametrize(
    "names",
    [
        ["walk_00.png", "walk_01.png"],  # too few
        ["walk_00.png", "walk_02.png", "walk_04.png"],  # not consecutive
        ["card2.png", "card3.png", "card4.png"],  # an animation begins at 0 or 1
        ["walk_00.png", "walk_01.jpg", "walk_02.webp"],
        ["arrow_n.png", "arrow_r.png"],  # directions
        ["button_normal.png", "button_hover.png"],
        ["wood_metal.png", "wood_height.png"],  # names of materials
        ["wood_normal.png", "stone_basecolor.png"],
        ["hero.png", "heroine_v2.png"],
        ["finale.png", "fin.png"],
        ["icon.png", "icons.jpg"],
    ],
)
def test_names_that_do_not(names: list[str]) -> None:
    assert _grouped(_folder(*names)) == []


def test_numbered_tiles_are_no_frames() -> None:
    tiles = [f"tile_{number:02}.png" for number in range(6)]
    assert _grouped(_folder(*tiles), *tiles) == []
    assert _grouped(_folder(*tiles), tiles[0], tiles[4]) == [("frames", tiles[1:4])]


def test_frames_have_one_size() -> None:
    frames = [*_folder("a_1.png", "a_2.png"), *_folder("a_3.png", size=(70, 64))]
    assert _grouped(frames) == []


def test_a_download_is_no_version_of_another() -> None:
    names = ["image.png", "image (1).png"]
    assert _grouped(_folder(*names), "image.png") == []
    assert _grouped(_folder("notes.txt", "notes (1).txt", kind="text", size=None)) == []
    stated = ["notes_v2.txt", "notes_v1.txt"]
    assert _grouped(_folder(*stated, kind="text", size=None)) == [("versions", stated)]


def test_textures_have_one_size() -> None:
    small = _folder("wood_BaseColor_512.png", "wood_Normal_512.png")
    large = _folder("wood_BaseColor.png", "wood_Normal.png", size=LARGE)
    found = _grouped([*small, *large])
    assert sorted(len(names) for _, names in found) == [2, 2]


def test_white_sprites_that_cannot_be_told_apart_are_no_frames() -> None:
    names = ["key_1.png", "key_2.png", "key_3.png"]
    white = [
        Member(id=n, name=n, kind="image", size=SIZE, created="", digest=n, lightness=1.0)
        for n in names
    ]
    assert _grouped(white) == []


def test_large_opaque_pictures_and_equal_files_are_duplicates() -> None:
    names = ["beach.png", "harbour.png"]
    assert _grouped(_folder(*names, size=LARGE)) == [("duplicates", names)]
    assert _grouped(_folder(*names, size=LARGE), names[0]) == []
    assert _grouped(_folder(*names)) == []  # small sprites often look alike
    equal = [
        Member(id=n, name=n, kind="3d", size=None, created="", digest="same")
        for n in ("ship.glb", "boat.glb")
    ]
    assert _grouped(equal) == [("duplicates", ["boat.glb", "ship.glb"])]


def test_each_asset_is_in_one_group() -> None:
    names = ["walk_1.png", "walk_2.png", "walk_3.png", "walk_1.jpg", "walk_2.jpg", "walk_3.jpg"]
    found = _grouped(_folder(*names))
    assert [kind for kind, _ in found] == ["frames", "frames"]
    assert sorted(name for _, group in found for name in group) == sorted(names)


@pytest.mark.parametrize(
    ("stem", "head", "final", "number", "copy"),
    [
        ("hero", "hero", 0, -1, 0),
        ("Hero_v003_FINAL", "hero", 1, 3, 0),
        ("hero final 2", "hero", 2, -1, 0),
        ("hero - Copy (3)", "hero", 0, -1, 3),
        ("hero_v2 (1)", "hero", 0, 2, 1),
        ("v2", "v2", 0, -1, 0),
        ("(1)", "(1)", 0, -1, 0),
    ],
)
def test_versions_in_names(stem: str, head: str, final: int, number: int, copy: int) -> None:
    found = group_names.version(stem)
    assert (found.head, found.final, found.number, found.copy) == (head, final, number, copy)
