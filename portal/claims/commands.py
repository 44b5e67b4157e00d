"""What people ask for, in the shape that the services take."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from portal.core.errors import Invalid
from portal.core.i18n import _

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
class Paid:
    """What a dealer paid a carrier or a customer (R1), in minor units, and the receipts.

    ``kind`` is that of the line. The consignment or the compensation, and the receipts, are named
    by their public ids.
    """

    kind: str
    document: str
    amount: int
    receipts: Collection[str]
    remark: str = ""


@dataclass(frozen=True)
class Work:
    """The labour of an old part, named by its public id (R1).

    ``service`` is the position of a line of the schedule of service fees, claimed ``quantity``
    times.
    """

    old_part: str
    service: int
    quantity: int


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


def reason_of(told: Decision | Ruling, known: Mapping[str, object]) -> str:
    """The key of the reason for the dealer, one of those ``known`` (R6).

    Invalid, at its field, without one, and for another reason that the note does not explain.
    """
    code = told.reason_code
    if code is None or code not in known:
        raise Invalid(_("Choose a reason: the dealer will read it."), field="reason")
    if code == "other" and not told.note.strip():
        raise Invalid(_("Explain the reason in the note."), field="note")
    return code
