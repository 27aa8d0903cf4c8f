"""Originals under their own names, for programs; and the folder of a file on this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from app.errors import NoFileManager
from app.services import file_manager
from tests.support.programs import write_program
from tests.support.scenario_api import CDN, Reply, answer, asset_id, make_app, make_app_with_cdn

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.scenario_api import FakeAPI

PICTURE = asset_id(16)
FILE = f"/assets/{PICTURE}/file/any name.png"
COMFYUI = {"Origin": "http://127.0.0.1:8188", "Sec-Fetch-Site": "same-site"}
BYTES = b"the bytes of a picture"


def test_a_file_of_another_server_is_sent_under_its_name(api: FakeAPI, tmp_path: Path) -> None:
    api.always(answer({"url": f"{CDN}/a-file"}), on=f"/v1/assets/{PICTURE}/download")
    api.always(Reply(200, BYTES, {"content-type": "text/html"}), on="/a-file")
    with make_app_with_cdn(api, tmp_path).test_client() as client:
        response = client.get(FILE, buffered=True)
    assert (response.status_code, response.data) == (200, BYTES)
    assert response.mimetype == "image/png"  # as the API states, not the other server
    assert response.headers["Content-Disposition"].startswith("inline; filename=")
    assert "sandbox" in response.headers["Content-Security-Policy"]


def test_a_library_in_this_process_sends_it_itself(api: FakeAPI, tmp_path: Path) -> None:
    url = f"/library/assets/{PICTURE}?Signature=x"
    api.always(answer({"url": url}), on=f"/v1/assets/{PICTURE}/download")
    client = make_app(api, tmp_path, by_library=True).test_client()
    response = client.get(FILE)
    assert (response.status_code, response.location) == (302, url)


@pytest.mark.parametrize(
    ("origin", "site", "status"),
    [
        ("http://127.0.0.1:8188", "same-site", 200),
        ("http://localhost:8188", "cross-site", 200),
        ("https://example.com", "cross-site", 403),
        ("null", "cross-site", 403),
    ],
)
def test_programs_on_this_machine_may_read_it(
    api: FakeAPI, tmp_path: Path, origin: str, site: str, status: int
) -> None:
    """ComfyUI requests the address that is dropped on its page."""
    client = make_app_with_cdn(api, tmp_path).test_client()
    headers = {"Origin": origin, "Sec-Fetch-Site": site, "Sec-Fetch-Mode": "cors"}
    response = client.get(FILE, headers=headers, buffered=True)
    assert response.status_code == status
    allowed = origin if status == 200 else None
    assert response.headers.get("Access-Control-Allow-Origin") == allowed
    # Only the file: no search, no page.
    assert client.get("/search.json?query=a", headers=headers).status_code == 403


def test_where_people_sign_in_no_other_page_reads_it(api: FakeAPI, tmp_path: Path) -> None:
    app = make_app_with_cdn(api, tmp_path, auth="proxy", proxies=("127.0.0.1",))
    headers = {**COMFYUI, "X-Forwarded-User": "ada", "Sec-Fetch-Mode": "cors"}
    assert app.test_client().get(FILE, headers=headers).status_code == 403


def test_the_path_is_shown_on_the_machine_of_the_files(api: FakeAPI, tmp_path: Path) -> None:
    api.always(answer({"path": "/art/it is.png"}), on=f"/v1/library/files/{PICTURE}")
    local = make_app(api, tmp_path, by_library=True).test_client()
    assert "/art/it is.png" in local.get(f"/assets/{PICTURE}").text
    remote = make_app(api, tmp_path).test_client()
    assert "/art/it is.png" not in remote.get(f"/assets/{PICTURE}").text
    refused = remote.post(f"/assets/{PICTURE}/show-in-folder", headers={"Cookie": ""})
    assert refused.status_code == 404


def test_the_folder_is_opened_with_the_file_selected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the desktop's own interface; else the folder alone; else the path is named."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), "/bin", "/usr/bin"]))
    file = tmp_path / "a,b 'c'.png"
    first = write_program(tmp_path, "dbus-send")
    file_manager.show_in_folder(str(file))
    uri = "/a%2Cb%20%27c%27.png"  # a comma separates the files
    assert any(line.endswith(uri) for line in first.read_text().splitlines())
    write_program(tmp_path, "dbus-send", status=1)
    second = write_program(tmp_path, "xdg-open")
    file_manager.show_in_folder(str(file))
    assert second.read_text() == f"{tmp_path}\n"
    write_program(tmp_path, "xdg-open", status=3)
    with pytest.raises(NoFileManager, match=r"The file is .*a,b"):
        file_manager.show_in_folder(str(file))
