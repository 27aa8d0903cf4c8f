"""Signed URLs, originals, transforms and thumbnails; and files that are never served."""

from __future__ import annotations

import io
import os
import re
import shutil
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from library.api import image_transforms
from library.api.asset_files import has_file
from library.api.files import FileRoutes
from library.api.routes import error_response
from library.api.signed_urls import Signer, expiry
from library.errors import Busy, Forbidden
from library.formats.isolation.decoding import WORKERS
from library.schema.documents import Document, SourceFile
from library.store.blobs import thumbnail_name
from library.store.index import Index
from tests.support import sample_files

SIGNER = Signer(b"s" * 32, "/library")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SHA256 = "0123456789abcdef" * 4


def _source(folder: Path, path: str) -> SourceFile:
    """Return the file as the indexer stores it."""
    status = (folder / path).lstat() if (folder / path).exists() else folder.stat()
    return SourceFile(
        root=str(folder),
        path=path,
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        sha256=SHA256,
    )


def _document(folder: Path, path: str, mime: str, kind: str = "image") -> Document:
    return Document(
        id=f"asset_{path.replace('.', '')}",
        source=_source(folder, path),
        kind=kind,
        type="uploaded",
        mimeType=mime,
        createdAt="2026-01-01T00:00:00.000Z",
        updatedAt="2026-01-01T00:00:00.000Z",
        name=path,
    )


class Documents:
    """The part of the index that serving files uses."""

    def __init__(self, documents: list[Document]) -> None:
        self._by_id = {document.id: document for document in documents}

    def document(self, id: str) -> Document | None:  # noqa: A002 - as the index has it
        return self._by_id.get(id)

    def source(self, id: str) -> SourceFile | None:  # noqa: A002 - as the index has it
        document = self.document(id)
        return None if document is None else document.source


def _app(home: Path, documents: list[Document]) -> Flask:
    """Return an application with only the routes of files."""
    app = Flask(__name__)
    app.register_error_handler(Exception, error_response)
    app.register_blueprint(FileRoutes(home, Documents(documents), lambda: SIGNER).blueprint())
    return app


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return sample_files.fill(
        tmp_path / "art",
        {
            "a.png": sample_files.png(size=(400, 200)),
            "s.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
            "v.mp4": bytes(range(256)) * 8,
            "m.glb": b"glTF",
            "not-indexed.png": sample_files.png(),
        },
    )


@pytest.fixture
def client(folder: Path, tmp_path: Path) -> FlaskClient:
    (tmp_path / "secret.png").write_bytes(sample_files.png())
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    documents = [
        _document(folder, "a.png", "image/png"),
        _document(folder, "s.svg", "image/svg+xml"),
        _document(folder, "v.mp4", "video/mp4", "video"),
        _document(folder, "m.glb", "model/gltf-binary", "3d"),
        _document(folder, "link.png", "image/png"),
        _document(folder, "../secret.png", "image/png"),
        _document(folder, "gone.png", "image/png"),
    ]
    thumbnail = tmp_path / thumbnail_name("asset_apng")
    sample_files.fill(
        thumbnail.parent, {thumbnail.name: sample_files.encoded(sample_files.picture(), "WEBP")}
    )
    return _app(tmp_path, documents).test_client()


def _path(url: str) -> str:
    return url.removeprefix("/library")


def test_signed_urls_have_the_format_of_the_api() -> None:
    url = urlsplit(SIGNER.transform("asset_x", SHA256, now=NOW))
    query = parse_qs(url.query)
    assert url.path == "/library/assets-transform/asset_x"
    assert list(query) == ["p", "v", "Policy", "Key-Pair-Id", "Signature"]
    assert not set("+=/") & set(query["Policy"][0] + query["Signature"][0])
    assert SIGNER.transform("asset_x", SHA256, now=NOW) == SIGNER.transform(
        "asset_x", SHA256, now=NOW.replace(day=30)
    )


