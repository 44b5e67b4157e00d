"""What a run pays: one entry in the ledger for each claim, and for each appeal (R7, L4)."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, literal

from portal.claims.appeal_models import Appeal
from portal.claims.models import Claim, Run
from portal.core.db import AnySelect
from portal.core.permissions import SYSTEM
from portal.ledger import services as ledger
from portal.ledger.models import WARRANTY_EXPENSE


def entry_of(model: type[Claim | Appeal], amount: Any) -> list[ColumnElement[Any]]:
    """The columns of the entries that pay documents, ``amount`` in minor units.

    A document is paid once, so its own random name can be the entry's.
    """
    return [
        model.public_id.label("public_id"),
        model.dealer_id.label("dealer_id"),
        amount.label("amount"),
        (f"{model.kind}/" + model.public_id + "/reimbursement").label("cause"),
        literal(model.kind).label("document_kind"),
        model.id.label("document_id"),
        model.public_id.label("document_name"),
        model.number.label("document_title"),
    ]


def book(run: Run, due: AnySelect, now: datetime) -> None:
    """Book what a run pays; ``due`` has the columns of ``entry_of``."""
    ledger.credit_each(
        due,
        source=WARRANTY_EXPENSE,
        kind="reimbursement",
        by=SYSTEM,
        now=now,
        values={"run": run.month},
    )
