"""The application behind a real socket, in a thread of the test's own process."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from flask import Flask
from waitress.server import create_server


@contextmanager
def serve(app: Flask, threads: int = 4, **options: Any) -> Iterator[str]:
    """Serve an application as `portal run` does: its address while the block lasts."""
    server = create_server(app, host="127.0.0.1", port=0, threads=threads, **options)
    thread = Thread(target=server.run, name="serve")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        # The loop ends when nothing is left to listen to; only it may close what it listens to.
        server.trigger.pull_trigger(lambda: server.asyncore.close_all(server._map))
        thread.join(timeout=10)
        server.task_dispatcher.shutdown()
        assert not thread.is_alive()