@pytest.mark.parametrize(
    ("day", "until"),
    [("2026-01-01", "2026-01-15"), ("2026-01-07T23:59:59", "2026-01-15"),
     ("2026-01-08", "2026-01-22"), ("2026-01-14T23:59:59.999999", "2026-01-22"),
     ("2026-02-15", "2026-03-01"), ("2028-02-21", "2028-03-01"),
     ("2026-01-22", "2026-02-08"), ("2026-12-31T23:59:59", "2027-01-08")],
)  # fmt: skip
def test_urls_expire_on_the_rolling_calendar(day: str, until: str) -> None:
    """At the end of the 14th, the 21st, the month, or the next 7th."""
    assert expiry(datetime.fromisoformat(day).replace(tzinfo=UTC)) == datetime.fromisoformat(
        until
    ).replace(tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC), max_value=datetime(9990, 1, 1)))
def test_urls_are_valid_for_at_least_a_day(now: datetime) -> None:
    assert (expiry(now) - now).total_seconds() >= 24 * 3600


@given(st.integers(0, 2000), st.characters(codec="ascii", categories=["L", "N", "P"]))
def test_no_changed_character_of_a_signed_query_is_accepted(index: int, character: str) -> None:
    url = urlsplit(_path(SIGNER.original("asset_x", SHA256, now=NOW)))
    index %= len(url.query)
    if url.query[index] == character:
        return
    changed = url.query[:index] + character + url.query[index + 1 :]
    with pytest.raises(Forbidden):
        SIGNER.verify(url.path, changed, now=NOW)


@pytest.mark.parametrize("base", ["", "/library", "https://files.example"])
def test_a_slash_at_the_end_of_the_base_makes_no_difference(base: str) -> None:
    urls = [Signer(b"s" * 32, each).thumbnail("asset_x", SHA256) for each in (base, f"{base}/")]
    assert [url.partition("?")[0] for url in urls] == [f"{base}/thumbnails/asset_x"] * 2


def test_an_invalid_url_is_refused_with_the_reason() -> None:
    url = urlsplit(_path(SIGNER.original("asset_x", SHA256, now=NOW)))
    late = datetime(2026, 12, 8, tzinfo=UTC)
    foreign = urlsplit(
        _path(Signer(b"t" * 32, "/library").original("asset_x", SHA256, now=NOW))
    ).query
    cases = [
        (url.path, url.query, late, "expired"),
        ("/assets/asset_y", url.query, NOW, "another path"),
        ("/assets-transform/asset_x", url.query, NOW, "another path"),
        (url.path, "", NOW, "not signed"),
        (url.path, foreign, NOW, "does not match"),
        (url.path, url.query.replace("Policy=", "Policy=!"), NOW, "cannot be read"),
        (url.path, f"{url.query}{'&width=9' * 64}", NOW, "more than 64 parameters"),
        (url.path, f"width=9&{url.query}", NOW, "begin"),
        (url.path, re.sub("Key-Pair-Id=K", "Key-Pair-Id=L", url.query), NOW, "Key-Pair-Id"),
        (url.path, f"{url.query}&Key-Pair-Id=", NOW, "Key-Pair-Id"),
        (url.path, url.query.replace("p=100&", "p=1000&"), NOW, "begin"),
    ]
    for path, query, now, reason in cases:
        with pytest.raises(Forbidden, match=reason):
            SIGNER.verify(path, query, now=now)
    assert SIGNER.verify(url.path, f"{url.query}&width=9", now=NOW) == late


def test_an_original_is_served_unchanged(client: FlaskClient, folder: Path) -> None:
    response = client.get(_path(SIGNER.original("asset_apng", SHA256)))
    assert (response.status_code, response.mimetype) == (200, "image/png")
    assert response.data == (folder / "a.png").read_bytes()
    assert response.content_length == len(response.data)
    changed = datetime.fromtimestamp(int((folder / "a.png").stat().st_mtime), UTC)
    assert response.last_modified == changed
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    cached = re.fullmatch(
        r"private, max-age=([0-9]+), immutable", response.headers["Cache-Control"]
    )
    assert cached
    assert 24 * 3600 < int(cached[1]) < 32 * 24 * 3600  # while its URL is valid
    again = client.get(
        _path(SIGNER.original("asset_apng", SHA256)),
        headers={"If-None-Match": response.headers["ETag"]},
    )
    assert (again.status_code, again.data) == (304, b"")


