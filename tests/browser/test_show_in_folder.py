"""The button “Show in folder”: the file manager of this machine is called with the file."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support import sample_files
from tests.support.browser import Watch
from tests.support.programs import write_program
from tests.support.server import Server
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

NAME = "a, b & 'castle' é.png"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the programs are those of Linux")


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of programs, the first on the path of commands of the server."""
    return tmp_path_factory.mktemp("programs")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample_files.fill(tmp_path_factory.mktemp("art"), {f"in it/{NAME}": sample_files.png()})


@pytest.fixture(scope="module")
def desktop(
    tmp_path_factory: pytest.TempPathFactory, programs: Path, folder: Path
) -> Iterator[Server]:
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    settings = {"AKIN_ASSETS": str(folder), "PATH": path}
    with Server(tmp_path_factory.mktemp("data"), settings) as running:
        yield running


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def page(request: pytest.FixtureRequest, browser: Browser, desktop: Server) -> Iterator[Page]:
    """The page of the only asset."""
    watch = Watch(browser, desktop.url)
    watch.allow("status of 5")  # the page that says that there is no file manager
    opened = watch.page(java_script_enabled=request.param)
    asset = opened.request.get("/search.json").json()["hits"][0]["id"]
    opened.goto(f"/assets/{asset}")
    yield opened
    assert watch.close() == []


def test_the_file_is_shown_by_the_desktop(page: Page, programs: Path, folder: Path) -> None:
    """By the interface of freedesktop.org, by mouse and by keys; the page stays."""
    address = page.url
    button = page.get_by_role("button", name="Show in folder")
    presses: list[Callable[[], object]] = [button.click, partial(button.press, "Enter")]
    if page.evaluate("matchMedia('(scripting: enabled)').matches"):
        presses.append(partial(page.keyboard.press, "o"))
    for press in presses:
        record = write_program(programs, "dbus-send")
        record.unlink(missing_ok=True)
        press()
        eventually(record.exists)
        *_, interface, method, files, start = record.read_text().splitlines()
        assert interface == "/org/freedesktop/FileManager1"
        assert method == "org.freedesktop.FileManager1.ShowItems"
        assert files == f"array:string:{(folder / 'in it' / NAME).as_uri()}"
        assert start == "string:"
    assert page.url == address
    expect(button).to_be_visible()


def test_else_its_folder_is_opened(page: Page, programs: Path, folder: Path) -> None:
    write_program(programs, "dbus-send", status=1)
    record = write_program(programs, "xdg-open")
    record.unlink(missing_ok=True)
    page.get_by_role("button", name="Show in folder").click()
    eventually(record.exists)
    assert record.read_text() == f"{folder / 'in it'}\n"


def test_without_a_file_manager_the_path_is_named(page: Page, programs: Path, folder: Path) -> None:
    for name in ("dbus-send", "xdg-open"):
        write_program(programs, name, status=1)
    page.get_by_role("button", name="Show in folder").click()
    page.wait_for_url("**/show-in-folder")
    expect(page.locator("main")).to_contain_text(f"The file is {folder / 'in it' / NAME}.")
