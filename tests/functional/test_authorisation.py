"""Who may open and do what: every route × everybody × own, foreign and missing (P1, P3)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import url_for
from sqlalchemy import select, update
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from portal.applications.models import Application, Quote, QuoteLine
from portal.claims.models import Claim
from portal.core.db import session
from portal.core.permissions import PUBLIC, SIGNED_IN, Role, roles_with
from portal.oldparts.models import OldPart
from portal.people import services as people
from portal.people.models import LoginSession, User
from portal.web.routes import routes
from tests.functional import world as worlds
from tests.functional.world import SIDES, World, fingerprint
from tests.support.portal import DEALERS, PASSWORD, Client, Portal

sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""For what happens before the database is asked."""

MISSING = "AAAAAAAAAAAAAAAA"


@dataclass(frozen=True)
class Row:
    """How to ask for a route.

    ``kind`` is the thing of ``world`` that the URL names, under ``argument``; ``also`` fills the
    rest of the URL. ``then`` is a capability that is asked for once the thing is found. ``gives``
    is the status of a page that is one's own to open, ``acts`` says that an empty form does it.
    """

    kind: str | None = None
    also: dict[str, Any] = field(default_factory=dict)
    argument: str = "name"
    missing: str = MISSING
    then: str | None = None
    gives: int = 200
    acts: bool = False


def _row(kind: str | None = None, **more: Any) -> tuple[Row, ...]:
    return (Row(kind, **more),)


def _steps(argument: str, *rows: tuple[str, str, str]) -> tuple[Row, ...]:
    """Rows of a route that takes several steps: the step, a thing, the step's own capability."""
    return tuple(Row(kind, {argument: step}, then=needs) for step, kind, needs in rows)