def test_the_url_of_another_content_is_not_cached_by_a_browser(client: FlaskClient) -> None:
    """The response has another content than the URL names, so it must be loaded again."""
    for sign in (SIGNER.original, SIGNER.transform, SIGNER.thumbnail):
        for sha256, cached in ((SHA256, True), ("f" * 64, False), ("", False)):
            url = _path(sign("asset_apng", sha256))
            for parameters in ("", "&width=20") if "transform" in url else ("",):
                with client.get(url + parameters) as response:
                    control = response.headers["Cache-Control"]
                    assert (response.status_code, "immutable" in control) == (200, cached)
                    assert ("no-cache" in control) is not cached


def test_a_file_that_changed_since_it_was_indexed_is_not_cached(
    client: FlaskClient, folder: Path
) -> None:
    """Neither by a browser nor as a transform: the URL still names what was indexed."""
    size = (30, 20)
    (folder / "a.png").write_bytes(sample_files.png(size=size))
    resized = _path(SIGNER.transform("asset_apng", SHA256)) + "&greyscale=true"
    for url in (_path(SIGNER.original("asset_apng", SHA256)), resized):
        with client.get(url) as response:
            assert response.headers["Cache-Control"] == "private, no-cache"
            with Image.open(io.BytesIO(response.data)) as image:
                assert image.size == size
    (folder / "a.png").write_bytes(sample_files.png(size=(12, 10)))
    with Image.open(io.BytesIO(client.get(resized).data)) as image:
        assert image.size == (12, 10)


def test_a_head_request_returns_no_content(client: FlaskClient, folder: Path) -> None:
    response = client.head(_path(SIGNER.original("asset_vmp4", SHA256)))
    size = (folder / "v.mp4").stat().st_size
    assert (response.status_code, response.data, response.content_length) == (200, b"", size)


