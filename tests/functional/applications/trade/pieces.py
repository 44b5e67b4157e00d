"""The registered old parts of all stories, as plain arithmetic has them (O5–O8, R1–R3)."""

from dataclasses import dataclass, field

REIMBURSABLE = frozenset({"accepted", "called", "sent", "received", "passed"})
"""Where a piece is that can still be claimed."""


@dataclass
class Piece:
    """One old part; amounts in minor units."""

    id: int
    name: str
    side: str
    line: int
    each: int
    """What it is charged at if it goes missing."""
    paid_for: bool
    """Whether it came after its line was charged: that charge stands for it as long as it does."""
    status: str = "registered"
    claim: int | None = None
    """The claim that it is on."""
    reimbursed: int | None = None
    """What was approved for it, once that was settled."""
    charge: int | None = None
    """Its own charge, for having gone missing."""
    taken: int = 0
    """What that took, and did not give back."""
    back: dict[str, int] = field(default_factory=dict)
    """What was charged back of what was reimbursed, and why."""
    may_object: bool = False
    at_hq_s_cost: bool = False
    """Whether it failed, and is paid for all the same."""

    @property
    def can_be_claimed(self) -> bool:
        """R1–R3: on one claim ever, unless it left that before it was settled."""
        counts = self.status in REIMBURSABLE or self.at_hq_s_cost
        return counts and self.claim is None


@dataclass
class Sent:
    """A consignment: its pieces by whether they are packed."""

    id: int
    side: str
    pieces: set[int]
    status: str = "called"


@dataclass
class Claimed:
    """A claim and what was decided on its pieces; None for one that is not decided."""

    id: int
    side: str
    lines: dict[int, int | None]
    status: str = "submitted"
    outlays: dict[str, int] = field(default_factory=dict)
    """What is claimed, then approved, by the kind of line: freight, compensation."""


@dataclass
class Yard:
    """All of them, from story to story."""

    pieces: dict[int, Piece] = field(default_factory=dict)
    consignments: dict[int, Sent] = field(default_factory=dict)
    claims: dict[int, Claimed] = field(default_factory=dict)
    runs: dict[int, str] = field(default_factory=dict)
    given_back: set[int] = field(default_factory=set)
    """The lines whose charge for unregistered pieces was reversed."""

    def where(self, *statuses: str) -> list[Piece]:
        """The pieces in one of some states."""
        return [piece for piece in self.pieces.values() if piece.status in statuses]

    def sent(self, *statuses: str) -> list[Sent]:
        """The consignments in one of some states."""
        return [one for one in self.consignments.values() if one.status in statuses]

    def claimed(self, *statuses: str) -> list[Claimed]:
        """The claims in one of some states."""
        return [one for one in self.claims.values() if one.status in statuses]
