"""What `make run` serves, by its environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scripts import launch
from scripts.install import Installer


@pytest.mark.parametrize("variable", launch.KEYS)
@pytest.mark.parametrize("end", ["", "_FILE"])
def test_a_key_can_be_in_a_file(variable: str, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not launch.has_key()
    monkeypatch.setenv(f"{variable}{end}", "x")
    assert launch.has_key()


@pytest.mark.parametrize("end", ["", "_FILE"])
def test_a_setting_installs_its_packages(
    end: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AKIN_REFERENCES_URL", "/srv/references")
    assert launch._for_settings() == []
    monkeypatch.delenv("AKIN_REFERENCES_URL")
    (tmp_path / "url").write_text("s3://bucket/prefix\n")
    value = "s3://bucket" if not end else str(tmp_path / "url")
    monkeypatch.setenv(f"AKIN_REFERENCES_URL{end}", value)
    assert launch._for_settings() == ["requirements/s3.lock"]
    monkeypatch.setenv("AKIN_NOTIFY", "slack://a/b/c")
    assert launch._for_settings() == ["requirements/notify.lock", "requirements/s3.lock"]


def test_files_in_s3_install_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AKIN_ASSETS", "/mnt/share")
    assert launch._for_settings() == []
    monkeypatch.setenv("AKIN_ASSETS", "/mnt/share:art=s3://bucket/prefix")
    assert launch._for_settings() == ["requirements/s3.lock"]
    assert launch.library_arguments("art=s3://bucket/prefix") == ["art=s3://bucket/prefix"]


def test_every_folder_of_the_setting_is_indexed(tmp_path: Path) -> None:
    """With the names that were given, and a folder with the separator in its name as one."""
    separator = os.pathsep
    (tmp_path / f"a{separator}b").mkdir()
    text = separator.join([str(tmp_path / f"a{separator}b"), "art=/mnt/x", "/y"])
    assert launch.library_arguments(text) == [
        str(tmp_path / f"a{separator}b"),
        f"art={Path('/mnt/x')}",
        str(Path("/y")),
    ]


class Attempts(Installer):
    """Installs nothing."""

    def __init__(self, failure: str) -> None:
        super().__init__(Path("/nowhere"))
        self.failure, self.asked = failure, list[str]()

    def attempt(self, file: str) -> str:
        self.asked.append(file)
        return self.failure


@pytest.mark.parametrize("failure", ["", "Read-only file system"])
def test_packages_of_the_second_pass_are_optional(
    failure: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server starts where .venv cannot be written, as in a container."""
    monkeypatch.delenv("AKIN_SENSITIVE_IMAGES", raising=False)
    monkeypatch.setenv("AKIN_TEXT_IN_IMAGES", "off")
    installer = Attempts(failure)
    launch._install_second_pass(installer)
    assert installer.asked == []
    before = launch._library_state(installer)
    monkeypatch.setenv("AKIN_TEXT_IN_IMAGES", "on")
    launch._install_second_pass(installer)
    assert installer.asked == ["requirements/ocr.lock"]
    assert launch._for_settings() == []
    assert failure in capsys.readouterr().err
    assert launch._library_state(installer) != before, "the demo pack is looked at"
