"""What holds after each step, whoever took it (A7, A8, L5, L6)."""

from collections.abc import Sequence

from hypothesis.stateful import invariant
from sqlalchemy import Select, func, select

from portal.applications import shipment_queries
from portal.applications.compensation_models import Compensation
from portal.applications.models import (
    Application,
    DeliveryReport,
    QuoteLine,
    Shipment,
    ShipmentLine,
)
from portal.core.db import session
from portal.core.documents import Document
from portal.core.permissions import ROLE_LABELS, Actor
from portal.ledger.models import Transfer
from tests.functional.applications.trade.floor import Floor
from tests.functional.applications.trade.papers import ENDED


class Always(Floor):
    """The portal agrees with plain arithmetic, and nothing is left lying."""

    @invariant()
    def agrees_with_plain_arithmetic(self) -> None:
        """One transaction for all that is to be seen."""
        with self.portal.transaction():
            self.check_money()
            applications = self.applications()
            self.check_papers(applications)
            self.check_next_steps(applications)

    def check_money(self) -> None:
        """L5, L6: reserved is what is confirmed and not released; only charges overspend."""
        for side, (posted, reserved) in self.accounts().items():
            assert (posted, reserved) == (self.posted[side], self.reserved[side])
            confirmed = (one.total for one in self.papers_in("confirmed") if one.side == side)
            assert reserved == sum(confirmed) + self.reserved_before[side]
            assert 0 <= reserved <= posted + self.charged[side]

    def check_papers(self, applications: Sequence[Application]) -> None:
        """A7: never more shipped than confirmed; refunded is what was deducted and not shipped."""
        refunds, shipped = self.refunds(), self.shipped()
        for application in applications:
            paper = self.papers[application.id]
            assert application.status == paper.status
            assert application.quote_version == paper.version
            assert (application.total or 0) == paper.total
            assert refunds.get(paper.id, 0) == paper.refunded
            if paper.deducted:
                assert paper.refunded == paper.deducted - paper.kept
            for key, line in paper.lines.items():
                assert shipped[key] == (line.shipped, line.cancelled, line.again, line.shipped)
                assert line.shipped + line.cancelled <= line.quantity

    def applications(self) -> Sequence[Application]:
        """Those of this story."""
        return session.scalars(select(Application).where(Application.id.in_(self.papers))).all()

    def refunds(self) -> dict[int, int]:
        """What was given back, by application."""
        about = Transfer.document_kind == Application.kind, Transfer.document_id.in_(self.papers)
        rows = session.execute(
            select(Transfer.document_id, func.sum(Transfer.amount))
            .where(Transfer.kind == "refund", *about)
            .group_by(Transfer.document_id)
        )
        return {key: int(amount) for key, amount in rows}

    def shipped(self) -> dict[int, tuple[int, ...]]:
        """What each line counts as shipped, cancelled and to be sent again; what parcels have."""
        lines = [key for paper in self.papers.values() for key in paper.lines]
        counted = QuoteLine.shipped, QuoteLine.cancelled, QuoteLine.again
        settled = ShipmentLine.resent + ShipmentLine.refunded
        rows = session.execute(
            select(QuoteLine.id, *counted, func.coalesce(func.sum(ShipmentLine.sent - settled), 0))
            .outerjoin(ShipmentLine, ShipmentLine.quote_line_id == QuoteLine.id)
            .where(QuoteLine.id.in_(lines))
            .group_by(QuoteLine.id, *counted)
        )
        return {key: (*counts, int(sent)) for key, *counts, sent in rows}

    def check_next_steps(self, applications: Sequence[Application]) -> None:
        """Whatever has not ended waits for somebody who is there and may go on with it."""
        for application in applications:
            if application.status == "shipped":
                assert shipment_queries.has_open(application)
            elif application.status not in ENDED:
                self.check_next(application)
        for statement in self.waiting():
            for document in session.scalars(statement):
                self.check_next(document)

    def waiting(self) -> tuple[Select[Document], ...]:
        """What else waits for somebody: shipments, reports and delays."""
        sent, report, delay = Shipment, DeliveryReport, Compensation
        mine = sent.application_id.in_(self.papers)
        return (
            select(sent).where(mine, sent.status == "sent"),
            select(report)
            .join(sent, sent.id == report.shipment_id)
            .where(mine, report.status == "open"),
            select(delay).where(delay.application_id.in_(self.papers), delay.status == "proposed"),
        )

    def check_next(self, document: Document) -> None:
        """Of those whom the page names as the next ones, somebody has a step to take."""
        named = str(document.workflow.state(document.status).waits_for)
        assert any(
            document.workflow.available(document.status, person)
            for person in self.portal.cast.values()
            if named in _names(person)
            if not person.is_dealer or person.dealer_id == document.tenant_id
        ), f"{named} does not go on with a {document.kind} that is {document.status}"


def _names(person: Actor) -> set[str]:
    """How a page calls somebody whom a document waits for."""
    side = {"Dealer"} if person.is_dealer else set()
    return side | {str(ROLE_LABELS[role]) for role in person.roles}
