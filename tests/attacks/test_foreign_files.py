"""Files in a folder that read other files, open connections, or take all time and memory."""

from __future__ import annotations

import json
import struct
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

import pytest
from PIL import Image

from library.__main__ import main
from library.embedding.models import Models
from library.formats.isolation import sandbox
from library.formats.isolation.worker_pool import Failed, WorkerPool
from library.ingest.describe import NotAnAsset, Unusable, describe
from library.ingest.facts import checked
from library.ingest.indexer import Indexer
from library.ingest.walk import FoundFile, walk
from library.store.index import Index
from tests.support import sample_files, worker_tasks
from tests.support.descriptions import POOL, described
from tests.support.generated_files import SVG, box_files, png_with

if TYPE_CHECKING:
    from pathlib import Path

    from library.schema.documents import Document

SECRET = "the-session-key-of-this-server"
PLAYLISTS = {
    "concat": b"ffconcat version 1.0\nfile 'a.nfo'\n\0",
    "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    b"m=audio 48000 RTP/AVP 0\n",
    "hls": b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\na.nfo\n#EXT-X-ENDLIST\n\0",
    "dash": b"<MPD xmlns='urn:mpeg:dash:schema:mpd:2011'><Period/></MPD>\0",
}


class Lines:
    """A report that stores its lines."""

    def __init__(self) -> None:
        self.paths: dict[str, str] = {}

    def note(self, text: str) -> None:
        """Ignore it."""

    def skipped(self, path: str, reason: str) -> None:
        self.paths[path] = f"skipped: {reason}"

    def damaged(self, path: str, reason: str) -> None:
        self.paths[path] = f"damaged: {reason}"

    def begin(self, total: int) -> None:
        """Ignore it."""

    def advance(self, count: int) -> None:
        """Ignore it."""


def index(folder: Path, models: Models) -> tuple[dict[str, Document], dict[str, str]]:
    """Index a folder; return its documents and the lines of the report, both by path."""
    lines = Lines()
    home = folder.parent / "home"
    with closing(Index.open(home, create=True)) as opened:
        Indexer(home, opened, models, lines).run([folder])
        ids = [asset_id for _, asset_id in opened.sources().values()]
        documents = {found.source.path: found for found in opened.documents(ids).values()}
    return documents, lines.paths


@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.parametrize("suffix", ["aac", "mp3", "ogg", "mp4"])
def test_a_playlist_under_the_name_of_a_sound_opens_nothing(
    kind: str, suffix: str, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text(SECRET)
    sample_files.fill(tmp_path / "art", {f"key.{suffix}": PLAYLISTS[kind]})
    (tmp_path / "art/a.nfo").symlink_to(tmp_path / "secret")
    with pytest.raises((Unusable, NotAnAsset)):
        described(tmp_path / "art", f"key.{suffix}")


@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("a.aac", b"\xff\xf1\x50\x80\x00\x1f\xfc"),
        ("a.mp3", b"ID3\x04\x00\x00\x00\x00\x00\x00"),
        ("a.ogg", b"OggS\x00\x02"),
        ("a.mp4", b"\x00\x00\x00\x18ftypmp42"),
        ("a.webm", b"\x1aE\xdf\xa3"),
        ("a.wav", b"RIFF\x24\x00\x00\x00WAVE"),
    ],
)
def test_a_playlist_behind_a_signature_is_damaged(
    kind: str, name: str, head: bytes, tmp_path: Path
) -> None:
    """The demuxer is that of the signature: FFmpeg chooses none by content."""
    (tmp_path / "secret").write_text(SECRET)
    sample_files.fill(tmp_path / "art", {name: head + PLAYLISTS[kind]})
    (tmp_path / "art/a.nfo").symlink_to(tmp_path / "secret")
    description = described(tmp_path / "art", name)
    assert description.damage is not None
    assert description.picture is None


def _found(folder: Path, name: str) -> FoundFile:
    (file,) = [file for file in walk(folder, lambda *_: None).files if file.path == name]
    return file