TABLE: dict[str, tuple[Row, ...]] = {
    "static": _row("static", argument="filename", missing="no/such.css"),
    # home
    "home.index": _row(),
    "home.search": _row(also={"q": "D0002"}) + _row(also={"q": "D0001"}),
    "home.healthz": _row(),
    "watch.figures": _row(gives=404),
    "watch.readyz": _row(),
    # people
    "signin.page": _row(gives=303),
    "signin.enter": _row(),
    "signin.leave": _row(acts=True),
    "profile.preferences": _row(acts=True),
    "savedviews.save": _row(),
    "savedviews.remove": _row(),
    "access.show": _row(argument="token", also={"token": MISSING}, gives=404),
    "access.choose": _row(argument="token", also={"token": MISSING}, gives=404),
    "access.forgotten": _row(),
    "access.ask": _row(),
    "signin.code_page": _row(gives=303),
    "signin.enter_code": _row(),
    "signin.enter_passkey": _row(),
    "factor.show": _row(),
    "factor.confirm": _row(),
    "factor.add_passkey": _row(),
    "factor.remove_passkey": _row("passkey"),
    "factor.turn_on": _row(),
    "factor.renew_codes": _row(),
    "factor.turn_off": _row(),
    "roles.index": _row(),
    "profile.account": _row(),
    "profile.change_password": _row(),
    "profile.end_session": _row("session", missing="0" * 16, acts=True),
    "profile.end_other_sessions": _row(acts=True),
    "dealers.index": _row(),
    "dealers.new": _row(),
    "dealers.add": _row(),
    "dealers.show": _row("dealer"),
    "dealers.edit": _row("dealer"),
    "dealers.change": _row("dealer"),
    "dealers.act": _row("dealer", also={"step": "freeze"})
    + _row("dealer", also={"step": "unfreeze"}),
    "people.users": _row(),
    "people.new_user": _row(),
    "people.add_user": _row(),
    "people.user": _row("user"),
    "people.edit_user": _row("user"),
    "people.change_user": _row("user"),
    "people.act": _row("user", also={"step": "deactivate"})
    + _row("user", also={"step": "activate"})
    + _row("user", also={"step": "renew"})
    + _row("user", also={"step": "invite_again"})
    + _row("user", also={"step": "take_factor"})
    + _row("user", also={"step": "withdraw"}),
    # terms
    "terms.index": _row(),
    "terms.show": _row("term", argument="term_name", missing="no.such_days"),
    "terms.propose": _row("term", argument="term_name", missing="no.such_days"),
    "terms.change": _row("change"),
    "terms.decide": _row("change", also={"step": "approve"})
    + _row("change", also={"step": "decline"})
    + _row("change", also={"step": "withdraw"}),
    "calendar.index": _row(),
    "calendar.declare": _row(),
    "calendar.paste": _row(),
    "calendar.clear": _row(),
    "proposal.index": _row(),
    "proposal.take_over": _row(),
    # files
    "files.upload": _row(acts=True),
    "files.show": _row("photo", argument="public_id")
    + _row("file", argument="public_id")
    + _row("picture", argument="public_id"),
    "files.thumbnail": _row("photo", argument="public_id")
    + _row("file", argument="public_id")
    + _row("picture", argument="public_id"),
    "files.remove": _row("file", argument="public_id", acts=True),
    # ledger
    "ledger.account": _row() + _row(also={"tab": "statements"}),
    "ledger.dealer_account": _row("account"),
    "ledger.credit_limit": _row("account"),
    "ledger.set_credit_limit": _row("account"),
    "ledger.accounts": _row(),
    "ledger.new_deposit": _row(),
    "ledger.deposit": _row(),
    "ledger.entry": _row("entry"),
    "ledger.reverse": _row("entry"),
    "statements.show": _row("account", also={"month": "2026-10"}),
    "statements.printed": _row("account", also={"month": "2026-10"}),
    "statements.export": _row("account", also={"month": "2026-10", "ending": "csv"}),
    "moneyreports.days": _row("account") + _row("account", also={"to": "2026-10-11"}),
    "moneyreports.export_days": _row("account", also={"ending": "csv"}),
    "moneyreports.owed": _row(),
    "moneyreports.export_owed": _row(also={"ending": "csv"}),
    "moneyreports.posted": _row() + _row(also={"from": "2026-10-01", "to": "2026-10-31"}),
    "moneyreports.export_postings": _row(also={"ending": "csv"}),
    "moneyfigures.index": _row(),
    "bookchecks.index": _row(),
    "bookchecks.check_now": _row(acts=True),
    "bank.index": _row() + _row(also={"tab": "all"}),
    "bank.export": _row(also={"ending": "csv"}),
    "bank.show": _row("bank_line"),
    "bank.assign": _row("bank_line"),
    "bank.act": _steps(
        "step",
        ("set_aside", "bank_line", "bank:assign"),
        ("reopen", "bank_line", "bank:assign"),
    ),
    "bankfiles.overview": _row(),
    "bankfiles.upload": _row(),
    "bankfiles.columns": _row("bank_file"),
    "bankfiles.choose": _row("bank_file"),
    "bankfiles.show": _row("bank_file"),
    "bankfiles.take_in": _row("bank_file"),
    "bankfiles.go_on": _row("bank_file"),
    "bankfiles.discard": _row("bank_file"),
    "bankfiles.errors": _row("bank_file"),
    "bankfiles.original": _row("bank_file"),
    "corrections.index": _row(),
    "corrections.export": _row(also={"ending": "csv"}),
    "corrections.new": _row(),
    "corrections.propose": _row(),
    "corrections.show": _row("penalty") + _row("adjustment"),
    "corrections.act": _steps(
        "step",
        ("book", "adjustment", "correction:decide"),
        ("decline", "adjustment", "correction:decide"),
        ("withdraw", "adjustment", "correction:propose"),
        ("drop", "penalty", "correction:decide"),
        ("reverse", "penalty", "correction:decide"),
    ),
    "corrections.answer": _row("penalty"),
    "corrections.send_answer": _row("penalty"),
    # catalogue
    "catalogue.index": _row(),
    "catalogue.suggest": _row(also={"q": "fv"}),
    "catalogue.show": _row("part"),
    "catalogue.new_part": _row(),
    "catalogue.add_part": _row(),
    "catalogue.act": _row("part", also={"step": "withdraw"})
    + _row("part", also={"step": "restore"}),
    "catalogue.edit": _row("part"),
    "catalogue.save": _row("part"),
    "labels.part": _row("part"),
    "pricelists.overview": _row(),
    "pricelists.new": _row(),
    "pricelists.upload": _row(),
    "pricelists.columns": _row("price_list"),
    "pricelists.choose": _row("price_list"),
    "pricelists.detail": _row("price_list"),
    "pricelists.take_in": _row("price_list"),
    "pricelists.discard": _row("price_list"),
    "pricelists.errors": _row("price_list"),
    "pricelists.original": _row("price_list"),
    "products.index": _row(also={"q": "w3"}),
    "products.units": _row(also={"q": "SN-1"}),
    "products.new": _row(),
    "products.create": _row(),
    "products.show": _row("model"),
    "products.edit": _row("model"),
    "products.save": _row("model"),
    "products.act": _row("model", also={"step": "withdraw"})
    + _row("model", also={"step": "restore"}),
    "products.set_months": _row("model"),
    "products.add_part": _row("model"),
    "products.remove_part": _row("model"),
    "faultcodes.index": _row(also={"q": "l-"}),
    "faultcodes.new": _row(),
    "faultcodes.create": _row(),
    "faultcodes.show": _row("fault_code"),
    "faultcodes.edit": _row("fault_code"),
    "faultcodes.save": _row("fault_code"),
    "faultcodes.act": _row("fault_code", also={"step": "withdraw"})
    + _row("fault_code", also={"step": "restore"}),
    "imports.overview": _row(),
    "imports.new": _row(also={"subject": "units"}),
    "imports.template": _row(also={"subject": "successors"}),
    "imports.upload": _row(also={"subject": "fits"}),
    "imports.columns": _row("import"),
    "imports.choose": _row("import"),
    "imports.detail": _row("import"),
    "imports.take_in": _row("import"),
    "imports.discard": _row("import"),
    "imports.errors": _row("import"),
    "imports.original": _row("import"),
    # applications
    "applications.index": _row(),
    "worklist.export": _row(also={"ending": "csv"}),
    "shipments.export": _row(also={"ending": "csv"}),
    "compensations.export": _row(also={"ending": "csv"}),
    "oldpartlists.export": _row(also={"ending": "csv"}),
    "oldpartlists.export_to_register": _row(also={"ending": "csv"}),
    "oldpartlists.export_owed": _row(also={"ending": "csv"}),
    "oldpartlists.export_charges": _row(also={"ending": "csv"}),
    "collectionlists.export": _row(also={"ending": "csv"}),
    "claimlists.export": _row(also={"ending": "csv"}),
    "ledgerlists.own": _row(also={"ending": "csv"}),
    "ledgerlists.of_all": _row(also={"ending": "csv"}),
    "ledgerlists.of_dealer": _row("account", also={"ending": "csv"}),
    "drafts.new": _row(acts=True),
    "drafts.again": _row("submitted", acts=True),
    "drafts.add_photos": _row("draft", also={"key": "row0"}, acts=True),
    "sheets.new": _row(),
    "sheets.upload": _row(),
    "sheets.columns": _row("sheet"),
    "sheets.choose": _row("sheet"),
    "sheets.template": _row(also={"language": "pl"}),
    "applications.show": _row("draft") + _row("submitted") + _row("released"),
    "applications.act": _steps(
        "step",
        ("withdraw", "draft", "application:withdraw"),
        ("return", "submitted", "application:quote"),
        ("reject", "submitted", "application:quote"),
        ("requote", "quoted", "application:write"),
        ("cancel", "confirmed", "application:cancel"),
        ("release", "confirmed", "application:release"),
    ),
    "quotes.confirm": _row("quoted"),
    "drafts.edit": _row("draft"),
    "drafts.write": _row("draft"),
    "many.quote": _row(),
    "many.send_quotes": _row(),
    "many.release": _row(),
    "many.release_all": _row(),
    "quotes.first": _row(gives=303),
    "quotes.edit": _row("submitted") + _row("quoted"),
    "quotes.reckon": _row("submitted", acts=True),
    "quotes.show": _row("quoted", also={"version": 1}),
    "quotes.send": _row("submitted"),
    "shipments.new": _row("released"),
    "shipments.send": _row("released"),
    "shipments.cancelling": _row("released"),
    "shipments.cancel": _row("released"),
    "shipments.index": _row(),
    "shipments.show": _row("sent"),
    "shipments.receive": _row("sent"),
    "picking.index": _row(),
    "picking.paper_list": _row(),
    "receipts.new": _row("sent"),
    "receipts.report": _row("sent"),
    "receipts.show": _row("reported"),
    "receipts.settle": _row("reported"),
    "compensations.index": _row(),
    "compensations.show": _row("compensation"),
    "compensations.act": _steps(
        "step",
        ("book", "compensation", "compensation:book"),
        ("excuse", "compensation", "compensation:excuse"),
    ),
    "paper.application": _row("draft") + _row("released"),
    "paper.packing_slip": _row("sent"),
    # old parts
    "oldpartbatches.overview": _row(),
    "oldpartbatches.template": _row(also={"language": "pl"}),
    "oldpartbatches.upload": _row() + _row("batch", argument="instead"),
    "oldpartbatches.columns": _row("batch"),
    "oldpartbatches.choose": _row("batch"),
    "oldpartbatches.show": _row("batch"),
    "oldpartbatches.add_photos": _row("batch"),
    "oldpartbatches.take_in": _row("batch"),
    "oldpartbatches.go_on": _row("batch"),
    "oldpartbatches.discard": _row("batch"),
    "oldpartbatches.errors": _row("batch"),
    "oldpartbatches.original": _row("batch"),
    "oldparts.index": _row(),
    "oldparts.to_register": _row(),
    "oldparts.new": _row("arrived", argument="shipment", also={"position": 1}),
    "oldparts.register": _row("arrived", argument="shipment", also={"position": 1}),
    "oldparts.show": _row("registered") + _row("accepted"),
    "oldparts.correction": _row("returned"),
    "oldparts.correct": _row("returned"),
    "oldparts.add_photos": _row("registered"),
    "oldparts.act": _steps(
        "step",
        ("accept", "registered", "oldpart:review"),
        ("return", "registered", "oldpart:review"),
        ("reject", "registered", "oldpart:review"),
        ("uphold", "failed", "oldpart:review"),
        ("overturn", "failed", "oldpart:review"),
    ),
    "inspections.index": _row() + _row(also={"tab": "passed"}),
    "inspections.dispose": _row(also={"tab": "passed"}),
    "inspections.scan": _row(also={"code": "OP-1"}, gives=303),
    "inspections.show": _row("received"),
    "inspections.inspect": _row("received"),
    "inspections.objection": _row("failed"),
    "inspections.send_objection": _row("failed"),
    "phone.scan": _row(acts=True),
    "phone.alike": _row(),
    "reviews.index": _row() + _row(also={"tab": "suspicious"}),
    "reviews.accept": _row(),
    "reviews.following": _row(gives=303) + _row("registered", argument="after", gives=303),
    "reviews.show": _row("registered") + _row("accepted"),
    "reviews.decide": _steps(
        "step",
        ("accept", "registered", "oldpart:review"),
        ("return", "registered", "oldpart:review"),
        ("reject", "registered", "oldpart:review"),
    ),
    "oldpartcharges.index": _row(),
    "oldpartcharges.show": _row("charge"),
    "oldpartcharges.act": _steps(
        "step",
        ("reverse", "charge", "oldpartcharge:decide"),
        ("uphold", "charge", "oldpartcharge:decide"),
        ("waive", "charge", "oldpartcharge:waive"),
        ("charge", "charge", "oldpartcharge:charge"),
    ),
    "owed.index": _row() + _row(also={"dealer": "D0002"}),
    "owed.dealers": _row() + _row(also={"order": "age"}),
    "owed.show": _row("owed", argument="line_id", missing="999999"),
    "owed.waive": _row("owed", argument="line_id", missing="999999"),
    "oldpartcharges.dispute": _row("charge"),
    "oldpartcharges.send_dispute": _row("charge"),
    "oldpartfigures.index": _row(),
    "claimfigures.index": _row(),
    "oldpartlabels.one": _row("accepted"),
    "oldpartlabels.one_paper": _row("accepted"),
    "oldpartlabels.many": _row(),
    "oldpartlabels.many_paper": _row("accepted", argument="pick"),
    "scrapping.new": _row("to_scrap"),
    "scrapping.scrap": _row("to_scrap"),
    "scrapping.many": _row(),
    "scrapping.allow": _row(),
    # collections
    "collections.index": _row() + _row(also={"tab": "late"}),
    "collections.show": _row("consignment") + _row("consignment_sent"),
    "collections.act": _steps(
        "step",
        ("release", "consignment", "oldpart:call"),
        ("charge", "consignment", "oldpart:call"),
    ),
    "calling.new": _row() + _row(also={"part": "FV-100", "days": "x"}),
    "calling.call": _row(),
    "packing.packing_page": _row("consignment"),
    "packing.pack": _row("consignment"),
    "packing.unpack": _row("consignment"),
    "packing.sending": _row("consignment"),
    "packing.send": _row("consignment"),
    "packing.packing_list": _row("consignment") + _row("consignment_sent", also={"box": 1}),
    "receiving.receiving_page": _row("consignment_sent"),
    "receiving.receive": _row("consignment_sent"),
    "receiving.finishing": _row("consignment_sent"),
    "receiving.finish": _row("consignment_sent"),
    # customer invoices
    "invoices.index": _row() + _row(also={"tab": "flagged", "q": "d"}),
    "invoices.export": _row(also={"ending": "csv"}),
    "invoices.new": _row(),
    "invoices.record": _row(),
    "invoices.whose": _row(),
    "invoices.new_of": _row("dealer"),
    "invoices.record_of": _row("dealer"),
    "invoices.show": _row("invoice") + _row("invoice_flagged"),
    "invoices.act": _steps(
        "step",
        ("accept", "invoice_flagged", "invoice:decide"),
        ("void", "invoice", "invoice:record"),
        ("strike", "invoice", "invoice:report"),
    ),
    "invoices.penalty": _row("invoice_flagged"),
    "invoices.penalize": _row("invoice_flagged"),
    # service fees
    "fees.index": _row() + _row(also={"tab": "in_force", "q": "d"}),
    "fees.export": _row(also={"ending": "csv"}),
    "fees.show": _row("fees") + _row("fees_approved"),
    "fees.act": _steps(
        "step",
        ("approve", "fees", "fee:decide"),
        ("return", "fees", "fee:decide"),
        ("reject", "fees", "fee:decide"),
        ("withdraw", "fees", "fee:withdraw"),
    ),
    "fees.board": _row("fees_approved"),
    "feedrafts.new": _row(acts=True),
    "feedrafts.save": _row("fees"),
    "feedrafts.submit": _row("fees"),
    "feedrafts.template": _row("fees"),
    "feedrafts.upload": _row("fees"),
    "rates.show": _row(also={"name": MISSING}, gives=404),
    "serviceitems.index": _row(also={"q": "v-"}),
    "serviceitems.new": _row(),
    "serviceitems.create": _row(),
    "serviceitems.show": _row("service_item"),
    "serviceitems.edit": _row("service_item"),
    "serviceitems.save": _row("service_item"),
    "serviceitems.act": _row("service_item", also={"step": "withdraw"})
    + _row("service_item", also={"step": "restore"}),
    # claims and runs
    "claims.index": _row(),
    "claims.new": _row(),
    "claims.start": _row(),
    "claims.show": _row("claim_draft") + _row("claim_in_review"),
    "claims.save": _row("claim_draft"),
    "claims.submit": _row("claim_draft"),
    "claims.discard": _row("claim_draft"),
    "lapses.show": _row("lapse"),
    "claims.take_back": _row("claim_in_review"),
    "claims.give_back": _row("claim_in_review"),
    "claims.decide": _row("claim_in_review"),
    "claims.decide_line": _row("claim_in_review", also={"position": 1}),
    "claims.approve_open": _row("claim_in_review", acts=True),
    "runboards.show": _row("run"),
    "runboards.assign": _row("run"),
    "runboards.share_out": _row("run"),
    "runboards.approve": _row("run"),
    "runboards.export": _row("run", also={"ending": "csv"}),
    "desk.following": _row("run", gives=303),
    "desk.show": _row("claim_in_review", also={"position": 1}),
    "desk.decide": _row("claim_in_review", also={"position": 1}),
    "outlays.new": _row("claim_draft", also={"kind": "freight"})
    + _row("claim_draft", also={"kind": "advance"}),
    "outlays.add": _row("claim_draft", also={"kind": "freight"})
    + _row("claim_draft", also={"kind": "advance"}),
    "outlays.remove": _row("claim_draft", also={"kind": "advance", "document": "0" * 16}),
    "labour.show": _row("claim_draft"),
    "labour.add": _row("claim_draft"),
    "labour.remove": _row("claim_draft", also={"old_part": "0" * 16}),
    "advances.index": _row(),
    "advances.export": _row(also={"ending": "csv"}),
    "advances.new": _row(),
    "advances.send": _row(),
    "advances.show": _row("advance") + _row("advance_returned"),
    "advances.correction": _row("advance_returned"),
    "advances.correct": _row("advance_returned"),
    "advances.approve": _row("advance"),
    "advances.act": _steps(
        "step",
        ("withdraw", "advance", "advance:withdraw"),
        ("return", "advance", "advance:decide"),
        ("reject", "advance", "advance:decide"),
    ),
    "appeals.index": _row(),
    "appeals.export": _row(also={"ending": "csv"}),
    "appeals.new": _row("claim_decided", also={"position": 1}),
    "appeals.file": _row("claim_decided", also={"position": 1}),
    "appeals.show": _row("appeal"),
    "appeals.act": _steps("step", ("withdraw", "appeal", "appeal:withdraw")),
    "appeals.decide": _row("appeal"),
    "claimpapers.statement_of_appeal": _row("appeal", gives=409),
    "claimpapers.export_of_appeal": _row("appeal", also={"ending": "csv"}, gives=409),
    "desk.note": _row("claim_in_review", also={"position": 1}),
    "rules.index": _row(),
    "claimpapers.form": _row("claim_draft") + _row("claim_in_review"),
    "claimpapers.statement": _row("claim_in_review", gives=409),
    "claimpapers.export": _row("claim_in_review", also={"ending": "csv"}, gives=409),
    "runs.index": _row(),
    "runs.open_run": _row(),
    "runs.show": _row("run"),
    "runsummaries.show": _row("run"),
    "closings.show": _row("run"),
    "runsummaries.printed": _row("run"),
    "runsummaries.export": _row("run", also={"ending": "csv"}),
    "runs.start": _row("run"),
    "runs.propose": _row("run"),
    "runs.resume": _row("run"),
    "runs.close": _row("run"),
    "runs.close_again": _row("run"),
    "runs.take_in_again": _row("run"),
    # own data
    "owndata.take": _row(),
    # customers' data
    "privacy.index": _row() + _row(also={"q": "OP-"}),
    "privacy.anonymise": _row(),
    # operations
    "audit.index": _row(),
    "audit.export": _row(also={"ending": "csv"}),
    "operations.index": _row() + _row(also={"tab": "waiting"}) + _row(also={"tab": "done"}),
    "operations.retry_all": _row(acts=True),
    "operations.retry": _row("job", argument="job_id", missing="999999", acts=True),
    "operations.drop": _row("other_job", argument="job_id", missing="999999", acts=True),
    # notices
    "notices.inbox": _row(),
    "notices.show": _row("notice", argument="notice_id", missing="999999", gives=303),
    "notices.open_notice": _row("notice", argument="notice_id", missing="999999", acts=True),
    "notices.read_all": _row(acts=True),
    "notices.comment": tuple(
        Row(kind, {"kind": document})
        for kind, document in (
            ("submitted", "application"),
            ("sent", "shipment"),
            ("reported", "deliveryreport"),
            ("registered", "oldpart"),
            ("claim_in_review", "claim"),
            ("run", "run"),
            ("appeal", "appeal"),
            ("fees", "fees"),
            ("penalty", "correction"),
            ("invoice", "invoice"),
            ("advance", "advance"),
            ("dealer", "dealer"),
            ("account", "account"),
            ("user", "user"),
            ("change", "policy"),
            ("compensation", "compensation"),
            ("charge", "oldpartcharge"),
            ("consignment", "consignment"),
            ("price_list", "pricelist"),
        )
    ),
}
"""How to ask for each route; one that is missing here fails the test with its name."""

