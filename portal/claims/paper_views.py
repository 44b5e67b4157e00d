"""Claims as PDF, and what became of them in their run as PDF and as a sheet (R1, R8)."""

from contextlib import AbstractContextManager

from flask import request
from flask.typing import ResponseReturnValue

from portal.claims import paper, policy, statements
from portal.claims.appeal_models import Appeal
from portal.claims.models import Claim
from portal.core.db import AnyRow, snapshot
from portal.core.errors import Conflict
from portal.core.i18n import _
from portal.web import exports, languages
from portal.web.paper import Paper, answer
from portal.web.routes import Pages, actor, load

pages = Pages("claimpapers", __name__)
_OF_COUNTRY = {"CN": "zh-Hans", "PL": "pl"}


@pages.get("/claims/<name>/paper.pdf", needs=policy.READ, own_transactions=True)
def form(name: str) -> ResponseReturnValue:
    """The claim as the paper form was, 保修期内配件费用报销单."""
    return answer(lambda: paper.form(load(Claim, name)))


@pages.get("/claims/<name>/statement/paper.pdf", needs=policy.READ, own_transactions=True)
def statement(name: str) -> ResponseReturnValue:
    """What became of all that the claim's dealer claimed in its run, and of its appeals."""
    return _statement(Claim, name)


@pages.get(
    "/claims/<name>/statement/export/<any(xlsx, csv):ending>",
    needs=policy.READ,
    own_transactions=True,
)
def export(name: str, ending: str) -> ResponseReturnValue:
    """The same as a sheet."""
    return _sheet(Claim, name, ending)


@pages.get("/appeals/<name>/statement/paper.pdf", needs=policy.READ, own_transactions=True)
def statement_of_appeal(name: str) -> ResponseReturnValue:
    """The statement of the run that paid an appeal, also where its dealer has no claim in that."""
    return _statement(Appeal, name)


@pages.get(
    "/appeals/<name>/statement/export/<any(xlsx, csv):ending>",
    needs=policy.READ,
    own_transactions=True,
)
def export_of_appeal(name: str, ending: str) -> ResponseReturnValue:
    """The same as a sheet."""
    return _sheet(Appeal, name, ending)


def _statement(model: type[Claim | Appeal], name: str) -> ResponseReturnValue:
    def prepare() -> Paper:
        one = load(model, name)
        with _in_language(_closed(one)):
            return paper.statement(one)

    return answer(prepare)


def _sheet(model: type[Claim | Appeal], name: str, ending: str) -> ResponseReturnValue:
    with snapshot():
        one = load(model, name)
        with _in_language(_closed(one)):
            return exports.sheet(*paper.sheet(one), ending)


def _closed(one: Claim | Appeal) -> AnyRow:
    """Whose statement it is and of which run; Conflict until that run is closed (R7)."""
    heading = statements.heading_beside(one)
    if heading.run_status != "closed":
        raise Conflict(_("The month is not closed yet: there is no statement of it."))
    return heading


def _in_language(heading: AnyRow) -> AbstractContextManager[None]:
    """A dealer's statement is in the reader's language, and for headquarters in the dealer's.

    The URL may name another one: ``language``.
    """
    asked = request.args.get("language")
    if asked in languages.CODES:
        return languages.in_language(asked)
    if actor().is_dealer:
        return languages.in_language(languages.code())
    own = heading.language or _OF_COUNTRY.get(heading.country, "en")
    return languages.in_language(own)