def test_a_sidecar_that_becomes_a_link_after_the_walk_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    sample_files.fill(tmp_path / "art", {"a.png": sample_files.png(), "a.txt": b"a castle"})
    file = _found(tmp_path / "art", "a.png")
    (tmp_path / "art/a.txt").unlink()
    (tmp_path / "art/a.txt").symlink_to(tmp_path / "secret")
    description = describe(file, POOL)
    assert SECRET not in repr(description.facts)
    assert [name for name, _ in description.unread] == ["a.txt"]


@pytest.mark.parametrize("replaced", ["sub/a.txt", "sub"])
def test_a_file_or_folder_that_becomes_a_link_after_the_walk_is_not_read(
    replaced: str, tmp_path: Path
) -> None:
    sample_files.fill(tmp_path / "outside", {"a.txt": SECRET.encode()})
    sample_files.fill(tmp_path / "art", {"sub/a.txt": b"a castle"})
    file = _found(tmp_path / "art", "sub/a.txt")
    (tmp_path / "art" / replaced).rename(tmp_path / "before")
    target = {"sub": "outside", "sub/a.txt": "outside/a.txt"}[replaced]
    (tmp_path / "art" / replaced).symlink_to(tmp_path / target)
    with pytest.raises(Unusable, match="cannot be read"):
        describe(file, POOL)


@pytest.mark.parametrize(
    "inside",
    [
        f"<text>{'a' * 200_000}</text>",
        f"<style>{'url(' * 50_000}</style>",
        f"<style>{'@import' * 30_000}</style>",
        f"<path d='M0 0' style='{'url(#a' * 30_000}'/>",
        f"<text>{'&lt;svg ' * 50_000}</text>",
        f"<g {' '.join(f'a{n}=&quot;&quot;' for n in range(10))}/>".replace("&quot;", "'"),
    ],
    ids=["word", "urls", "imports", "inner urls", "roots", "attributes"],
)
def test_an_svg_of_repetitions_is_read_in_linear_time(inside: str, tmp_path: Path) -> None:
    """It would be damaged if it took more than the processor time of an SVG."""
    content = SVG.format(attributes='width="9" height="9"', inside=inside)
    sample_files.fill(tmp_path, {"a.svg": content.encode()})
    description = described(tmp_path, "a.svg")
    assert (description.damage, description.facts["width"]) == (None, 9)


@pytest.mark.parametrize(
    "content",
    [b"<svg " * 100_000, b"<svg a='" + b"url(" * 100_000, b"<svg>" + b"<g>" * 100_000],
    ids=["roots", "urls", "groups"],
)
def test_a_broken_svg_of_repetitions_is_damaged(content: bytes, tmp_path: Path) -> None:
    sample_files.fill(tmp_path, {"a.svg": content})
    damage = described(tmp_path, "a.svg").damage
    assert damage is not None
    assert damage.startswith(("is broken", "is an SVG that is nested too deeply"))


def xmp(body: str) -> bytes:
    """Return an XMP packet."""
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/">{body}</rdf:RDF></x:xmpmeta>'
    ).encode()


def test_nested_xmp_subjects_are_ignored_with_a_reason(tmp_path: Path) -> None:
    depth = 20_000
    nested = "<dc:subject><rdf:li>a" * depth + "</rdf:li></dc:subject>" * depth
    sample_files.fill(tmp_path, {"a.png": sample_files.png(), "a.xmp": xmp(nested)})
    description = described(tmp_path, "a.png")
    assert description.damage is None
    assert [reason.split(";")[0] for _, reason in description.unread] == ["is nested too deeply"]


def test_many_xmp_subjects_are_read_in_one_pass(tmp_path: Path) -> None:
    words = "".join(f"<dc:subject><rdf:li>w{n}</rdf:li></dc:subject>" for n in range(15_000))
    sample_files.fill(tmp_path, {"a.png": sample_files.png(), "a.xmp": xmp(words)})
    assert len(described(tmp_path, "a.png").facts["tags"]) == 200


