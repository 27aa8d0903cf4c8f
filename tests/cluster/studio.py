"""Eight machines, set up by the commands of docs/deploy.md, "From one machine to several".

    with Studio(folder) as studio:
        studio.begin_on_one_machine(files)
        studio.move()
        studio.session().get(studio.url)

Machines have the addresses and run the commands of the document. Its blocks are found by their
first lines; `BLOCKS` has all that are run.
"""

from __future__ import annotations

import re
import secrets
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, Self

import requests

from app.auth.passwords.user_store import UserStore
from tests.cluster import machines
from tests.cluster.hosts import PASSWORD
from tests.cluster.machines import Network
from tests.cluster.programs import NGINX, recommended
from tests.support.processes import MAX_SECONDS
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.machines import Machine

NAME: Final = "akin.example.com"
ADDRESSES: Final = {
    "cache": "10.0.0.5",
    "db1": "10.0.0.6",
    "db2": "10.0.0.7",
    "web1": "10.0.0.11",
    "web2": "10.0.0.12",
    "ix1": "10.0.0.21",
    "ix2": "10.0.0.22",
}
_SETTINGS: Final = "cd /opt/akin\n    set -a; . /etc/akin.env; set +a\n    "
BLOCKS: Final = {
    "databases": "# PostgreSQL, on the primary and on the standby",
    "roles": "runuser -u postgres -- psql --set",
    "standby": "PRIMARY=10.0.0.6",
    "cache": "redis-server --bind",
    "move": f"{_SETTINGS}.venv/bin/python -m app backup",
    "settings": "AKIN_AUTH=password\n    AKIN_HOSTS=akin.example.com\n    AKIN_PROXIES=10.0.0.2",
    "records": "# The records of people",
    "serve": f"{_SETTINGS}exec .venv/bin/python -m app serve",
    "index": f"{_SETTINGS}exec .venv/bin/python -m library",
    "promote": "pg_ctlcluster 15 main promote",
    "dump": "pg_dump --format custom",
    "restore": "runuser -u postgres -- createdb",
    "lag": "runuser -u postgres -- psql --no-align",
}
DIRECT: Final = {8011: "web1", 8012: "web2"}  # ports of nginx
ONE_MACHINE: Final = """
AKIN_AUTH=password
AKIN_HOSTS=akin.example.com
AKIN_PROXIES=10.0.0.2
AKIN_LISTEN=0.0.0.0
AKIN_DATA=/var/lib/akin
AKIN_ASSETS=art=/srv/art
AKIN_WRITE=all
AKIN_WATCH=off
AKIN_TIMEOUT=60
"""
# What the tests add to the settings of the document, and a longer time-out in its lines for nginx:
# eight machines share the processors of a busy one.
ADDED: Final = "\nAKIN_WORKERS=1\nAKIN_TIMEOUT=60\n"
PATIENCE: Final = ("proxy_read_timeout 15s;", "proxy_read_timeout 120s;")
READY: Final = """
import sys, urllib.error, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=20).read().decode())
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
except OSError:
    pass
"""


def block(name: str) -> str:
    """Return the commands of a block."""
    return recommended(BLOCKS[name])


