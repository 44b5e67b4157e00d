"""What the events of claims and monthly runs, and the values that they keep, are called."""

from portal.advances.models import Advance
from portal.claims.appeal_workflow import APPEAL_REASONS
from portal.claims.models import Claim, Run
from portal.claims.workflow import LINE, REASONS
from portal.collections.models import Consignment
from portal.core.i18n import _l
from portal.oldparts.models import OldPart
from portal.web import filters
from portal.web.timeline import choice, moment, money, number_of, plain, span, written

_SUMS = {
    "claimed": money(_l("Claimed")),
    "approved": money(_l("Approved")),
    "reduced": money(_l("Reduced")),
    "rejected": money(_l("Rejected")),
}
WORDS = {
    "create": _l("began the claim"),
    "approve_open": _l("approved the open lines together"),
    "fail_line": _l("took out a piece that failed its inspection"),
    "miss_line": _l("took out a piece that is missing"),
    **{f"{step.name}_line": step.done for step in LINE.transitions},
}
ALONE = {
    "take_in": _l("took the claim into the run automatically"),
    "settle": _l("credited what was approved"),
}
VALUES = {
    "run": number_of(_l("Run"), Run.month, filters.month),
    "line": plain(_l("Line")),
    "old_part": number_of(_l("Old part"), OldPart.number),
    "labour": number_of(_l("Labour for the old part"), OldPart.number),
    "consignment": number_of(_l("Freight of the consignment"), Consignment.number),
    "advance": number_of(_l("Advance compensation"), Advance.number),
    "lines": plain(_l("Lines")),
    **_SUMS,
    "reason_code": choice(_l("Reason"), REASONS),
    "lapse_months": span(_l("A piece can be claimed for"), "month"),
    "appeal_days": span(_l("Time to appeal"), "day"),
}
LAPSE_VALUES = {
    "until": moment(_l("Until")),
    "month": written(_l("With the claim for"), filters.month),
    "pieces": plain(_l("Pieces")),
    "amount": money(_l("Amount")),
    "consignments": plain(_l("Freight of consignments")),
    "compensations": plain(_l("Customer compensation")),
    "lapse_months": VALUES["lapse_months"],
    "remind_days": span(_l("Told so long before"), "day"),
}
RUN_WORDS = {
    "create": _l("opened the run"),
    "assign": _l("gave dealers to a reviewer"),
    "unassign": _l("took dealers back from their reviewer"),
}
RUN_ALONE = {
    "create": _l("opened the run automatically"),
    "finish": _l("closed the month, all claims being credited"),
}
RUN_VALUES = {
    "cutoff": moment(_l("Submitted before")),
    "spot_check": written(_l("Spot checks of claims"), filters.percent),
    "claims": plain(_l("Claims")),
    "reviewer": plain(_l("Reviewer")),
    "dealers": plain(_l("Dealers")),
    **_SUMS,
    "appeals": plain(_l("Appeals")),
    "appealed": money(_l("Granted")),
}
APPEAL_ALONE = {
    "settle": _l("credited what was granted"),
    "close": _l("closed the appeal: the piece failed its inspection or is missing"),
}
APPEAL_VALUES = {
    "claim": number_of(_l("Claim"), Claim.number),
    "line": plain(_l("Line")),
    "taken_off": money(_l("Taken off")),
    "attached": plain(_l("Files")),
    "granted": money(_l("Granted")),
    "reason_code": choice(_l("Reason"), APPEAL_REASONS),
    "run": number_of(_l("Run"), Run.month, filters.month),
}
