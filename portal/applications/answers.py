"""What an answer to an application is made of, and whether it may be given (A3, C2)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from portal.applications.commands import Answer, LineAnswer
from portal.applications.models import Application, ApplicationLine
from portal.catalogue.models import Part, Price
from portal.catalogue.queries import prices_of, successors_of
from portal.core.db import session
from portal.core.errors import Invalid, Stale
from portal.core.i18n import _


@dataclass(frozen=True)
class Basis:
    """What some applications ask, and what they can be answered with today.

    ``asked`` are the lines in order, by application; ``parts`` those that may be sent, by the
    part that is asked for: itself first, then its successors, the nearest first. ``prices`` are
    those of the lists in force, by part.
    """

    today: date
    asked: Mapping[int, Sequence[ApplicationLine]]
    parts: Mapping[int, Sequence[Part]]
    prices: Mapping[int, Price]

    def cost(self, part_id: int) -> int | None:
        """The price of a piece, in minor units; None as long as it has none (C3)."""
        price = self.prices.get(part_id)
        return price.cost if price and price.cost else None

    def amount(self, line: LineAnswer) -> int:
        """What a line comes to, in minor units."""
        return line.quantity * (self.cost(line.part_id) or 0)

    def total(self, answer: Answer) -> int:
        """What an answer comes to, fees included."""
        return answer.freight + answer.packing + sum(map(self.amount, answer.lines))


def basis_of(applications: Iterable[Application], now: datetime) -> Basis:
    """The basis of answers to some applications; a few queries, however many they are."""
    revisions = {one.id: one.revision for one in applications}
    asked: dict[int, list[ApplicationLine]] = {key: [] for key in revisions}
    for line in session.scalars(
        select(ApplicationLine)
        .where(ApplicationLine.application_id.in_(revisions))
        .order_by(ApplicationLine.application_id, ApplicationLine.position)
    ):
        if line.revision == revisions[line.application_id]:
            asked[line.application_id].append(line)
    wanted = {line.part_id for lines in asked.values() for line in lines}
    own = session.scalars(select(Part).where(Part.id.in_(wanted))).all()
    newer = successors_of(wanted)
    parts = {part.id: [part, *newer[part.id]] for part in own}
    ids = {part.id for chain in parts.values() for part in chain}
    return Basis(now.date(), asked, parts, prices_of(ids, now.date()))


def check_answer(application: Application, answer: Answer, basis: Basis) -> None:
    """A part may only be replaced by a successor, and never more sent than was asked (A3).

    Stale if the answer is not to the very lines that are asked now.
    """
    asked = {line.id: line for line in basis.asked[application.id]}
    if answer.promised_on < basis.today:
        raise Invalid(_("The promised date cannot be in the past."), field="promised_on")
    if sorted(line.line_id for line in answer.lines) != sorted(asked):
        raise Stale()
    if not any(line.quantity for line in answer.lines):
        raise Invalid(_("A quote sends at least one piece. To send nothing, reject instead."))
    wrong: dict[str, str] = {}
    for index, line in enumerate(answer.lines):
        wish = asked[line.line_id]
        if not 0 <= line.quantity <= wish.quantity:
            wrong[f"lines-{index}-quantity"] = _(
                "Enter a whole number from %(least)d to %(most)d.", least=0, most=wish.quantity
            )
        if line.part_id not in {part.id for part in basis.parts[wish.part_id]}:
            wrong[f"lines-{index}-part"] = _("Only a successor can replace the part.")
        elif line.quantity and basis.cost(line.part_id) is None:
            wrong[f"lines-{index}-part"] = _("This part has no price yet and cannot be ordered.")
    if wrong:
        raise Invalid(fields=wrong)


def at_list(
    application: Application, basis: Basis, *, freight: int, packing: int, promised_on: date
) -> Answer:
    """The answer that sends all as it was asked, at list price.

    Invalid, with a sentence that names the part, if one was withdrawn or has no price.
    """
    lines = basis.asked[application.id]
    for line in lines:
        part = basis.parts[line.part_id][0]
        if part.status != "active":
            raise Invalid(_("%(part)s was withdrawn.", part=part.number))
        if basis.cost(part.id) is None:
            raise Invalid(_("%(part)s has no price yet.", part=part.number))
    return Answer(
        lines=tuple(LineAnswer(line.id, line.part_id, line.quantity) for line in lines),
        freight=freight,
        packing=packing,
        promised_on=promised_on,
    )
