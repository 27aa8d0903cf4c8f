"""3D models: counts, pictures, damage."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from PIL import Image

from library.formats.meshes import reading as meshes
from tests.support import design_files, mesh_files, sample_files
from tests.support.descriptions import described
from tests.support.generated_files import box_files


@pytest.mark.parametrize("kind", ["glb", "obj", "stl", "gltf", "ply", "off", "3mf", "dae"])
def test_models_are_counted_and_drawn(kind: str, tmp_path: Path) -> None:
    files = mesh_files.box(kind) if kind in {"3mf", "dae"} else box_files(kind)
    sample_files.fill(tmp_path, files)
    description = described(tmp_path, f"box.{kind}")
    assert description.kind.kind == "3d"
    assert description.facts["properties"]["faceCount"] == 12
    assert description.picture is not None
    assert description.picture.getpixel((256, 256))[3] == 255  # type: ignore[index]
    assert description.picture.getpixel((2, 2))[3] == 0  # type: ignore[index]


OBJECTS = {
    "quads.obj": "{v}f 1 2 3 4\nf 5 6 7 8\nf 1 2 6 5\n",
    "negative.obj": "{v}f -8 -7 -6 -5\nf -4 -3 -2 -1\nf -8 -7 -3 -4\n",
    "continued.obj": "{v}f 1 2 \\\n3 4\nf 5 6 7 8\nf 1 2 6 5\n",
    "pentagon.obj": "{v}f 1 2 3 4 5\nf 5 6 7 8\nf 1 2 6\n",
    "normals.obj": "{v}vn 0 0 1\nvt 0 0\nf 1//1 2//1 3//1 4//1\nf 5/1 6/1 7/1 8/1\n"
    "f 1/1/1 2/1/1 6/1/1 5/1/1\n",
}  # fmt: skip
CORNERS = "".join(f"v {x} {y} {z}\n" for z in (0, 1) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1)))


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "windows-1251", "utf-8-sig"])
@pytest.mark.parametrize("name", OBJECTS)
def test_an_obj_is_drawn_whatever_its_comments_and_polygons(
    name: str, encoding: str, tmp_path: Path
) -> None:
    comment = (
        "\u0432\u0435\u0440\u0441\u0438\u044f" if encoding == "windows-1251" else "v\u00e9rsion"
    )
    text = f"# {comment}\nmtllib missing.mtl\no {comment}\n{OBJECTS[name]}usemtl {comment}\n"
    content = text.format(v=CORNERS).encode(encoding)
    sample_files.fill(tmp_path, {name: content})
    description = described(tmp_path, name)
    assert (description.kind.mime, description.damage) == ("model/obj", None)
    assert description.facts["properties"]["faceCount"] == 6
    assert description.picture is not None
    assert description.picture.getbbox() is not None


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("elements", ["f 1 2 3 4\nf 5 6 7 8\n", "l 1 2 3\n", ""])
def test_an_obj_is_drawn_by_its_faces_else_by_its_points(
    elements: str, mark: bytes, tmp_path: Path
) -> None:
    sample_files.fill(tmp_path, {"a.obj": mark + f"{CORNERS}{elements}".encode()})
    description = described(tmp_path, "a.obj")
    assert description.damage is None
    assert description.facts["properties"]["vertexCount"] == 8
    assert description.picture is not None
    alpha = description.picture.convert("RGBA").getchannel("A").resize((64, 64))
    assert sum(value > 60 for value in alpha.tobytes()) >= 8  # can be seen


@pytest.mark.parametrize(
    "extension",
    ["KHR_draco_mesh_compression", "EXT_meshopt_compression", "KHR_meshopt_compression"],
)
@pytest.mark.parametrize("suffix", ["glb", "gltf"])
def test_a_compressed_gltf_tells_what_it_can_and_shows_a_placeholder(
    extension: str, suffix: str, tmp_path: Path
) -> None:
    """Its buffer is no mesh: with or without a package that unpacks it, nothing can be drawn."""
    described_mesh = {
        "asset": {"version": "2.0"},
        "extensionsUsed": [extension],
        "extensionsRequired": [extension],
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "Duck"}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "buffers": [{"byteLength": 64}],
        "bufferViews": [{"buffer": 0, "byteLength": 64, "extensions": {extension: {}}}],
        "accessors": [
            {"componentType": 5126, "count": 300, "type": "VEC3"},
            {"componentType": 5123, "count": 900, "type": "SCALAR"},
        ],
    }
    text = json.dumps(described_mesh).encode()
    text += b" " * (-len(text) % 4)
    binary = struct.pack("<I4s", 64, b"BIN\0") + bytes(64)
    head = struct.pack("<4sIII4s", b"glTF", 2, 20 + len(text) + len(binary), len(text), b"JSON")
    content = text if suffix == "gltf" else head + text + binary
    sample_files.fill(tmp_path, {f"a.{suffix}": content})
    description = described(tmp_path, f"a.{suffix}")
    assert (description.picture, description.damage) == (None, None)
    assert description.facts["properties"] == {
        "vertexCount": 300, "faceCount": 300, "extensions": extension,
    }  # fmt: skip
    shown = description.shown()
    assert shown is not None
    assert shown.getbbox() is not None


def test_a_3mf_and_a_collada_document_are_placed_as_they_state(tmp_path: Path) -> None:
    files = {
        "two.3mf": mesh_files.three_mf(
            '<object id="2"><components><component objectid="1"/><component objectid="1" '
            'transform="1 0 0 0 1 0 0 0 1 9 0 0"/></components></object>', "2"),
        "node.dae": mesh_files.collada("<matrix>1 0 0 9 0 1 0 0 0 0 1 0 0 0 0 1</matrix>"
                                       "<rotate>0 0 1 45</rotate><scale>1 2 3</scale>"),
    }  # fmt: skip
    sample_files.fill(tmp_path, files)
    counts = [described(tmp_path, name).facts["properties"]["faceCount"] for name in files]
    assert counts == [24, 12]
    wide = described(tmp_path, "two.3mf").picture
    assert wide is not None
    left, top, right, bottom = wide.getbbox() or (0, 0, 0, 0)
    assert right - left > 1.5 * (bottom - top)


def test_a_3mf_that_cannot_be_drawn_shows_its_preview(tmp_path: Path) -> None:
    preview = sample_files.png()
    content = design_files.archive({"3D/a.model": b"<model/>", "Metadata/thumbnail.png": preview})
    sample_files.fill(tmp_path, {"a.3mf": content})
    picture = described(tmp_path, "a.3mf").picture
    assert picture is not None
    assert picture.size == (96, 64)


def test_a_build_in_which_every_object_uses_the_one_before_twice_is_not_drawn(
    tmp_path: Path,
) -> None:
    objects = "".join(
        f'<object id="{n}"><components><component objectid="{n - 1}"/>'
        f'<component objectid="{n - 1}"/></components></object>' for n in range(2, 90)
    )  # fmt: skip
    sample_files.fill(tmp_path, {"a.3mf": mesh_files.three_mf(objects, "89")})
    description = described(tmp_path, "a.3mf")
    assert (description.picture, description.damage) == (None, None)


@pytest.mark.parametrize("kind", ["dae", "3mf"])
def test_entities_and_depth_in_the_xml_of_a_model_are_refused(kind: str, tmp_path: Path) -> None:
    laughs = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    deep = "<node>" * 50_000
    for number, inside in enumerate((f"{laughs}<COLLADA>&b;</COLLADA>", f"<COLLADA>{deep}")):
        raw = inside.encode()
        content = raw if kind == "dae" else design_files.archive({"3D/3dmodel.model": raw})
        sample_files.fill(tmp_path, {f"{number}.{kind}": content})
        description = described(tmp_path, f"{number}.{kind}")
        assert (description.picture, description.facts) == (None, {})


@pytest.mark.parametrize("way", ["../art 2/{}", "{root}/art 2/{}", "link.bin", "missing.bin", ""])
def test_buffers_outside_the_folder_of_a_gltf_are_not_read(way: str, tmp_path: Path) -> None:
    """It is counted from its own JSON."""
    files = box_files("gltf")
    content = json.loads(files.pop("box.gltf"))
    sample_files.fill(tmp_path / "art 2", files)
    (tmp_path / "art").mkdir()
    (tmp_path / "art/link.bin").symlink_to(tmp_path / "art 2/gltf_buffer_0.bin")
    for buffer in content["buffers"]:
        buffer["uri"] = way.format(buffer["uri"], root=tmp_path)
    sample_files.fill(tmp_path / "art", {"box.gltf": json.dumps(content).encode()})
    description = described(tmp_path / "art", "box.gltf")
    assert description.facts["properties"]["faceCount"] == 12
    assert description.picture is None


def test_a_gltf_with_positions_of_a_wrong_type_is_counted(tmp_path: Path) -> None:
    """Found by fuzzing: positions of one number instead of three."""
    files = box_files("gltf")
    content = json.loads(files["box.gltf"])
    position = content["meshes"][0]["primitives"][0]["attributes"]["POSITION"]
    content["accessors"][position] |= {"type": "SCALAR", "count": 8}
    sample_files.fill(tmp_path, {**files, "box.gltf": json.dumps(content).encode()})
    description = described(tmp_path, "box.gltf")
    assert description.facts["properties"] == {"vertexCount": 8, "faceCount": 12}
    assert description.picture is None


def test_the_size_of_the_buffers_of_a_gltf_is_limited(tmp_path: Path) -> None:
    files = {name: content.ljust(20_000, b" ") for name, content in box_files("gltf").items()}
    sample_files.fill(tmp_path, files)
    assert _read_model(tmp_path / "box.gltf", max_bytes=60_000) is not None
    # Either buffer fits, both do not.
    assert _read_model(tmp_path / "box.gltf", max_bytes=30_000) is None


def _read_model(path: Path, *, max_bytes: int) -> Image.Image | None:
    with path.open("rb") as file:
        return meshes.read(
            file,
            "model/gltf+json",
            lambda name: (path.parent / name).open("rb"),
            max_bytes=max_bytes,
        )[1]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.glb", b"glTF\x02\x00\x00\x00", "ends after 8 bytes"),
        ("a.glb", box_files("glb")["box.glb"][:-20], "ends after"),
        ("a.glb", b"glTF" + struct.pack("<IIII", 2, 24, 4, 0x4E4F534A) + b"{{{{", "is no JSON"),
        ("a.glb", b"glTF" + struct.pack("<IIII", 2, 24, 4, 7) + b"{}  ", "first part is no JSON"),
        ("a.gltf", b'{"asset": {', "is no JSON"),
        ("a.gltf", b"[1]", "is no glTF"),
        ("a.gltf", b"[" * 5000, "is broken"),
        ("a.stl", bytes(80) + struct.pack("<I", 9) + bytes(60), "ends after 144 bytes"),
        ("a.stl", b"nothing of a model", "is broken"),
        ("a.obj", b"# a note\n", "has no vertices"),
        ("a.fbx", b"Kaydara FBX Binary  \x00\x1a\x00", "ends after 23 bytes"),
        ("a.blend", b"BLENDER-v", "ends after 9 bytes"),
    ],
)
def test_broken_models_are_damaged(name: str, content: bytes, why: str, tmp_path: Path) -> None:
    sample_files.fill(tmp_path, {name: content})
    damage = described(tmp_path, name).damage
    assert damage is not None
    assert why in damage
    assert "\n" not in damage


def _compressed() -> bytes:
    """Return a box whose mesh is compressed in a way that is not supported."""
    whole = box_files("glb")["box.glb"]
    (length,) = struct.unpack_from("<I", whole, 12)
    content = json.loads(whole[20 : 20 + length])
    for mesh in content["meshes"]:
        for primitive in mesh["primitives"]:
            primitive["attributes"] = {"POSITION": 99}
    text = json.dumps({**content, "extensionsRequired": ["KHR_draco_mesh_compression"]}).encode()
    text += b" " * (-len(text) % 4)
    rest = whole[20 + length :]
    head = struct.pack("<IIII", 2, 20 + len(text) + len(rest), len(text), 0x4E4F534A)
    return b"glTF" + head + text + rest


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.glb", _compressed()),
        ("a.glb", b"glTF" + struct.pack("<I", 9) + b"of the future"),
        ("a.obj", b"v 1 2\nf 9 9 9\n"),
        ("a.stl", b"solid x\nfacet normal 0 0 1\nendsolid x\n"),
        ("a.blend", b"BLENDER-v300" + bytes(8)),
        ("a.fbx", b"; FBX 7.4.0 project file\n"),
    ],
)
def test_models_that_are_not_supported_are_listed_without_a_picture(
    name: str, content: bytes, tmp_path: Path
) -> None:
    sample_files.fill(tmp_path, {name: content})
    description = described(tmp_path, name)
    assert (description.kind.kind, description.picture) == ("3d", None)
