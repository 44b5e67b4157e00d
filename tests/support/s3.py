"""A real S3 of the tests' own: OpenStack Swift, which checks signatures, all in one process.

Run as a program it serves an empty storage, prints its address and ends with its input. So it
ends with whoever holds the other end of the pipe, however that one ends.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

USER, SECRET, REGION = "test:tester", "testing", "us-east-1"
KINDS = ("account", "container", "object")
COMMON = """
[DEFAULT]
swift_dir = {folder}
devices = {folder}
mount_check = false
disable_fallocate = true
fallocate_reserve = 0
log_level = ERROR
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:9
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
check_bucket_owner = false
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[app:account]
use = egg:swift#account
[app:container]
use = egg:swift#container
[app:object]
use = egg:swift#object
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[pipeline:main]
pipeline = {pipeline}
"""
PROXY = "catch_errors cache listing_formats s3api tempauth copy slo dlo proxy-server"
HASHES = (
    "[swift-hash]\nswift_hash_path_suffix = tests\n[storage-policy:0]\nname = gold\ndefault = yes\n"
)


def _ring(folder: Path, kind: str, port: int) -> None:
    """One device holds everything of a kind."""
    from swift.common.ring import RingData

    device: dict[str, Any] = {
        "id": 0,
        "region": 1,
        "zone": 1,
        "weight": 1.0,
        "ip": "127.0.0.1",
        "port": port,
        "replication_ip": "127.0.0.1",
        "replication_port": port,
        "device": "disk",
        "meta": "",
    }
    RingData([[0]], [device], 32).save(str(folder / f"{kind}.ring.gz"))


def _serve(folder: Path) -> None:
    import eventlet
    import eventlet.wsgi

    eventlet.monkey_patch()
    from swift.common import utils
    from swift.common.wsgi import loadapp

    (folder / "disk").mkdir()
    (folder / "swift.conf").write_text(HASHES)
    utils.SWIFT_CONF_FILE = str(folder / "swift.conf")
    sockets = {kind: eventlet.listen(("127.0.0.1", 0)) for kind in (*KINDS, "proxy")}
    for kind in KINDS:
        _ring(folder, kind, sockets[kind].getsockname()[1])
    with open("/dev/null", "w") as nowhere:
        for kind, socket in sockets.items():
            conf = folder / f"{kind}.conf"
            pipeline = PROXY if kind == "proxy" else kind
            conf.write_text(COMMON.format(folder=folder, pipeline=pipeline))
            eventlet.spawn_n(eventlet.wsgi.server, socket, loadapp(str(conf)), log=nowhere)
        print(f"http://127.0.0.1:{sockets['proxy'].getsockname()[1]}", flush=True)
        eventlet.tpool.execute(sys.stdin.read)


def main() -> None:
    """Serve for as long as the standard input is open."""
    with tempfile.TemporaryDirectory(prefix="partloop-s3-") as folder:
        _serve(Path(folder))


@contextmanager
def server() -> Iterator[str]:
    """An empty S3: its address while the block lasts, nothing afterwards."""
    with subprocess.Popen(
        [sys.executable, "-P", "-W", "ignore", __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for us; it sees its input end
    ) as holder:
        assert holder.stdin
        assert holder.stdout
        try:
            address = holder.stdout.readline().strip()
            if not address:
                raise RuntimeError("Swift did not start; its log stands above")
            yield address
        finally:
            holder.stdin.close()


if __name__ == "__main__":
    main()
