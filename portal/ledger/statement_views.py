"""The pages of monthly account statements, as a page, as PDF and as a sheet (L9)."""

from flask.typing import ResponseReturnValue

from portal.core.db import AnyRow, snapshot
from portal.ledger import months as months  # the worker finds its timer
from portal.ledger import paper, policy, statements
from portal.ledger.kinds import KINDS
from portal.ledger.statements import Statement
from portal.ledger.views import document_url
from portal.web import exports, languages
from portal.web.htmx import render
from portal.web.paper import answer
from portal.web.routes import Pages, actor, now

pages = Pages("statements", __name__)


def _asked(name: str, month: str) -> tuple[AnyRow, Statement]:
    """What the URL asks for; its times are told in the zone that its month is in."""
    account, statement = statements.of_month(actor(), name, month, now())
    languages.tell_times_in(statement.zone)
    return account, statement


@pages.get("/accounts/<name>/statements/<month>", needs=policy.READ)
def show(name: str, month: str) -> ResponseReturnValue:
    """A dealer's account in one month."""
    account, statement = _asked(name, month)
    return render(
        "ledger/statement.html",
        fragments={"results"},
        account=account,
        statement=statement,
        listed=statements.entries(actor(), account, statement).page(),
        kinds=KINDS,
        document_url=document_url,
    )


@pages.get(
    "/accounts/<name>/statements/<month>/paper.pdf", needs=policy.READ, own_transactions=True
)
def printed(name: str, month: str) -> ResponseReturnValue:
    """The statement on A4."""
    return answer(lambda: paper.account_statement(actor(), *_asked(name, month)))


@pages.get(
    "/accounts/<name>/statements/<month>/export/<any(xlsx, csv):ending>",
    needs=policy.READ,
    own_transactions=True,
)
def export(name: str, month: str, ending: str) -> ResponseReturnValue:
    """The statement as a sheet."""
    with snapshot():
        account, statement = _asked(name, month)
        rows = paper.sheet_rows(actor(), account, statement)
        return exports.sheet(paper.title(statement), paper.headings(), rows, ending)