ON_POSTGRESQL = ("other_manager", "desk", "reviewer", "administrator")
STALE = 'name="seen" type="hidden" value="-1"'
REFUSED = (400, 409, 413, 422, 429)
THOROUGHLY = ("clerk", "desk")
"""Who tries own, foreign and missing also where the capability lacks, and missing also where
nothing is foreign; for the others one of them will do."""
LAST = ("profile.end_other_sessions", "signin.leave")
"""What ends sessions that other requests need."""


@dataclass(frozen=True)
class Case:
    """A request for a thing that is one's own, foreign or missing, and what it may come to."""

    endpoint: str
    method: str
    needs: str
    row: Row
    whose: str
    url: str
    name: str = ""

    @property
    def is_safe(self) -> bool:
        return self.method == "GET"

    def __str__(self) -> str:
        return f"{self.method} {self.url} ({self.endpoint}, {self.whose})"


@sqlite_only
def test_matrix_has_a_row_when_there_is_a_route(portal: Portal) -> None:
    """P3: who adds a route says here how it is asked for."""
    known = {route["endpoint"] for route in routes(portal.app)}
    assert known - set(TABLE) == set(), "these routes need a row in TABLE"
    assert set(TABLE) - known == set(), "these rows have no route"


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of requests: what they log is not written."""
    with capture_logs():
        yield


def _ways(portal: Portal, world: World, who: str | None, row: Row) -> dict[str, str]:
    """The names to ask for: one's own, a foreign and a missing one, as far as there are such."""
    if row.kind is None:
        return {"own": ""}
    if row.kind == "static":
        return {"own": "css/portal.css", "missing": row.missing}
    things = world.things[row.kind]
    if who is None:
        return {"foreign": things[0].name, "missing": row.missing}
    own, foreign = world.own(row.kind, who), world.foreign(row.kind, who)
    found = {"own": own and own.name, "foreign": foreign and foreign.name}
    return {whose: name for whose, name in found.items() if name} | {"missing": row.missing}


