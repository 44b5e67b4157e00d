"""The demo's photos: drawn and prepared two at a time, before and while the story is played."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from portal.demo.pictures.bench import photo
from portal.demo.pictures.receipt import receipt
from portal.demo.pictures.studio import portrait
from portal.files.services import Prepared, prepare
from portal.files.storage import storage

AT_ONCE = 2


class Album:
    """Photos that were ordered, by what they show; each is taken once.

    If the block fails, what was stored is forgotten again.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.pool = ThreadPoolExecutor(AT_ONCE)
        self.made: dict[str, Future[Prepared]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.pool.shutdown(cancel_futures=True)
        if kind is not None:
            self._forget()

    def _forget(self) -> None:
        for future in self.made.values():
            if not future.cancelled() and future.exception() is None:
                prepared = future.result()
                for key in filter(None, (prepared.storage_key, prepared.thumbnail_key)):
                    storage().delete(key)

    def order(self, name: str, fault: str) -> None:
        """Have a photo made of a part with that kind of fault."""
        self.made[name] = self.pool.submit(self._make, name, fault)

    def order_new(self, number: str, kind: str) -> None:
        """Have a picture made of a new part, as the catalogue shows it; by the part's number."""
        self.made[number] = self.pool.submit(self._make_new, number, kind)

    def order_receipt(self, name: str, lines: Sequence[str], total: str) -> None:
        """Have a photo made of a carrier's receipt."""
        self.made[name] = self.pool.submit(self._make_receipt, name, lines, total)

    def _make_receipt(self, name: str, lines: Sequence[str], total: str) -> Prepared:
        return prepare(receipt(lines, total), f"IMG_{_digits(name)}.jpg", purpose="file")

    def _make_new(self, number: str, kind: str) -> Prepared:
        return prepare(portrait(kind, f"{self.seed}/{number}"), f"{number}.jpg")

    def _make(self, name: str, fault: str) -> Prepared:
        return prepare(photo(fault, f"{self.seed}/{name}"), f"IMG_{_digits(name)}.jpg")

    def take(self, name: str) -> Prepared:
        """A photo that was ordered; waits until it is there."""
        return self.made[name].result()


def _digits(name: str) -> str:
    """The number that a phone would give."""
    return f"{sum(map(ord, name)) * 7919 % 10000:04d}"