@pytest.mark.parametrize(
    "texts",
    [
        {"parameters": "\n" * 900_000},
        {"parameters": "Hashes: {" * 100_000},
        {"Comment": "{}", "Description": "x", "Source": " " * 900_000 + "!"},
        {"prompt": json.dumps({str(n): {"class_type": "KSampler", "inputs": {}}
                               for n in range(10_000)})},
    ],
    ids=["newlines", "hashes", "spaces", "nodes"],
)  # fmt: skip
def test_generation_parameters_of_repetitions_are_bounded(
    texts: dict[str, str], tmp_path: Path
) -> None:
    sample_files.fill(tmp_path, {"a.png": png_with(texts)})
    description = described(tmp_path, "a.png")
    assert (description.damage, description.facts["width"]) == (None, 96)
    assert len(description.facts.get("prompt", "")) <= 200_000


def glb(content: dict[str, Any], binary: bytes = b"") -> bytes:
    """Return a glTF file of one part of JSON and one of numbers."""
    text = json.dumps({"asset": {"version": "2.0"}, "scene": 0, **content}).encode()
    text += b" " * (-len(text) % 4)
    parts = struct.pack("<I", len(text)) + b"JSON" + text
    if binary:
        parts += struct.pack("<I", len(binary)) + b"BIN\0" + binary
    return b"glTF" + struct.pack("<II", 2, 12 + len(parts)) + parts


def many_nodes(count: int, vertices: int) -> bytes:
    """Return a glTF whose only mesh is placed by `count` nodes."""
    binary = bytes(12 * vertices)
    return glb(
        {
            "scenes": [{"nodes": list(range(count))}],
            "nodes": [{"mesh": 0, "translation": [n, 0, 0]} for n in range(count)],
            "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
            "accessors": [
                {"bufferView": 0, "componentType": 5126, "count": vertices, "type": "VEC3"}
            ],
            "bufferViews": [{"buffer": 0, "byteLength": len(binary)}],
            "buffers": [{"byteLength": len(binary)}],
        },
        binary,
    )


@pytest.mark.parametrize(("nodes", "vertices"), [(100_000, 3), (3_000, 100_000)])
def test_a_model_that_unpacks_to_gigabytes_is_listed_without_a_picture(
    nodes: int, vertices: int, tmp_path: Path
) -> None:
    sample_files.fill(tmp_path, {"a.glb": many_nodes(nodes, vertices)})
    description = described(tmp_path, "a.glb")
    assert (description.damage, description.picture) == (None, None)


def _gltf_with_buffer(folder: Path, name: str) -> FoundFile:
    """Write a glTF whose first buffer is the file `name`; return what the walk finds of it."""
    files = box_files("gltf")
    model = json.loads(files.pop("box.gltf"))
    files[name] = files.pop(model["buffers"][0]["uri"])
    model["buffers"][0]["uri"] = name
    sample_files.fill(folder, {**files, "box.gltf": json.dumps(model).encode()})
    return _found(folder, "box.gltf")


@pytest.mark.parametrize(
    "name", ["users.json", "signing.key", ".env", ".hidden.bin", ".git/a.bin", "instance/a.bin"]
)
def test_a_gltf_reads_no_other_file_as_its_buffer(name: str, tmp_path: Path) -> None:
    file = _gltf_with_buffer(tmp_path, name)
    (tmp_path / "instance").mkdir(exist_ok=True)
    description = describe(file, POOL, exclude=[tmp_path / "instance"])
    assert (description.damage, description.picture) == (None, None)


@pytest.mark.parametrize("name", ["box.bin", "art/BOX.BIN", "box.glbin"])
def test_a_gltf_reads_its_buffers_below_a_folder_that_is_excluded(
    name: str, tmp_path: Path
) -> None:
    """AKIN_DATA may contain a folder that is indexed."""
    file = _gltf_with_buffer(tmp_path / "art", name)
    assert describe(file, POOL, exclude=[tmp_path]).picture is not None


