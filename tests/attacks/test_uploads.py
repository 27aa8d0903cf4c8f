"""Attacks by uploads: content that runs, fills the disk, or reveals data of others."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from typing import TYPE_CHECKING

import pytest
from PIL import Image, PngImagePlugin

from tests.support.scenario_api import FakeAPI, make_app

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

SCRIPT = b"<script>alert(document.domain)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
XXE = (
    b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    b'<svg xmlns="http://www.w3.org/2000/svg"><text>&x;</text></svg>'
)


FORM = "multipart/form-data; boundary=b"


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), **options: object) -> bytes:
    """A valid image."""
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 60)).save(out, kind, **options)
    return out.getvalue()


def upload(client: FlaskClient, content: bytes, name: str = "a.png") -> TestResponse:
    """Send a file by the upload form."""
    return client.post("/references", data={"image": (io.BytesIO(content), name)})


def stored_files(folder: Path) -> list[Path]:
    """Return every file below a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def chunk(name: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_of(width: int, height: int) -> bytes:
    """Return a PNG of a few hundred bytes whose header names so many pixels."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + head
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def webp_of(width: int, height: int) -> bytes:
    """A WebP of 34 bytes that says it has so many pixels, all of them black."""
    bits = struct.pack("<I", (width - 1) | (height - 1) << 14)
    body = b"WEBPVP8L" + struct.pack("<I", 13) + b"\x2f" + bits + bytes(9)
    return (b"RIFF" + struct.pack("<I", len(body)) + body)[:34]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (SVG, "a.svg"),
        (SVG, "a.png"),
        (XXE, "a.svg"),
        (SCRIPT, "a.html"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) (w) file\n", "a.png"),
        (b"%PDF-1.7\n", "a.png"),
        (b"#define x_width 9\n#define x_height 9\nstatic char x_bits[] = {0};", "a.png"),
        (b"\x00\x00\x01\x00\x01\x00" + bytes(16), "a.ico"),
        (b"\x7fELF" + bytes(100), "a.png"),
        (b"PK\x03\x04" + bytes(100), "a.png"),
        (picture()[:60], "a.png"),
        (picture("JPEG")[:300], "a.jpg"),
        (b"GIF89a" + SCRIPT, "a.gif"),
        (png_of(60_000, 60_000), "bomb.png"),
        (webp_of(9450, 9450), "bomb.webp"),
        (png_of(2**31 - 1, 1), "wide.png"),
        (png_of(0, 0), "nothing.png"),
        (b"", "a.png"),
    ],
)
def test_other_content_is_refused(
    client: FlaskClient, tmp_path: Path, content: bytes, name: str
) -> None:
    """Documents, programs, bombs and truncated images get 400, and nothing is stored."""
    answer = upload(client, content, name)
    assert answer.status_code == 400
    assert stored_files(tmp_path) == []


def test_decoding_is_bounded_by_bytes_and_leaves_no_trace(client: FlaskClient) -> None:
    """A small file that unpacks to gigabytes is refused by its header, for what its format takes.

    Large images in the same process are not affected: neither a filter of warnings nor a limit of
    Pillow has changed, as they belong to the process.
    """
    before = (list(warnings.filters), Image.MAX_IMAGE_PIXELS)
    answer = upload(client, webp_of(9450, 9450), "bomb.webp")
    assert (answer.status_code, "may have at most" in answer.text) == (400, True)
    large = io.BytesIO()
    Image.new("1", (9500, 9500)).save(large, "PNG")  # more than Pillow warns of
    assert upload(client, large.getvalue()).status_code == 303
    assert (list(warnings.filters), Image.MAX_IMAGE_PIXELS) == before


@pytest.mark.parametrize("kind", ["GIF", "PNG", "JPEG", "BMP"])
def test_polyglot_is_encoded_again(client: FlaskClient, tmp_path: Path, kind: str) -> None:
    """An image that is a page as well is served as an image only."""
    answer = upload(client, picture(kind) + SCRIPT, "page.html")
    assert answer.status_code == 303
    [path] = stored_files(tmp_path)
    assert b"script" not in path.read_bytes()
    shown = client.get(f"/references/{path.name}")
    assert shown.headers["Content-Type"] in {"image/png", "image/jpeg"}
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert b"script" not in shown.data


def test_metadata_is_removed(client: FlaskClient, tmp_path: Path) -> None:
    """Location, author, comments and profiles of an image are removed."""
    exif = Image.Exif()
    exif[0x013B] = "Ada Artist"
    exif[0x8825] = {1: "N", 2: (52.0, 30.0, 0.0)}
    exif[0x9286] = SCRIPT.decode()
    photo = picture("JPEG", exif=exif, comment=SCRIPT, icc_profile=b"Ada's profile" * 20)
    notes = PngImagePlugin.PngInfo()
    notes.add_text("parameters", "the secret prompt of Ada")
    notes.add_itxt("XML:com.adobe.xmp", SCRIPT.decode())
    drawing = picture("PNG", size=(41, 30), pnginfo=notes)
    assert [upload(client, each).status_code for each in (photo, drawing)] == [303, 303]
    files = stored_files(tmp_path)
    assert len(files) == 2
    for path in files:
        content = path.read_bytes()
        assert not any(word in content for word in (b"Ada", b"script", b"Exif", b"prompt"))
        with Image.open(io.BytesIO(content)) as reopened:
            assert dict(reopened.getexif()) == {}
            assert set(reopened.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize(
    "name",
    [
        "../../../../etc/cron.d/evil",
        "..\\..\\evil.png",
        "/etc/passwd",
        "C:\\evil.png",
        "a\x00.png",
        "x" * 5000,
        "con",
        ".htaccess",
        "\u202egnp.exe",
    ],
)
def test_file_name_is_ignored(client: FlaskClient, tmp_path: Path, name: str) -> None:
    """A file is stored under its content's hash, in the folder of references only."""
    answer = upload(client, picture(), name)
    assert answer.status_code == 303
    [path] = stored_files(tmp_path)
    assert path.parent.parent == tmp_path / "data" / "references"
    assert path.name.startswith("ref_")


@pytest.mark.parametrize(
    "name",
    [
        "..%2f..%2fusers.json",
        "ref_..%2f..%2fsecret-key",
        "%2e%2e",
        "ref_" + "0" * 31 + "%00",
        "ref_" + "g" * 32,
        "ref_" + "0" * 32 + ".png",
    ],
)
def test_reference_is_no_path(client: FlaskClient, tmp_path: Path, name: str) -> None:
    """The name of a reference opens no other file."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "users.json").write_text("secret")
    (tmp_path / "data" / "secret-key").write_text("secret")
    answer = client.get(f"/references/{name}")
    assert answer.status_code == 404
    assert b'"secret"' not in answer.data


@pytest.mark.parametrize("field", ['name="image"; filename="a.png"', 'name="search"'])
def test_too_large(client: FlaskClient, tmp_path: Path, field: str) -> None:
    """A form that is too large is not read, in whatever field the data is."""
    part = f"--b\r\nContent-Disposition: form-data; {field}\r\n\r\n{'x' * 2_100_000}\r\n--b--\r\n"
    answer = client.post("/references", data=part, content_type=FORM)
    assert answer.status_code == 413
    assert stored_files(tmp_path) == []


def test_too_many_parts(client: FlaskClient) -> None:
    """A form of twenty thousand fields is refused."""
    part = '--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n1\r\n'
    answer = client.post("/references", data=part * 20_000 + "--b--\r\n", content_type=FORM)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\n"),
        ("multipart/form-data; boundary=" + "b" * 5000, b"--b"),
        ("application/json", b'{"image": "x"}'),
        ("text/plain", b"image=x"),
        ("", b"\xff\xfe"),
    ],
)
def test_broken_forms(client: FlaskClient, content_type: str, body: bytes) -> None:
    """An incomplete form contains no image."""
    answer = client.post("/references", data=body, content_type=content_type)
    assert answer.status_code in {400, 413}


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "http://127.0.0.1:8000/metrics",
        "http://localhost/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://2130706433/",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "http://api.invalid/v1/collections",
        "https://pictures.example.evil.example/a.png",
        "https://pictures.example@evil.example/a.png",
        "https://evil.example#@pictures.example/a.png",
        "https://evil.example\\@pictures.example/a.png",
        "https://evil.example\\.pictures.example/a.png",
        "https://pictures.example:8443/a.png",
        "http://pictures.example/a.png",
        "//pictures.example/a.png",
        "/library/v1/collections",
        "https://pictures\u3002example.evil/a.png",
        "javascript:alert(1)",
        "https://",
        "https://[",
    ],
)
def test_only_named_origins_are_fetched_from(tmp_path: Path, api: FakeAPI, address: str) -> None:
    """A pasted URL causes no request to internal servers."""
    origins = ("https://pictures.example",)
    client = make_app(api, tmp_path, reference_origins=origins).test_client()
    answer = client.post("/references", data={"address": address})
    assert answer.status_code == 400
    assert api.requests == []