def _cases(portal: Portal, world: World, who: str | None) -> list[Case]:
    found = []
    for route in routes(portal.app):
        for row in TABLE.get(route["endpoint"], ()):
            for method in route["methods"]:
                for whose, name in _ways(portal, world, who, row).items():
                    named = {row.argument: name} if row.kind else {}
                    with portal.app.test_request_context():
                        url = url_for(route["endpoint"], **row.also, **named)
                    found.append(
                        Case(route["endpoint"], method, route["needs"], row, whose, url, name)
                    )
    return sorted(found, key=lambda case: (case.endpoint in LAST, not case.is_safe))


def _ask(client: Client, case: Case) -> TestResponse:
    ask = client.get if case.is_safe else client.post
    return ask(case.url, buffered=True)


_TOKEN = re.compile(r"\bI[jm][\w-]+\.[\w-]+\.[\w-]+")


def comparable(answer: TestResponse, case: Case) -> tuple[int, str, list[tuple[str, str]]]:
    """An answer without what differs by nature: its reference, its form tokens, the asked name."""
    text = answer.data.decode(errors="replace").replace(answer.headers["X-Request-Id"], "REFERENCE")
    text = _TOKEN.sub("TOKEN", text).replace(case.name, "NAME")
    changing = ("X-Request-Id", "Content-Length", "Set-Cookie", "Date")
    headers = [(name, value) for name, value in answer.headers if name not in changing]
    return answer.status_code, text, headers


