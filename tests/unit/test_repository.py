"""Checks of the repository, and tests of the checks that `make check` runs."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from config import Settings
from environment.declarations import table
from scripts import links, repository, settings_docs, templates

ROOT = Path(__file__).parents[2]


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the repository with a minimal environment."""
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"}
    return subprocess.run(
        command, cwd=ROOT, env=path | environment, capture_output=True, text=True, check=False
    )


# --- layout ------------------------------------------------------------------------------------


def test_imports_keep_to_their_directions() -> None:
    """The contracts of import-linter hold."""
    command = str(Path(sys.executable).with_name("lint-imports"))
    result = run(command, "--no-cache")
    assert result.returncode == 0, result.stdout


# --- scripts.repository ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "mistake"),
    [
        ("app/long.py", "\n" * 401, "app/long.py: 401 lines"),
        ("app/utils.py", "", "app/utils.py: the name"),
        (
            "tests/a.py",
            "from tests.unit.test_b import c\n",
            "imports the test module tests.unit.test_b",
        ),
        ("templates/a.html", "<p onclick='x'>", "onclick= is not allowed"),
        ("docs/a.md", "see /ro" + "ot/x", "docs/a.md:1: a path of one machine"),
        ("requirements.txt", "requests>=2", "requests>=2: pin the version"),
        ("requirements/dev.txt", "pytest==9", "pytest: docs/design.md states no reason"),
    ],
)
def test_a_mistake_in_the_repository_is_found(name: str, text: str, mistake: str) -> None:
    """Each rule reports the file and what is wrong; a correct file has no mistakes."""
    assert any(mistake in line for line in repository.mistakes({name: text}))
    assert list(repository.mistakes({"app/short.py": "x = 1\n"})) == []


def test_the_checked_files_are_those_of_git() -> None:
    """The check sees this file, and neither installed packages nor binary files."""
    names = repository.texts()
    assert "tests/unit/test_repository.py" in names
    assert not [name for name in names if name.startswith((".venv/", "static/vendor/"))]


# --- the checks of `make check` can fail, and do not now ---------------------------------------


def test_templates_compile() -> None:
    """Each of them, under StrictUndefined."""
    assert templates.mistakes() == []


def test_links_of_the_documents_lead_somewhere() -> None:
    """Files and headings."""
    assert links.mistakes() == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    """A missing file, a missing heading and a missing picture are told; the rest is not."""
    (tmp_path / "README.md").write_text(
        "# Top of it\n[a](missing.md) [b](#top-of-it) [c](#elsewhere) [d](https://x.invalid/)\n"
        '<img src="none.webp" alt="">\n```\n[in code](nothing.md)\n```\n',
        encoding="utf-8",
    )
    assert links.mistakes(tmp_path) == [
        "README.md: missing.md does not exist",
        "README.md: #elsewhere does not exist",
        "README.md: none.webp does not exist",
    ]


def test_documents_have_the_settings_of_config() -> None:
    """The tables in README and docs/configuration.md are made from config.py."""
    assert settings_docs.main(["--check"]) == 0
    assert table(Settings) in (ROOT / "docs/configuration.md").read_text("utf-8")
    variables = re.findall(r"^\| `(\w+)` \|", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(variables) == sorted(settings_docs.MOST_USED)


def test_a_changed_table_is_found() -> None:
    """One changed word in the table, and it is written again; without marks, an error."""
    most_used = table(Settings, settings_docs.MOST_USED)
    page = f"# A page\n{settings_docs.BEGIN}\n{most_used}\n{settings_docs.END}\nMore text\n"
    changed = page.replace("| `AKIN_DATA` |", "| `AKIN_DATUM` |")
    assert changed != page
    assert settings_docs.with_table(changed, most_used) == page
    with pytest.raises(ValueError, match=r"README\.md has no"):
        settings_docs.with_table("# No marks\n", most_used, "README.md")


# --- scripts -----------------------------------------------------------------------------------


SCRIPTS = sorted(file.name for file in (ROOT / "scripts").glob("[a-z]*") if not file.suffix)


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_plain_shell(script: str) -> None:
    """They parse as POSIX shell."""
    assert run("sh", "-n", f"scripts/{script}").stderr == ""


def test_ci_is_a_script_that_parses() -> None:
    """CI runs it with bash."""
    assert run("bash", "-n", ".ci/run").stderr == ""


def test_help_lists_every_target() -> None:
    """`make help` and .PHONY name the same commands."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony
    listed = [line.split()[1] for line in run("make", "help").stdout.splitlines()]
    assert sorted(listed) == sorted(phony[1].split())


def test_a_folder_that_is_not_there_is_named() -> None:
    """`make run ASSETS=...` says so before anything is installed, quotes and dollars kept."""
    result = run("make", "run", 'ASSETS=/nowhere/it\'s "my" $HOME')
    assert result.returncode != 0
    assert result.stderr.splitlines()[1] == 'ASSETS: /nowhere/it\'s "my" $HOME does not exist.'


@pytest.mark.skipif(
    not (ROOT / ".venv/installed/requirements/demo.lock").exists(), reason="made by `make setup`"
)
def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    """Two servers never share a port: the second says how to choose another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run(sys.executable, "run.py", "--port", port, AKIN_DATA=str(tmp_path))
    assert result.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in result.stderr
    assert "PORT=8001" in result.stderr


def test_tests_have_the_same_names_each_time(request: pytest.FixtureRequest) -> None:
    """Else the processes that share them could not agree; neither clock nor hashes are in one."""
    names = {item.nodeid for item in request.session.items}
    collected = run(
        *(sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"),
        PYTHONHASHSEED="7",
    )
    assert names - set(collected.stdout.splitlines()) == set()
