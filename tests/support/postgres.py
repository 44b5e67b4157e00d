"""A PostgreSQL of the tests' own: a throw-away server, and empty databases on it.

Run as a program it starts a server, prints its address and stops it when its input ends. So the
server ends with whoever holds the other end of the pipe, however that one ends.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

# Nothing here has to survive a power cut, so nothing waits for the disk.
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "log_min_messages": "panic",
}
PORT_TRIES = 5


class NotInstalled(RuntimeError):
    """There is no PostgreSQL server on this machine."""


def binaries() -> Path:
    """The folder of the newest PostgreSQL; NotInstalled where there is none."""
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(debian, key=lambda path: int(path.parts[-3]), default=None)
    found = newest or shutil.which("initdb")
    if not found:
        raise NotInstalled("PostgreSQL is not installed: run tests/support/install.sh")
    return Path(found).resolve().parent


def _account() -> pwd.struct_passwd | None:
    """Whom to run the server as where we are root, which it refuses to be."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _start(program: str, *arguments: str, alone: bool = False) -> subprocess.Popen[bytes]:
    account = _account()
    return subprocess.Popen(
        [binaries() / program, *arguments],
        env={"PATH": f"{binaries()}:/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        user=account and account.pw_uid,
        group=account and account.pw_gid,
        extra_groups=[] if account else None,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=alone,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Mortal:
    """A server that keeps what it says it kept, and that is killed and started again."""

    folder: str
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it, after a crash too, and wait until it answers."""
        careful = OPTIONS | {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
        settings = [f"--{name}={value}" for name, value in careful.items()]
        where = ("-D", self.folder, "-p", str(self.port))
        self.process = _start("postgres", *where, *settings, alone=True)
        knock = ("-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", "postgres")
        while _start("pg_isready", *knock).wait():
            if self.process.poll() is not None:
                raise RuntimeError("PostgreSQL did not start")
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL to the server and to all that work for it, at once."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


@contextmanager
def mortal() -> Iterator[Mortal]:
    """A server of one's own, started, while the block lasts."""
    with tempfile.TemporaryDirectory(prefix="partloop-pg-") as folder:
        if account := _account():
            os.chown(folder, account.pw_uid, account.pw_gid)
        cluster = ("-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C.UTF-8")
        if _start("initdb", "-D", folder, *cluster).wait():
            raise RuntimeError("initdb failed")
        made = Mortal(folder, _free_port())
        made.start()
        try:
            yield made
        finally:
            made.kill()


@contextmanager
def _server(folder: str) -> Iterator[str]:
    """A new server in an empty folder: its address while the block lasts."""
    cluster = ("-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C.UTF-8")
    if _start("initdb", "-D", folder, *cluster).wait():
        raise RuntimeError("initdb failed")
    for _ in range(PORT_TRIES):
        port = _free_port()
        settings = [f"--{name}={value}" for name, value in OPTIONS.items()]
        knock = ("-q", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-d", "postgres")
        running = _start("postgres", "-D", folder, "-p", str(port), *settings)
        try:
            while running.poll() is None:
                if not _start("pg_isready", *knock).wait():
                    yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
                    return
                time.sleep(0.05)
        finally:
            running.send_signal(signal.SIGQUIT)
            running.wait()
        # Somebody else took the port in between.
    raise RuntimeError("PostgreSQL did not start")


def main() -> None:
    """Hold a server for as long as the standard input is open."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    folder = tempfile.mkdtemp(prefix="partloop-pg-")
    try:
        if account := _account():
            os.chown(folder, account.pw_uid, account.pw_gid)
        with _server(folder) as address:
            print(address, flush=True)
            sys.stdin.read()
    finally:
        shutil.rmtree(folder)


@contextmanager
def server() -> Iterator[str]:
    """A server in a process of its own: its address while the block lasts, nothing afterwards."""
    binaries()
    holder = subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for us; the holder sees its input end
    )
    assert holder.stdin
    assert holder.stdout
    with holder:
        try:
            address = holder.stdout.readline().strip()
            if not address:
                raise RuntimeError("PostgreSQL did not start; its log stands above")
            yield address
        finally:
            holder.stdin.close()


@contextmanager
def database(address: str, name: str) -> Iterator[str]:
    """A new and empty database on a server: its address while the block lasts."""
    import psycopg

    def execute(statement: str) -> None:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement)

    execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    execute(f'CREATE DATABASE "{name}"')
    try:
        yield f"{address.rpartition('/')[0]}/{name}"
    finally:
        execute(f'DROP DATABASE "{name}" WITH (FORCE)')


if __name__ == "__main__":
    main()