def test_a_cached_transform_is_not_sent_again(client: FlaskClient) -> None:
    url = _path(SIGNER.transform("asset_apng", SHA256)) + "&width=20"
    tag = client.get(url).headers["ETag"]
    again = client.get(url, headers={"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)


def test_other_files_are_converted_from_their_thumbnail(folder: Path, tmp_path: Path) -> None:
    """A video and an SVG. A missing thumbnail or a broken image is a 404."""
    kinds = {
        "v.mp4": ("video/mp4", "video"),
        "s.svg": ("image/svg+xml", "image"),
        "m.glb": ("model/gltf-binary", "3d"),
        "broken.png": ("image/png", "image"),
    }
    (folder / "broken.png").write_bytes(b"\x89PNG broken")
    documents = {name: _document(folder, name, *kind) for name, kind in kinds.items()}
    for name in ("v.mp4", "s.svg"):
        thumbnail = tmp_path / thumbnail_name(documents[name].id)
        content = sample_files.encoded(sample_files.picture(), "WEBP")
        sample_files.fill(thumbnail.parent, {thumbnail.name: content})
    app = _app(tmp_path, [*documents.values()])
    responses = {
        name: app.test_client().get(
            _path(SIGNER.transform(document.id, SHA256)) + "&width=48&format=png"
        )
        for name, document in documents.items()
    }
    assert [response.status_code for response in responses.values()] == [200, 200, 404, 404]
    for name in ("v.mp4", "s.svg"):
        with Image.open(io.BytesIO(responses[name].data)) as image:
            assert image.size == (48, 32)
    assert responses["m.glb"].get_json()["error"] == "There is no picture of this asset"
    assert responses["broken.png"].get_json()["error"].startswith("The file of this asset is ")


def test_a_drawing_is_converted_with_its_margins(folder: Path, tmp_path: Path) -> None:
    """Its thumbnail has the visible part alone."""
    document = _document(folder, "s.svg", "image/svg+xml", "image")
    document = replace(document, visible=(10, 5, 40, 35, 60, 45), lightness=0.0)
    thumbnail = tmp_path / thumbnail_name(document.id)
    content = sample_files.encoded(Image.new("RGBA", (30, 30), "black"), "WEBP")
    sample_files.fill(thumbnail.parent, {thumbnail.name: content})
    client = _app(tmp_path, [document]).test_client()
    response = client.get(_path(SIGNER.transform(document.id, SHA256)) + "&width=60&format=png")
    with Image.open(io.BytesIO(response.data)) as image:
        assert image.size == (60, 45)
        assert image.getchannel("A").getbbox() == (10, 5, 40, 35)


@pytest.mark.parametrize(
    ("path", "mime", "name"),
    [
        ("notes", "text/plain", "notes.txt"),
        ("below/notes.md", "text/markdown", "notes.md"),
        ("bl\xe9.glb", "model/gltf-binary", "ble.glb; filename*=UTF-8''bl%C3%A9.glb"),
    ],
)
def test_a_file_is_saved_under_its_name(
    folder: Path, tmp_path: Path, path: str, mime: str, name: str
) -> None:
    """Without its folders, with the suffix of its type, and in letters of any script."""
    sample_files.fill(folder, {path: b"x"})
    document = replace(_document(folder, path, mime), id="asset_f")
    app = _app(tmp_path, [document])
    with app.test_client().get(
        _path(SIGNER.original("asset_f", SHA256)) + "&download=true"
    ) as response:
        assert response.headers["Content-Disposition"] == f"attachment; filename={name}"


def test_ranges_of_a_video_are_served(client: FlaskClient, folder: Path) -> None:
    url = _path(SIGNER.original("asset_vmp4", SHA256))
    content = (folder / "v.mp4").read_bytes()
    with client.get(url, headers={"Range": "bytes=300-399"}) as part:
        assert (part.status_code, part.data) == (206, content[300:400])
        assert part.headers["Content-Range"] == f"bytes 300-399/{len(content)}"
    with client.get(url, headers={"Range": "bytes=-5"}) as part:
        assert part.data == content[-5:]
    beyond = client.get(url, headers={"Range": "bytes=9999-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(content)}")


@pytest.mark.parametrize("header", ["bytes=0-1,4-5", "bytes=x", "bytes=9-5", "lines=0-1", "x"])
def test_all_is_served_for_a_range_that_is_not_a_single_one_of_bytes(
    client: FlaskClient, folder: Path, header: str
) -> None:
    response = client.get(_path(SIGNER.original("asset_vmp4", SHA256)), headers={"Range": header})
    assert (response.status_code, response.data) == (200, (folder / "v.mp4").read_bytes())


@pytest.mark.parametrize("parameters", ["width=20", "format=webp", "download=true&height=9"])
def test_an_original_takes_no_transform_parameters(client: FlaskClient, parameters: str) -> None:
    response = client.get(f"{_path(SIGNER.original('asset_apng', SHA256))}&{parameters}")
    assert (response.status_code, response.get_json()["code"]) == (403, "FORBIDDEN")
    assert "/assets-transform/" in response.get_json()["error"]


def test_served_files_cannot_run_scripts(client: FlaskClient) -> None:
    svg = client.get(_path(SIGNER.original("asset_ssvg", SHA256)), buffered=True)
    assert svg.mimetype == "image/svg+xml"
    directives = svg.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "sandbox"} <= set(directives)
    assert [each for each in directives if "script" in each] == []
    model = client.get(_path(SIGNER.original("asset_mglb", SHA256)), buffered=True)
    assert model.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "asset", ["asset_linkpng", "asset_/secretpng", "asset_gonepng", "asset_none"]
)
def test_links_other_folders_and_missing_files_are_not_served(
    client: FlaskClient, asset: str
) -> None:
    resized = SIGNER.transform(asset, SHA256) + "&width=20"
    for url in (SIGNER.original(asset, SHA256), SIGNER.transform(asset, SHA256), resized):
        response = client.get(_path(url))
        assert response.status_code == 404


def test_only_regular_files_of_the_folder_are_served(folder: Path, tmp_path: Path) -> None:
    """No file through a link or a parent folder, no folder, and no pipe, which would block."""
    sample_files.fill(tmp_path / "elsewhere", {"secret.png": sample_files.png()})
    (folder / "out").symlink_to(tmp_path / "elsewhere")
    (folder / "folder.png").mkdir()
    os.mkfifo(folder / "pipe.png")
    paths = ("a.png", "out/secret.png", "../elsewhere/secret.png", "folder.png", "pipe.png")
    documents = [
        replace(_document(folder, path, "image/png"), id=f"asset_{number}")
        for number, path in enumerate(paths)
    ]
    app = _app(tmp_path, documents)
    for served, document in zip([True, False, False, False, False], documents, strict=True):
        assert has_file(document) is served
        for url in (
            SIGNER.original(document.id, SHA256),
            SIGNER.transform(document.id, SHA256) + "&width=20",
        ):
            with app.test_client().get(_path(url)) as response:
                assert response.status_code == (200 if served else 404)


@pytest.mark.parametrize(
    ("mime", "disposition"),
    [
        ("image/png", "inline"),
        ("audio/mpeg", "inline"),
        ("video/mp4", "inline"),
        ("text/plain", "inline"),
        ("application/json", "inline"),
        ("application/pdf", "inline"),
        ("text/html", "attachment"),
        ("application/xhtml+xml", "attachment"),
        ("model/gltf-binary", "attachment"),
        ("application/zip", "attachment"),
    ],
)
def test_types_that_a_browser_would_run_or_cannot_display_are_downloads(
    folder: Path, tmp_path: Path, mime: str, disposition: str
) -> None:
    document = replace(_document(folder, "m.glb", mime), id="asset_m")
    app = _app(tmp_path, [document])
    with app.test_client().get(_path(SIGNER.original(document.id, SHA256))) as response:
        kind = response.headers["Content-Disposition"].partition(";")[0]
        assert (response.mimetype, kind) == (mime, disposition)
        assert ("Content-Security-Policy" in response.headers) == (mime != "application/pdf")


def test_a_download_has_a_name_outside_of_ascii(folder: Path, tmp_path: Path) -> None:
    sample_files.fill(folder, {'замок "1"\n.glb': b"glTF"})
    document = replace(
        _document(folder, 'замок "1"\n.glb', "model/gltf-binary", "3d"), id="asset_a"
    )
    app = _app(tmp_path, [document])
    response = app.test_client().get(_path(SIGNER.original(document.id, SHA256)), buffered=True)
    header = response.headers["Content-Disposition"]
    assert 'filename="_____ \\"1\\"_.glb"' in header
    assert (response.status_code, "filename*=UTF-8''%D0%B7" in header, "\n" in header) == (
        200,
        True,
        False,
    )


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (SIGNER.original("asset_apng", SHA256), "a.png"),
        (SIGNER.transform("asset_apng", SHA256) + "&format=webp", "a.webp"),
        (SIGNER.original("asset_ssvg", SHA256), "s.svg"),
    ],
)
def test_a_file_is_a_download_where_requested(client: FlaskClient, url: str, name: str) -> None:
    """The browser stays on its page, and the download has the file's name."""
    shown = client.get(_path(url), buffered=True)
    assert "attachment" not in shown.headers.get("Content-Disposition", "")
    saved = client.get(f"{_path(url)}&download=true", buffered=True)
    assert (saved.status_code, saved.headers["Content-Disposition"], saved.data) == (
        200,
        f"attachment; filename={name}",
        shown.data,
    )