def holds(portal: Portal, who: str, needs: str) -> bool:
    """Whether the table of roles gives somebody a capability."""
    if needs in (PUBLIC, SIGNED_IN):
        return True
    return not portal.cast[who].roles.isdisjoint(roles_with(needs))


def _wrong(who: str, case: Case, answer: TestResponse, statuses: tuple[int, ...]) -> list[str]:
    if answer.status_code in statuses:
        return []
    return [f"{who}: {case} gave {answer.status_code}, not {statuses}"]


def _denied(client: Client, cases: list[Case], who: str) -> list[str]:
    return [line for case in cases for line in _wrong(who, case, _ask(client, case), (403,))]


def _absent(client: Client, cases: list[Case], who: str) -> list[str]:
    """Foreign and missing are not to be told apart."""
    wrong: list[str] = []
    answers: dict[tuple[str, str, int], dict[str, Any]] = {}
    for case in cases:
        answer = _ask(client, case)
        wrong += _wrong(who, case, answer, (404,))
        same = answers.setdefault((case.endpoint, case.method, id(case.row)), {})
        same[case.whose] = comparable(answer, case)
    for (endpoint, method, _row), same in answers.items():
        if "foreign" in same and same["foreign"] != same["missing"]:
            wrong.append(f"{who}: {method} {endpoint} tells a foreign thing from a missing one")
    return wrong


