"""The image of deploy/Containerfile, built and run without Docker and without a registry.

`buildah` builds it from a base that `debootstrap` makes. A container is a mount and a process
namespace with a read-only root, /tmp in memory and an arbitrary user, on the network of this
machine.
"""

from __future__ import annotations

import ast
import configparser
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).parents[2]
USER = 54321  # has no entry in /etc/passwd
HOST = Path("/mnt/host")  # where the build finds files of this machine
PROGRAMS = ("buildah", "debootstrap", "unshare", "chroot", "redis-server")
# Mounts as Docker does for `read_only`, `tmpfs` and `volumes`, then starts the command.
START = """
set -eu
root=$1 data=$2 assets=$3 user=$4
shift 4
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount --bind "$data" "$root/data"
mount --bind "$assets" "$root/assets"
mount -o remount,bind,ro "$root/assets"
mount -o remount,bind,ro "$root"
exec chroot --userspec="$user:$user" --groups= "$root" /usr/bin/env -i -C /opt/akin "$@"
"""


def missing() -> str:
    """Return why no image can be built here; empty where it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs Linux and root"
    for program in PROGRAMS:
        if shutil.which(program) is None:
            return f"{program} is not installed"
    done = subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], check=False)
    return "this machine allows no namespaces" if done.returncode else ""


class NoBase(Exception):
    """debootstrap could not make the base: the mirror of Debian cannot be reached."""


class Image:
    """An image in a folder of its own; `mounted` is its file system."""

    def __init__(self, folder: Path) -> None:
        """Build it. Raises NoBase, and CalledProcessError where the build fails."""
        self._folder = folder
        base = self._run("from", "scratch")
        mounted = self._run("mount", base)
        done = subprocess.run(
            ["debootstrap", "--variant=minbase", "bookworm", mounted],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            raise NoBase(done.stdout[-500:])
        self._run("umount", base)
        self._run("commit", "--quiet", base, "akin-test-base")
        self._run(
            *("bud", "--isolation", "chroot", "--pull-never", "--format", "docker"),
            *("--build-arg", "BASE=localhost/akin-test-base", "--tag", "akin-test"),
            *self._pip_volumes(),
            *("--file", str(ROOT / "deploy" / "Containerfile"), str(ROOT)),
        )
        container = self._run("from", "--pull-never", "localhost/akin-test")
        self.mounted = Path(self._run("mount", container))
        (self.mounted / "assets").mkdir()
        inspected = json.loads(self._run("inspect", "--type", "image", "localhost/akin-test"))
        self.config: dict[str, Any] = inspected["Docker"]["config"]

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that the image sets."""
        return dict(line.split("=", 1) for line in self.config["Env"])

    @contextmanager
    def start(
        self,
        command: Sequence[str],
        data: Path,
        assets: Path,
        environment: Mapping[str, str],
        **options: Any,
    ) -> Iterator[subprocess.Popen[Any]]:
        """Run a command in a new container; kill the container at the end."""
        variables = self.environment | dict(environment)
        process = subprocess.Popen(
            [
                *("unshare", "--mount", "--pid", "--fork", "--kill-child=KILL"),
                *("sh", "-c", START, "sh", self.mounted, data, assets, str(USER)),
                *(f"{name}={value}" for name, value in variables.items()),
                *command,
            ],
            **options,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def remove(self) -> None:
        """Unmount the containers, so that their folder can be deleted."""
        self._run("umount", "--all")

    def _run(self, *words: str) -> str:
        storage = ("--root", str(self._folder / "root"), "--runroot", str(self._folder / "run"))
        done = subprocess.run(
            ["nice", "buildah", *storage, "--storage-driver", "vfs", *words],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def _pip_volumes(self) -> Iterator[str]:
        """Options that give the build this machine's settings of pip, with the files they name."""
        listed = subprocess.run(
            [sys.executable, "-m", "pip", "config", "list"],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
        settings: dict[str, str] = {}
        for line in listed.splitlines():
            name, _, value = line.partition("=")
            settings.setdefault(name.rpartition(".")[2], str(ast.literal_eval(value)))
        for variable in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            if variable in os.environ:
                settings.setdefault("cert", os.environ[variable])
        for name, value in settings.items():
            words = value.split()
            for number, word in enumerate(words):
                path = Path(word.removeprefix("file://"))
                if path.is_absolute() and path.exists():
                    words[number] = word.replace(str(path), f"{HOST}{path}")
                    if word.startswith("file:"):
                        path = path.parent  # an index links to the files beside it
                    yield f"--volume={path}:{HOST}{path}:ro"
            settings[name] = " ".join(words)
        parser = configparser.RawConfigParser()
        parser["global"] = settings
        file = self._folder / "pip.conf"
        with file.open("w") as opened:
            parser.write(opened)
        yield f"--volume={file}:/etc/pip.conf:ro"


@contextmanager
def built_image() -> Iterator[Image]:
    """An image, deleted at the end. Raises NoBase."""
    with tempfile.TemporaryDirectory(prefix="akin-image-") as folder:
        image = Image(Path(folder))
        try:
            yield image
        finally:
            image.remove()
