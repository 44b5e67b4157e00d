"""The figures of old parts, as charts with their tables."""

from flask.typing import ResponseReturnValue

from portal.oldparts import policy
from portal.reports import old_parts
from portal.web import filters, languages
from portal.web.htmx import render
from portal.web.routes import Pages, actor, now

pages = Pages("oldpartfigures", __name__, url_prefix="/old-parts/figures")


@pages.get("", needs=policy.READ)
def index() -> ResponseReturnValue:
    """What comes back, what is owed, what was rejected, what fails and when; five queries."""
    who, at = actor(), now()
    top = old_parts.top_failing(who, languages.code(), at)
    returns = old_parts.returns(who, at)
    months = [filters.month(f"{one.month:%Y-%m}") for one in returns]
    return render(
        "reports/old_parts.html",
        returned=_rate(returns[-1]),
        points=[
            (month, one.percent, _rate(one)) for month, one in zip(months, returns, strict=True)
        ],
        owed=old_parts.ages_of_owed(who, at),
        rejections=old_parts.rejections(who, at),
        ages=old_parts.failure_ages(who, at),
        top=top,
        months=months,
        sees_owed=who.is_dealer or who.can(policy.OWED),
    )


def _rate(one: old_parts.Returned) -> str:
    """The share, with what it is the share of; a dash where there was nothing to return."""
    if not one.wanted:
        return "–"
    return f"{filters.percent(one.percent * 100)} ({one.registered} / {one.wanted})"