def _allowed(client: Client, cases: list[Case], who: str, secrets: list[str]) -> list[str]:
    """What is one's own opens; an empty form is refused, or does what it says."""
    wrong: list[str] = []
    for case in cases:
        answer = _ask(client, case)
        if case.is_safe:
            wrong += _wrong(who, case, answer, (case.row.gives,))
        else:
            wrong += _wrong(who, case, answer, (200, 303) if case.row.acts else REFUSED)
        if answer.status_code == 409 and STALE in answer.text:
            wrong.append(f"{who}: {case} answers with the stale version: sent again, it is stale")
        if answer.mimetype == "text/html":
            seen = [secret for secret in secrets if secret in answer.text]
            wrong += [f"{who}: {case} shows {seen}"] if seen else []
    return wrong


def _secrets(world: World, who: str) -> list[str]:
    """P1: what no page of a dealer's user may have on it."""
    side = next((side for side, names in SIDES.items() if who in names), None)
    if side is None:
        return []
    other = "south" if side == "north" else "north"
    facts = DEALERS[other]
    return [facts.name, f"of {other}", f"-{facts.code}-", *world.names_of(other)]


def test_everybody_gets_only_what_is_theirs(portal: Portal) -> None:
    """P1, P3: without the capability 403; foreign is as missing; without the form's token 400; a
    request that is denied or refused changes nothing; one's own opens, with nothing foreign on it.
    """
    world = worlds.build(portal)
    portal.app.testing = False  # a crash is a page of its own, and one of many findings here
    wrong: list[str] = []
    unforged = {route["endpoint"] for route in routes(portal.app) if "POST" in route["methods"]}
    stranger, everybody = portal.client(), _whose(portal)
    for who in everybody:
        client, secrets = portal.client(portal.cast[who]), _secrets(world, who)
        shares: dict[str, list[Case]] = {"denied": [], "absent": [], "harmless": [], "acts": []}
        for case in _cases(portal, world, who):
            shares[_share(portal, who, case)].append(case)
        if who not in THOROUGHLY:
            shares["denied"] = _one_each(shares["denied"])
            shares["absent"] = _comparable_only(shares["absent"])
        before = fingerprint(portal)
        wrong += _denied(client, shares["denied"], who)
        wrong += _absent(client, shares["absent"], who)
        wrong += _allowed(client, shares["harmless"], who, secrets)
        wrong += _forged(client, shares, who, unforged, stranger.token)
        if fingerprint(portal) != before:
            wrong.append(f"something that {who} may not do, or that was refused, had an effect")
        wrong += _allowed(client, shares["acts"], who, secrets)
    if everybody == tuple(portal.cast):
        wrong += [f"nobody tried a forged form on {endpoint}" for endpoint in sorted(unforged)]
    assert not wrong, "\n".join(wrong)