@pytest.mark.parametrize("elsewhere", [False, True])
def test_the_data_folder_below_an_indexed_folder_is_not_indexed(
    elsewhere: bool, tmp_path: Path, models: Models
) -> None:
    data = tmp_path / "art/instance"
    home = tmp_path / "home" if elsewhere else data / "libraries/art"
    sample_files.fill(tmp_path / "art", {"a.png": sample_files.png()})
    own = {"users.json": b"{}", "secret-key.txt": SECRET.encode(), "references/b.png": b"\x89PNG"}
    sample_files.fill(data, own)
    lines = Lines()
    with closing(Index.open(home, create=True)) as opened:
        private = [data] if elsewhere else []
        Indexer(home, opened, models, lines, private=private).run([tmp_path / "art"])
        assert [path for _, path in opened.sources()] == ["a.png"]
    assert lines.paths == {}


@pytest.mark.parametrize("action", ["chmod", "utime", "priority", "affinity"])
def test_a_worker_changes_no_metadata_and_no_priorities(action: str, tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with WorkerPool(1, [worker_tasks.__name__]) as pool:
        if sandbox.PROCESSES not in pool.held():
            pytest.skip("this system has no seccomp")
        with (tmp_path / "a").open("rb") as file:
            done, _ = pool.run(worker_tasks.change, [file], action=action)
    assert done == {"error": "PermissionError"}


class _ForgedPool:
    """A pool whose workers return an id that leaves the folder of thumbnails."""

    def run(self, *_: object, **__: object) -> tuple[dict[str, Any], bytes]:
        facts = {"id": "asset_/../../../x"}
        return {"facts": facts, "damage": None, "unread": [], "picture": None}, b""


def test_an_id_that_a_worker_forges_is_ignored(tmp_path: Path) -> None:
    sample_files.fill(tmp_path, {"a.png": sample_files.png()})
    forged = cast("WorkerPool", _ForgedPool())
    assert describe(_found(tmp_path, "a.png"), forged).sidecar_id is None


@pytest.mark.parametrize(
    "facts", [{"width": "9"}, {"tags": "x"}, {"metadata": {"a": []}}, {"source": "x"}, []]
)
def test_metadata_of_wrong_types_from_a_worker_is_refused(facts: object) -> None:
    with pytest.raises(Failed):
        checked(facts)


def test_akin_data_itself_is_not_indexed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AKIN_DATA", str(tmp_path))
    sample_files.fill(tmp_path, {"users.json": b"{}"})
    assert main(["index", str(tmp_path), "--quiet"]) == 1
    assert "is AKIN_DATA, which contains passwords" in capsys.readouterr().err


def test_an_uploaded_image_reaches_the_web_process_small() -> None:
    """89 million pixels of a small file are decoded in a worker, whose memory is limited."""
    image = Image.new("RGB", (9450, 9450), "tomato")
    content = sample_files.encoded(image, "WEBP", lossless=True)
    assert len(content) < 50_000
    assert Models.decode(content).size == (512, 512)


def test_one_file_costs_itself_and_the_others_are_indexed(tmp_path: Path, models: Models) -> None:
    sample_files.fill(
        tmp_path / "art",
        {
            "a.png": sample_files.png(),
            "bomb.png": sample_files.bomb(),
            "deep.svg": SVG.format(attributes="", inside="<g>" * 9000).encode(),
            "key.aac": PLAYLISTS["concat"],
            "nodes.glb": many_nodes(20_000, 3),
            "z.png": sample_files.png("navy"),
        },
    )
    documents, lines = index(tmp_path / "art", models)
    assert set(documents) == {"a.png", "bomb.png", "deep.svg", "nodes.glb", "z.png"}
    assert {path: line.partition(":")[0] for path, line in lines.items()} == {
        "bomb.png": "damaged",
        "deep.svg": "damaged",
        "key.aac": "skipped",
    }
