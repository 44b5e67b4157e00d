"""Claims on paper and as sheets: the form 保修期内配件费用报销单, and the run's statement (R8)."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from portal.applications.queries import part_name
from portal.claims import figures, statements
from portal.claims.appeal_models import Appeal
from portal.claims.appeal_workflow import APPEAL_REASONS
from portal.claims.models import ADVANCE, FREIGHT, LABOUR, Claim
from portal.claims.workflow import DECIDED, LINE, LINE_KINDS, REASONS
from portal.core.db import AnyRow, streamed
from portal.core.events import steps_taken
from portal.core.i18n import _
from portal.web import exports
from portal.web.exports import Column
from portal.web.filters import day, instant, money, month, number
from portal.web.links import public_url_for
from portal.web.paper import Paper, paper

STEPS = ("submit", "decide", "settle")
"""What happens to a claim one after the other; each that happened is printed."""


def form(claim: Claim) -> Paper:
    """A claim as the paper form was, on A4: with what was decided, once it is (R1, R6)."""
    heading, sums = statements.heading(claim), figures.statement_of(claim)
    decided = claim.status in DECIDED
    run = month(heading.run_month) if heading.run_month else ""
    facts = {
        "title": _("Reimbursement claim"),
        "number": claim.number,
        "status": Claim.workflow.state(claim.status).label,
        "mark": _("Draft") if claim.status == "draft" else "",
        "facts": [
            *_dealer(heading),
            _fact(_("Month"), month(claim.month)),
            _fact(_("Run"), run),
            _fact(_("Submitted on"), instant(claim.submitted_at) if claim.submitted_at else ""),
            _fact(_("Lines"), number(sums.lines)),
        ],
        "parts": [_part("", streamed(statements.lines_of(claim)), decided=decided)],
        "sums": _sums(sums) if decided else [],
        "total": [_("Approved"), money(sums.approved)]
        if decided
        else [_("Claimed"), money(sums.claimed)],
        "whys": _whys(sums) if decided else [],
        "notes": [(_("The dealer's remark"), claim.remark)],
        "steps": _steps(claim),
        "sides": [_("Dealer"), _("Headquarters")],
        **_words(),
    }
    address = public_url_for("claims.show", name=claim.public_id)
    return paper("claim", claim.number, facts, address=address)


def statement(one: Claim | Appeal) -> Paper:
    """What became of all that a dealer claimed in a run, and why, and of its appeals (R6, R8).

    It is found by one of the claims or appeals that the run settled.
    """
    heading = statements.heading_beside(one)
    sums, appealed = figures.statement_beside(one), figures.appeals_beside(one)
    credited = statements.credited_beside(one)
    by_claim: dict[str, list[AnyRow]] = {row.number: [] for row in credited}
    for row in streamed(statements.lines_beside(one)):
        by_claim[row.claim].append(row)
    appeals = list(streamed(statements.appeals_beside(one)))
    facts = {
        "title": _("Reimbursement statement"),
        "number": month(heading.run_month),
        "status": "",
        "facts": [
            *_dealer(heading),
            _fact(_("Run"), month(heading.run_month)),
            _fact(_("Settled on"), day(heading.closed_at)),
            *(
                _fact(
                    _("Credited"), f"{money(row.amount)} · {day(row.at)} · {row.number}", wide=True
                )
                for row in [*credited, *appeals]
                if row.amount
            ),
        ],
        "parts": [
            *(_part(name, lines, decided=True) for name, lines in by_claim.items()),
            *([_appealed(appeals)] if appeals else []),
        ],
        "sums": [*_sums(sums), *([(_("Appeals"), money(appealed.granted))] if appeals else [])],
        "total": [
            _("Credited") if appeals else _("Approved"),
            money(sums.approved + appealed.granted),
        ],
        "whys": _whys(sums),
        "notes": [],
        "steps": [],
        "sides": [],
        **_words(),
    }
    return paper("claim", title(heading), facts, address=_address(one))


def _address(one: Claim | Appeal) -> str:
    endpoint = "claims.show" if isinstance(one, Claim) else "appeals.show"
    return public_url_for(endpoint, name=one.public_id)


def title(heading: AnyRow) -> str:
    """What the statement of a dealer in a run is called, and its file."""
    return f"{_('Reimbursement statement')} {heading.dealer_code} {heading.run_month}"


def sheet(one: Claim | Appeal) -> tuple[str, list[str], Iterator[Any]]:
    """The statement of a run as a sheet: its title, headings, and a row for each line (R8).

    Then one for each appeal, with what was granted as approved: the column is what was credited.
    """
    amount, state = exports.money(), exports.states(LINE)
    columns = [
        Column(_("Claim"), "claim"),
        Column(_("Line"), "position"),
        Column(_("Kind"), "kind", lambda kind: str(LINE_KINDS[kind])),
        Column(_("Old part"), "old_part"),
        Column(_("Part number"), "part_number"),
        Column(_("Part"), "label"),
        Column(_("Product model"), "product_model"),
        Column(_("Serial"), "product_serial"),
        Column(_("Failed on"), "failed_on"),
        Column(_("Other document"), "outlay_number"),
        Column(_("Service fees"), "schedule_number"),
        Column(_("Quantity"), "quantity"),
        Column(_("Rate"), "rate", amount),
        Column(_("Remark"), "remark"),
        Column(_("Claimed"), "claimed", amount),
        Column(_("Decision"), "status", state),
        Column(_("Approved"), "approved", amount),
        Column(_("Taken off"), "taken_off", amount),
        Column(_("Reason"), "reason_code", lambda code: str(REASONS[code]) if code else ""),
        Column(_("Note"), "note"),
    ]
    label = statements.part_label().label("label")
    name = title(statements.heading_beside(one))
    table = exports.Table(name, statements.lines_beside(one).add_columns(label), columns)
    appeals = streamed(statements.appeals_beside(one).add_columns(label))
    rows = chain(table.rows(), (_appeal_cells(row, amount) for row in appeals))
    return name, [column.heading for column in columns], rows


def _appeal_cells(row: AnyRow, amount: Callable[[Any], Any]) -> list[Any]:
    # What was claimed and taken off stands in the statement of the line's own run.
    piece = row.old_part, row.part_number, row.label, row.product_model, row.product_serial
    decision, why = _granted(row)
    return [
        row.claim, row.position, str(LINE_KINDS[row.kind]), *piece, row.failed_on,
        row.outlay_number, row.schedule_number, row.quantity, amount(row.rate),
        row.remark, None, decision, amount(row.amount), None, why, row.note,
    ]  # fmt: skip


def _granted(row: AnyRow) -> tuple[str, str]:
    """What became of a paid appeal, and why not all of it was granted."""
    in_full = row.amount == row.claimed - row.approved
    state = Appeal.workflow.state("granted" if in_full else "granted_part")
    why = APPEAL_REASONS[row.reason_code] if row.reason_code else ""
    return f"{row.number} · {state.label}", str(why)


def _appealed(rows: list[AnyRow]) -> dict[str, Any]:
    """The appeals that a run paid, as a part: what was granted beside what had been taken off."""
    heads = _words()["heads"]
    taken_off = money(sum(row.claimed - row.approved for row in rows))
    return {
        "name": _("Appeals against earlier decisions"),
        "heads": [*heads[:5], _("Taken off"), _("Granted")],
        "lines": [_appeal_line(row) for row in rows],
        "total": [_("Total"), taken_off, money(sum(row.amount for row in rows))],
    }


def _appeal_line(row: AnyRow) -> dict[str, Any]:
    decision, why = _granted(row)
    said = " ".join(filter(None, (why, " ".join(row.note.split()))))
    return {
        "number": row.position,
        **_claimed(row),
        "remark": "",
        "claimed": money(row.claimed - row.approved),
        "approved": money(row.amount),
        "why": ". ".join(filter(None, (f"{decision} ({row.claim})", said))),
    }


def _fact(label: str, value: Any, *, wide: bool = False) -> dict[str, Any]:
    return {"label": label, "value": value, "wide": wide}


def _dealer(heading: AnyRow) -> list[dict[str, Any]]:
    address = ", ".join(filter(None, (heading.dealer_address, heading.dealer_city)))
    return [
        _fact(_("Dealer"), f"{heading.dealer_code} · {heading.dealer_name}", wide=True),
        _fact(_("Address"), address, wide=True),
    ]


def _part(name: str, rows: Iterable[AnyRow], *, decided: bool) -> dict[str, Any]:
    """Lines under a name; with what was decided on each, and why, once they are."""
    rows = list(rows)
    claimed = money(sum(row.claimed for row in rows))
    approved = money(sum(row.approved for row in rows)) if decided else ""
    return {
        "name": name,
        "lines": [dict(_line(row, decided=decided)) for row in rows],
        "total": [_("Total"), claimed, approved],
    }


def _line(row: AnyRow, *, decided: bool) -> Iterator[tuple[str, Any]]:
    yield "number", row.position
    yield from _claimed(row).items()
    yield "remark", row.remark
    yield "claimed", money(row.claimed)
    yield "approved", money(row.approved) if decided else ""
    yield "why", _why(row) if decided and row.status != "approved" else ""


def _claimed(row: AnyRow) -> dict[str, Any]:
    """What a line claims: a piece or its labour, freight, or what a customer was paid."""
    product = " ".join(filter(None, (row.product_model, row.product_serial)))
    if row.old_part:
        name = _labour(row) if row.kind == LABOUR else part_name(row, "part_")
        named = {"old_part": row.old_part, "part": row.part_number, "name": name}
        return {**named, "product": product, "failed": day(row.failed_on)}
    carrier = " ".join(filter(None, (row.carrier, row.tracking_number)))
    named = {
        "old_part": row.outlay_number,
        "part": LINE_KINDS[row.kind],
        "name": {FREIGHT: carrier, ADVANCE: row.customer}[row.kind],
    }
    return {**named, "product": product, "failed": ""}


def _labour(row: AnyRow) -> str:
    """The labour that a line claims, by what stays the same when it is printed again (R8)."""
    times = f"{number(row.quantity)} × {money(row.rate)}"
    return " · ".join((str(LINE_KINDS[LABOUR]), row.schedule_number, times))


def _why(row: AnyRow) -> str:
    """What was decided against a line, and the reason in words."""
    reason = REASONS[row.reason_code] if row.reason_code else ""
    said = " ".join(filter(None, (str(reason), " ".join(row.note.split()))))
    return _("%(field)s: %(sentence)s", field=LINE.state(row.status).label, sentence=said)


def _sums(sums: figures.Statement) -> list[tuple[str, str]]:
    taken_off = {_("Reduced"): -sums.reduced, _("Rejected"): -sums.rejected}
    return [
        (_("Claimed"), money(sums.claimed)),
        *((label, money(amount)) for label, amount in taken_off.items() if amount),
    ]


def _whys(sums: figures.Statement) -> list[tuple[Any, ...]]:
    return [
        (LINE.state(why.status).label, REASONS[why.reason_code], number(why.lines), money(why.off))
        for why in sums.whys
    ]


def _steps(claim: Claim) -> list[tuple[Any, ...]]:
    state = Claim.workflow.state
    return [
        (state(event.to_status).label, event.actor_name, instant(event.at))
        for event in steps_taken(claim, STEPS)
    ]


def _words() -> dict[str, Any]:
    return {
        "heads": [
            "", _("Old part"), _("Part"), _("Product"), _("Failed on"), _("Claimed"), _("Approved"),
        ],
        "why_heads": [_("Decision"), _("Reason"), _("Lines"), _("Taken off")],
        "words": {
            "signature": _("Signature and stamp"),
            "date": _("Date"),
            "why": _("Why less was approved"),
            "remark": _("Remark"),
        },
    }  # fmt: skip