def _whose(portal: Portal) -> tuple[str, ...]:
    """Everybody on SQLite; on PostgreSQL some, since the routes and the conditions are the same."""
    with portal.app.app_context():
        is_sqlite = session.get_bind().dialect.name == "sqlite"
    return tuple(portal.cast) if is_sqlite else ON_POSTGRESQL


def _forged(
    client: Client, shares: dict[str, list[Case]], who: str, unforged: set[str], foreign: str
) -> list[str]:
    """Each unsafe route, once: it wants the token of the session that its form was shown in."""
    wrong: list[str] = []
    for case in _one_each(shares["harmless"] + shares["acts"]):
        if case.endpoint in unforged:
            unforged.discard(case.endpoint)
            for token in ("", foreign, "ключ"):
                answer = client.post(case.url, {"csrf_token": token})
                wrong += _wrong(who, case, answer, (400,))
    return wrong


def _one_each(cases: list[Case]) -> list[Case]:
    return list({(case.endpoint, case.method, id(case.row)): case for case in cases}.values())


def _comparable_only(cases: list[Case]) -> list[Case]:
    foreign = {(case.endpoint, id(case.row)) for case in cases if case.whose == "foreign"}
    return [case for case in cases if (case.endpoint, id(case.row)) in foreign]


def _share(portal: Portal, who: str, case: Case) -> str:
    """What is to become of a request."""
    if not holds(portal, who, case.needs):
        return "denied"
    if case.whose != "own":
        return "absent"
    if case.row.then is not None and not holds(portal, who, case.row.then):
        return "denied"
    return "acts" if case.row.acts and not case.is_safe else "harmless"