class Studio:
    """Context manager of the machines; `url` is what users open."""

    def __init__(self, folder: Path) -> None:
        """Store all files in `folder`."""
        self._stack = ExitStack()
        self._folder = folder
        self.network = Network(folder)
        self.url = f"http://{self.network.proxy_address}"
        self.primary, self.standby = "db1", "db2"

    def __enter__(self) -> Self:
        """Make the machines."""
        try:
            self._stack.enter_context(self.network)
            for name, address in ADDRESSES.items():
                self.network.machine(name, address)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Remove everything."""
        self._stack.close()

    def __getitem__(self, name: str) -> Machine:
        """Return a machine."""
        return self.network.machines[name]

    def begin_on_one_machine(self) -> None:
        """Index the assets on `web1` without PostgreSQL, and start Akin and nginx."""
        web = self["web1"]
        web.environment_file.write_text(web.here(ONE_MACHINE))
        UserStore(web.data / "users.json").set_password("ada", PASSWORD)
        settings = "cd /opt/akin; set -a; . /etc/akin.env; set +a"
        web.run(f'{settings}; .venv/bin/python -m library index --quiet "$AKIN_ASSETS"')
        self.serve("web1")
        self._start_nginx()

    def set_up_databases(self) -> None:
        """Make the primary and the standby, and start Redis."""
        for name in (self.primary, self.standby):
            self[name].run("pg_createcluster 15 main >/dev/null")
            self[name].run("pg_conftool 15 main set fsync off")  # no machine loses its memory here
            self[name].run(block("databases"))
        self[self.primary].run(block("roles"))
        self[self.standby].run(block("standby"))
        self.start_redis()

    def start_redis(self) -> None:
        """Start Redis."""
        self["cache"].start(f"exec {block('cache')}")
        self["cache"].run("until redis-cli -h 10.0.0.5 ping; do sleep 0.1; done")

    def move(self) -> None:
        """Move what is on `web1` to PostgreSQL; start both web hosts and the first indexer."""
        web = self["web1"]
        web.end()
        web.run(block("move"))
        key = secrets.token_urlsafe(32)
        settings = block("settings").replace("AKIN_SECRET_KEYS=...", f"AKIN_SECRET_KEYS={key}")
        for name in ("web1", "web2", "ix1", "ix2"):
            self[name].environment_file.write_text(self[name].here(settings) + ADDED)
        web.run(block("records"))
        for name in ("web1", "web2"):
            self.serve(name)
        self.index("ix1")

    def serve(self, name: str) -> None:
        """Start a web host, and wait until it is ready."""
        process = self[name].start(block("serve"))

        def is_ready() -> bool:
            assert process.poll() is None, self[name].log.read_text()[-3000:]
            return self.ready(name).startswith("{")

        eventually(is_ready, MAX_SECONDS)

    def ready(self, name: str) -> str:
        """Return what `/readyz` of a web host says, with a status other than 200; "" if nothing."""
        url = f"http://{ADDRESSES[name]}:8000/readyz"
        return self["proxy"].run(f".venv/bin/python -I -c '{READY}' {url}")

    def index(self, name: str) -> None:
        """Start an indexer, and start it again where it ends, as systemd does."""
        self[name].start(f"while true; do ({block('index')}) || true; sleep 1; done")

    def promote(self) -> None:
        """Make the standby the primary."""
        self[self.standby].run(block("promote"))
        self.primary, self.standby = self.standby, self.primary

    def make_standby(self) -> None:
        """Make the machine that was the primary the standby."""
        script = block("standby").replace("PRIMARY=10.0.0.6", f"PRIMARY={ADDRESSES[self.primary]}")
        self[self.standby].run(script)

    def start_postgres(self, name: str) -> None:
        """Start a database that was killed."""
        self[name].run("pg_ctlcluster 15 main start")

    def wait_for_standby(self) -> None:
        """Wait until the standby has replayed all that the primary has written."""

        def is_level() -> bool:
            lines = self[self.primary].run(block("lag")).split()
            return any(re.fullmatch(r".*\|streaming\|\d{1,4}", line) for line in lines)

        eventually(is_level, MAX_SECONDS)

    def anonymous(self) -> requests.Session:
        """Return a client."""
        session = requests.Session()
        session.trust_env = False
        session.headers.update({"Host": NAME, "Origin": f"http://{NAME}"})
        return session

    def session(self) -> requests.Session:
        """Return a client that is signed in."""
        session = self.anonymous()
        form = {"name": "ada", "password": PASSWORD, "next": "/"}
        response = session.post(f"{self.url}/sign-in", form, timeout=60, allow_redirects=False)
        assert (response.status_code, bool(session.cookies)) == (303, True), response.text[:2000]
        return session

    def _start_nginx(self) -> None:
        upstream, brace, site = recommended("upstream akin {").replace(*PATIENCE).partition("}")
        servers = [f"server {{\nlisten 80;\naccess_log off;\n{site}\n}}"]
        for port, name in DIRECT.items():  # one web host alone
            alone = site.replace("http://akin;", f"http://{ADDRESSES[name]}:8000;")
            servers.append(f"server {{\nlisten {port};\naccess_log off;\n{alone}\n}}")
        file = self["proxy"].folder / "nginx.conf"
        file.write_text(NGINX.format(lines="\n".join((upstream + brace, *servers))))
        self["proxy"].start(f"exec nginx -p '{file.parent}' -c '{file}' -e error.log")

        def responds() -> bool:
            try:
                return requests.get(f"{self.url}/healthz", timeout=20).status_code == 200
            except requests.RequestException:
                return False

        eventually(responds, MAX_SECONDS)


def missing() -> str:
    """Return why the machines cannot be made here; "" where they can."""
    return machines.missing()
