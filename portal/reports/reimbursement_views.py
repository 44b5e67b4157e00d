"""The figures of reimbursement, as charts with their tables."""

from flask.typing import ResponseReturnValue

from portal.claims import policy
from portal.claims.workflow import REASONS
from portal.reports import reimbursement
from portal.web import filters, languages
from portal.web.htmx import render
from portal.web.routes import Pages, actor, now

pages = Pages("claimfigures", __name__, url_prefix="/claims/figures")


@pages.get("", needs=policy.READ)
def index() -> ResponseReturnValue:
    """What it costs, why it is cut, what is still due; for headquarters how it was decided."""
    who, at = actor(), now()
    paid = reimbursement.paid(who, at)
    parts, models = reimbursement.costs(who, languages.code(), at)
    return render(
        "reports/reimbursement.html",
        paid=paid,
        months=[filters.month(str(month)) for month in reimbursement.months_of(at)],
        points=[
            (filters.month(str(one.month)), one.approved, filters.money(one.approved))
            for one in paid
        ],
        work=reimbursement.work(at) if who.can(policy.RUN_READ) else None,
        reasons=reimbursement.reasons(who, at),
        reason_of=REASONS,
        parts=parts,
        models=models,
        still_due=reimbursement.still_due(who, at),
    )