@sqlite_only
def test_nobody_gets_in_when_nobody_is_signed_in(portal: Portal) -> None:
    """P5: strangers, and people who left, are shown the way in, whatever they ask for."""
    world = worlds.build(portal)
    strangers = {"anonymous": portal.client(), **_left(portal)}
    cases = _cases(portal, world, None)
    before = fingerprint(portal)
    wrong: list[str] = []
    for who, client in strangers.items():
        for case in cases if who == "anonymous" else _one_each(cases):
            answer = _ask(client, case)
            if case.needs == PUBLIC:
                wrong += _wrong(who, case, answer, (200, 303, 404, 422))
            else:
                wrong += _wrong(who, case, answer, (303,) if case.is_safe else (401,))
                if case.is_safe and not (answer.location or "").startswith("/sign-in"):
                    wrong.append(f"{who}: {case} leads to {answer.location}")
    assert not wrong, "\n".join(wrong)
    assert fingerprint(portal) == before


def _left(portal: Portal) -> dict[str, Client]:
    """People who were deactivated while signed in: one of them with a session that goes on."""
    left = {}
    with portal.transaction():
        for name, roles in (
            ("left", [role for role in Role if role.side == "hq"]),
            ("late", [Role.ADMINISTRATOR]),
        ):
            user = people.add_user(
                email=f"{name}@example.com", name=name, password=PASSWORD, roles=[roles[0]],
                dealer=None, by=portal.administrator, now=portal.now,
            )  # fmt: skip
            user.roles = frozenset(roles)  # together nobody is given them
            left[name] = user.actor
    clients = {name: portal.client(actor) for name, actor in left.items()}
    assert {client.get("/").status_code for client in clients.values()} == {200}
    with portal.transaction():
        for actor in left.values():
            user = session.get_one(User, actor.id)
            people.deactivate(
                user, seen=None, reason="Left", by=portal.administrator, now=portal.now
            )
        late = LoginSession.user_id == left["late"].id
        session.execute(update(LoginSession).where(late).values(ended_at=None))
    return clients


@sqlite_only
def test_foreign_thing_is_not_reached_when_a_form_names_it(portal: Portal) -> None:
    """P1: what cannot be opened cannot be smuggled in by the body of a form of one's own either."""
    world = worlds.build(portal)
    own, foreign = (
        {kind: things[at].name for kind, things in world.things.items() if len(things) > at}
        for at in (0, 1)
    )
    manager = portal.client(portal.manager)
    with portal.transaction():
        lines = select(QuoteLine.id).join(Quote).join(Application)
        south = portal.dealers["south"]
        foreign_line = session.scalars(lines.where(Application.dealer_id == south)).first()
        of_south = OldPart.dealer_id == south, OldPart.status == "accepted"
        piece = session.scalars(select(OldPart.public_id).where(*of_south)).first()
    claim = {"offered": piece, "chosen": piece, f"remark-{piece}": "Mine now", "seen": "1"}
    with portal.transaction():
        draft = select(Claim.version).where(Claim.public_id == own["claim_draft"])
        claim["seen"] = session.scalars(draft).one()
    shipped = {"carrier": "X", "tracking_number": "X", "shipped_on": "2026-10-12", "seen": "5"}
    person = {"name": "X", "email": "x@example.com", "password": PASSWORD, "language": "en"}
    file = world.things["file"][list(portal.cast).index("clerk")].name
    before = fingerprint(portal)
    for who, url, typed in (
        ("manager", f"/claims/{own['claim_draft']}/save", claim),
        ("warehouse", f"/applications/{own['released']}/ship",
         shipped | {f"pieces-{foreign_line}": "1"}),
        ("manager", f"/users/new?dealer={foreign['dealer']}", person | {"roles": "administrator"}),
        ("manager", f"/users/{own['user']}/edit",
         {"name": "X", "roles": "administrator", "seen": "1"}),
        ("manager", f"/comments/application/{own['submitted']}", {"files_kept": file}),
        ("manager", f"/comments/application/{own['submitted']}", {"files_kept": foreign["photo"]}),
        ("manager", f"/old-parts/{own['registered']}/photos", {"photos_kept": file}),
        ("manager", f"/old-parts/{own['registered']}/photos", {"photos_kept": own["photo"]}),
        ("manager", "/claims/new", {"month": "2026-10"}),
    ):  # fmt: skip
        client = manager if who == "manager" else portal.client(portal.cast[who])
        answer = client.post(url, typed)
        assert answer.status_code in (404, 409, 422), f"{url} {typed}: {answer.status_code}"
        if who != "manager":
            before = {name: digest for name, digest in before.items() if name != "login_session"}
        after = fingerprint(portal)
        assert {name: after[name] for name in before} == before, url
    made = manager.post(f"/users/new?dealer={foreign['dealer']}", person | {"roles": "clerk"})
    assert made.status_code in (303, 404)
    with portal.transaction():
        assert session.scalars(
            select(User.id).where(User.email == "x@example.com", User.dealer_id == south)
        ).all() == []  # fmt: skip