def test_a_tampered_url_is_a_403_in_json(client: FlaskClient) -> None:
    response = client.get("/assets/asset_apng?p=100&Policy=x&Signature=y&Key-Pair-Id=z")
    assert (response.status_code, response.get_json()["code"]) == (403, "FORBIDDEN")
    assert client.get("/thumbnails/asset_apng").status_code == 403
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("parameters", "mime", "size"),
    [
        ("width=100", "image/png", (100, 50)),
        ("height=20&format=webp", "image/webp", (40, 20)),
        ("width=100&height=100", "image/png", (100, 100)),
        ("width=100&height=100&fit=inside&format=jpeg", "image/jpeg", (100, 50)),
        ("width=100&height=100&fit=outside", "image/png", (200, 100)),
        ("width=100&height=100&fit=contain", "image/png", (100, 100)),
        ("width=100&height=100&fit=fill&format=avif", "image/avif", (100, 100)),
        ("width=4000", "image/png", (400, 200)),
        ("width=4000&height=4000", "image/png", (200, 200)),
        ("format=jpg", "image/jpeg", (400, 200)),
    ],
)
def test_transforms_resize_and_convert_and_never_enlarge(
    client: FlaskClient, parameters: str, mime: str, size: tuple[int, int]
) -> None:
    response = client.get(f"{_path(SIGNER.transform('asset_apng', SHA256))}&{parameters}")
    assert (response.status_code, response.mimetype) == (200, mime)
    with Image.open(io.BytesIO(response.data)) as image:
        assert image.size == size
    assert (
        client.get(f"{_path(SIGNER.transform('asset_apng', SHA256))}&{parameters}").data
        == response.data
    )


