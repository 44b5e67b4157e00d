"""What is asked of the services of this feature."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Proposal:
    """A correction that one of finance asks for: ``amount`` as ``Correction`` has it, and why.

    ``files`` are the public ids of the evidence; ``about`` is the number of a document that is
    evidence by itself.
    """

    dealer_id: int
    sort: str
    amount: int
    reason: str
    files: Collection[str]
    about: str = ""
