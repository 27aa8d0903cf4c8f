"""Binary FBX, written here by its specification."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.formats.meshes import fbx
from tests.support import sample_files
from tests.support.descriptions import described

ROOM = 1_000_000
CORNERS = np.array([(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)], "<f8")  # of a cube
SIDES = [0, 1, 3, ~2, 4, 6, 7, ~5, 0, 4, 5, ~1, 2, 3, 7, ~6, 0, 2, 6, ~4, 1, 5, 7, ~3]


def _array(kind: bytes, values: np.ndarray, *, packed: bool) -> bytes:
    content = zlib.compress(values.tobytes()) if packed else values.tobytes()
    return kind + struct.pack("<III", values.size, packed, len(content)) + content


class Writer:
    """Nodes of one version, at the places where they will lie."""

    def __init__(self, version: int) -> None:
        self._head = "<QQQB" if version >= 7500 else "<IIIB"
        self.begin = fbx.MAGIC + b"\x1a\x00" + struct.pack("<I", version)

    def node(self, at: int, name: bytes, properties: bytes = b"", *below: tuple) -> bytes:
        """A node that begins at `at`; `below` are the arguments of others."""
        size = struct.calcsize(self._head)
        inner = b""
        for arguments in below:
            inner += self.node(at + size + len(name) + len(properties) + len(inner), *arguments)
        inner += bytes(size) if below else b""
        end = at + size + len(name) + len(properties) + len(inner)
        counted = int(bool(properties))
        head = struct.pack(self._head, end, counted, len(properties), len(name))
        return head + name + properties + inner

    def file(self, *nodes: tuple) -> bytes:
        """A whole file."""
        content = self.begin
        for arguments in nodes:
            content += self.node(len(content), *arguments)
        return content + bytes(struct.calcsize(self._head))


def cubes(count: int = 1, *, version: int = 7400, packed: bool = True) -> bytes:
    mesh = (
        b"Geometry",
        b"L" + struct.pack("<q", 7),
        (b"Vertices", _array(b"d", CORNERS, packed=packed)),
        (b"PolygonVertexIndex", _array(b"i", np.array(SIDES, "<i4"), packed=packed)),
    )
    return Writer(version).file(
        (b"Creator", b"S\x04\x00\x00\x00Akin"), (b"Objects", b"", *[mesh] * count)
    )


@pytest.mark.parametrize("version", [7400, 7700])
@pytest.mark.parametrize("packed", [True, False])
def test_a_cube_has_eight_vertices_and_twelve_triangles(version: int, packed: bool) -> None:
    ((corners, faces),) = fbx.meshes(cubes(version=version, packed=packed), ROOM)
    np.testing.assert_array_equal(corners, CORNERS)
    assert faces.shape == (12, 3)
    sides = corners[faces]
    areas = np.linalg.norm(np.cross(sides[:, 1] - sides[:, 0], sides[:, 2] - sides[:, 0]), axis=1)
    assert areas.sum() / 2 == pytest.approx(6)


def test_one_mesh_is_drawn_and_several_are_only_counted(tmp_path: Path) -> None:
    sample_files.fill(tmp_path, {"one.fbx": cubes(), "two.fbx": cubes(2)})
    one, two = (described(tmp_path, name) for name in ("one.fbx", "two.fbx"))
    assert one.facts["properties"] == {"vertexCount": 8, "faceCount": 12}
    assert two.facts["properties"] == {"vertexCount": 16, "faceCount": 24}
    assert one.picture is not None
    assert two.picture is None


def test_arrays_that_unpack_to_more_than_there_is_room_for_are_refused() -> None:
    assert len(fbx.meshes(cubes(2), 2 * (CORNERS.nbytes + 4 * len(SIDES)))) == 2
    with pytest.raises(ValueError, match="too large"):
        fbx.meshes(cubes(2), 2 * (CORNERS.nbytes + 4 * len(SIDES)) - 1)


@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=8))
def test_any_change_of_an_fbx_is_read_or_refused(place: int, patch: bytes) -> None:
    content = bytearray(cubes())
    place %= len(content)
    content[place : place + len(patch)] = patch
    try:
        read = fbx.meshes(bytes(content), ROOM)
    except (ValueError, struct.error, zlib.error):
        return
    for corners, faces in read:
        assert len(faces) == 0 or faces.max() < len(corners)


def test_a_truncated_file_is_damaged(tmp_path: Path) -> None:
    whole = cubes()
    sample_files.fill(tmp_path, {"whole.fbx": whole})
    assert described(tmp_path, "whole.fbx").kind.kind == "3d"
    for end in range(60, len(whole) - 30, 37):
        sample_files.fill(tmp_path, {"cut.fbx": whole[:end]})
        damage = described(tmp_path, "cut.fbx").damage
        assert damage is not None
        assert damage.startswith("is broken")
