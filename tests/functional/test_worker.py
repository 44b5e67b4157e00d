"""The worker beside the web server: what befalls it must not end it."""

from pathlib import Path
from threading import Event

from portal import create_app
from portal.cli import work
from portal.settings import Settings


class _Rounds(Event):
    """Tells the worker to stop after so many rounds."""

    def __init__(self, rounds: int) -> None:
        super().__init__()
        self.left = rounds

    def wait(self, timeout: float | None = None) -> bool:
        """Count a round, without the rest between two of them."""
        self.left -= 1
        if not self.left:
            self.set()
        return self.is_set()


def test_worker_goes_on_when_its_database_fails(tmp_path: Path) -> None:
    """A round without a database (here: without tables) is logged; the next one is tried."""
    stop = _Rounds(2)
    work(create_app(Settings(folder=tmp_path, secret_key="test")), stop)
    assert stop.is_set()
