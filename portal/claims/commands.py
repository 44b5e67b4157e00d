"""What people ask for, in the shape that the services take."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

Step = Literal["approve", "reduce", "reject"]


@dataclass(frozen=True)
class Draft:
    """A draft as the dealer leaves it (R2).

    ``offered`` are the public ids of the old parts that the page showed, ``chosen`` those of them
    that are to be claimed; ``remarks`` holds a remark by old part. What was not shown stays.
    """

    offered: frozenset[str]
    chosen: frozenset[str]
    remarks: Mapping[str, str] = field(default_factory=dict)
    remark: str = ""


@dataclass(frozen=True)
class Freight:
    """What a carrier was paid for a consignment (R1), in minor units, and the receipts.

    The consignment and the receipts are named by their public ids.
    """

    consignment: str
    amount: int
    receipts: Collection[str]
    remark: str = ""


@dataclass(frozen=True)
class Decision:
    """What a reviewer decides on a line (R6); ``amount``, in minor units, is for a reduction."""

    step: Step
    amount: int | None = None
    reason_code: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Ruling:
    """What a reviewer decides on an appeal (R6); ``amount``, in minor units, is what is granted."""

    step: Literal["grant", "refuse"]
    amount: int | None = None
    reason_code: str | None = None
    note: str = ""