def test_a_transform_without_an_idle_worker_is_a_503(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, patience: float, **__: object) -> None:
        assert patience == 10
        raise Busy("busy")

    monkeypatch.setattr(WORKERS, "run", busy)
    response = client.get(f"{_path(SIGNER.transform('asset_apng', SHA256))}&width=7")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "10")


def test_auto_format_depends_on_the_accept_header(client: FlaskClient) -> None:
    url = _path(SIGNER.transform("asset_apng", SHA256)) + "&format=auto"
    responses = [client.get(url, headers={"Accept": a}) for a in ("image/webp,*/*", "text/css")]
    assert [response.mimetype for response in responses] == ["image/webp", "image/jpeg"]
    assert [response.headers["Vary"] for response in responses] == ["Accept", "Accept"]


def test_flatten_grey_and_blur(client: FlaskClient) -> None:
    def pixel(parameters: str) -> Any:
        response = client.get(f"{_path(SIGNER.transform('asset_apng', SHA256))}&{parameters}")
        with Image.open(io.BytesIO(response.data)) as image:
            return (
                image.getpixel((0, 0))
                if "greyscale" not in parameters
                else image.getpixel((200, 100))
            )

    assert pixel("format=png&background=ff0000") == (255, 0, 0)
    assert pixel("format=png&flatten=true") == (255, 255, 255)
    assert pixel("format=jpeg") == (255, 255, 255)
    red, green, blue, _ = pixel("greyscale=true&blur=2")
    assert red == green == blue


@pytest.mark.parametrize(
    "parameters",
    ["width=0", "width=4097", "width=²", "width=1e3", "height=-1", "quality=101", "quality=x",
     "format=gif", "fit=best", "blur=-1", "blur=nan", "background=notacolour", "width=99999999999"],
)  # fmt: skip
def test_transform_parameters_out_of_range_are_a_400(client: FlaskClient, parameters: str) -> None:
    response = client.get(f"{_path(SIGNER.transform('asset_apng', SHA256))}&{parameters}")
    assert (response.status_code, response.get_json()["code"]) == (400, "BAD_REQUEST")
    assert parameters.split("=", maxsplit=1)[0] in response.get_json()["error"]


def test_a_transform_without_parameters_is_the_original(client: FlaskClient, folder: Path) -> None:
    assert (
        client.get(_path(SIGNER.transform("asset_apng", SHA256))).data
        == (folder / "a.png").read_bytes()
    )


def test_a_thumbnail_is_served(client: FlaskClient) -> None:
    response = client.get(_path(SIGNER.thumbnail("asset_apng", SHA256)))
    assert (response.status_code, response.mimetype) == (200, "image/webp")
    assert client.get(_path(SIGNER.thumbnail("asset_vmp4", SHA256))).status_code == 404


def test_a_missing_folder_is_a_404(client: FlaskClient, folder: Path) -> None:
    shutil.rmtree(folder)
    response = client.get(_path(SIGNER.original("asset_apng", SHA256)))
    assert response.status_code == 404
    assert "index the folder again" in response.get_json()["error"]


def test_stored_transforms_stay_below_the_limit(tmp_path: Path) -> None:
    cache = image_transforms.Cache(tmp_path, limit=1000)
    content = image_transforms.Rendition(b"x" * 100, "image/png")
    for number in range(300):
        assert (
            cache.get(f"asset_{number}", image_transforms.Transform(), lambda: content) == content
        )
    cache.sweep()
    stored = sum(path.stat().st_size for path in tmp_path.glob("*/*"))
    assert 0 < stored <= 1000


def test_a_transform_that_cannot_be_stored_is_returned(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = image_transforms.Cache(tmp_path / "file" / "below")
    content = image_transforms.Rendition(b"content", "image/webp")
    assert cache.get("asset_x", image_transforms.Transform(), lambda: content) == content


def test_the_index_returns_none_for_an_unknown_asset(tmp_path: Path) -> None:
    with closing(Index.open(tmp_path, create=True)) as index:
        assert index.document("asset_none") is None
