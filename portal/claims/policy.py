"""Who may see, submit and decide claims, and run the month (P1, P2)."""

from sqlalchemy import ColumnElement, false, true

from portal.claims.appeal_models import Appeal
from portal.claims.lapse_models import Lapse
from portal.claims.models import Claim
from portal.core.i18n import _l
from portal.core.permissions import Actor, Role, capability

READ = capability(
    "claim:read",
    Role.CLERK,
    Role.MANAGER,
    Role.FINANCE,
    Role.REVIEWER,
    Role.AUDITOR,
    says=_l("Read claims and appeals"),
)
WRITE = capability("claim:write", Role.CLERK, Role.MANAGER, files=True, says=_l("Write claims"))
SUBMIT = capability("claim:submit", Role.MANAGER, files=True, says=_l("Submit claims"))
TAKE_BACK = capability("claim:takeback", Role.MANAGER, says=_l("Take a submitted claim back"))
DECIDE = capability("claim:decide", Role.REVIEWER, says=_l("Decide claims line by line"))
FINDINGS = capability(
    "claim:findings",
    Role.FINANCE,
    Role.REVIEWER,
    Role.AUDITOR,
    says=_l("Read what rules found, and notes inside headquarters"),
)
# Also of a frozen dealer: the time to appeal does not wait (R6).
FILE_APPEAL = capability(
    "appeal:file", Role.CLERK, Role.MANAGER, says=_l("Appeal against a decision")
)
WITHDRAW_APPEAL = capability(
    "appeal:withdraw", Role.CLERK, Role.MANAGER, says=_l("Withdraw an appeal")
)
DECIDE_APPEAL = capability(
    "appeal:decide", Role.REVIEWER, says=_l("Decide appeals against another reviewer")
)
SETTLE_APPEAL = capability("appeal:settle")
CLOSE_APPEAL = capability("appeal:close")
ANNOUNCE_LAPSE = capability("lapse:announce")
TRY_RULES = capability(
    "rule:try", Role.REVIEWER, Role.ADMINISTRATOR, says=_l("Try the rules on a run")
)
RUN_READ = capability(
    "run:read", Role.FINANCE, Role.REVIEWER, Role.AUDITOR, says=_l("Read the monthly runs")
)
RUN_OPEN = capability("run:open", Role.REVIEWER, says=_l("Open a monthly run"))
RUN_REVIEW = capability("run:review", Role.REVIEWER, says=_l("Share a run out, start its review"))
RUN_CLOSE = capability(
    "run:close", Role.REVIEWER, says=_l("Propose and close a run: credit the dealers")
)
RUN_FINISH = capability("run:finish")


def visible_claims(actor: Actor) -> ColumnElement[bool]:
    """A dealer sees its own claims; headquarters what was submitted, also if it was returned."""
    if actor.is_dealer:
        return Claim.dealer_id == actor.dealer_id
    return Claim.submitted_at.is_not(None) if actor.can(READ) else false()


def visible_appeals(actor: Actor) -> ColumnElement[bool]:
    """A dealer sees its own appeals, headquarters all."""
    if actor.is_dealer:
        return Appeal.dealer_id == actor.dealer_id
    return true() if actor.can(READ) else false()


def visible_lapses(actor: Actor) -> ColumnElement[bool]:
    """A dealer sees what it was told of, headquarters all."""
    if actor.is_dealer:
        return Lapse.dealer_id == actor.dealer_id
    return true() if actor.can(READ) else false()


def visible_runs(actor: Actor) -> ColumnElement[bool]:
    """Runs are headquarters'; a dealer sees its own claims in them, not the run."""
    return true() if actor.can(RUN_READ) else false()
