"""The page on which changed rules are tried before they are in force (R5). It writes nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from wtforms import RadioField, SelectField

from portal.claims import findings, policy, trying
from portal.claims.rules import RULES
from portal.claims.rules.rule import Values
from portal.core.db import AnyRow
from portal.core.i18n import _l
from portal.oldparts import policy as oldparts
from portal.terms.forms import number_field
from portal.terms.rule_terms import RULE_TERMS
from portal.terms.term import Term
from portal.web import filters
from portal.web.forms import Form, SelectChoice, needed
from portal.web.htmx import render
from portal.web.routes import Pages, actor, now

pages = Pages("rules", __name__)


def field_of(term: Term) -> str:
    """The name of a policy value's field."""
    return term.name.removeprefix("rule.")


class TrialForm(Form):
    """A run, and the values that are tried on it, as the URL has them."""

    class Meta(Form.Meta):
        csrf = False

    run = SelectField(_l("Run"))

    def of(self, term: Term) -> Any:
        """The field of a policy value."""
        return self[field_of(term)]

    @property
    def values(self) -> Values:
        """The values that are tried."""
        return {term.name: self.of(term).data for term in RULE_TERMS}


def _field(term: Term) -> Any:
    if term.is_switch:
        choices = [SelectChoice(1, _l("yes")), SelectChoice(0, _l("no"))]
        return RadioField(term.title, [needed()], choices=choices, coerce=int)
    return number_field(term, term.title, [needed()])


def _form(runs: Sequence[AnyRow], known: Values) -> TrialForm:
    kind: Any = type("Trial", (TrialForm,), {field_of(term): _field(term) for term in RULE_TERMS})
    asked: Mapping[str, str] | None = request.args if "run" in request.args else None
    start = {field_of(term): known[term.name] for term in RULE_TERMS}
    form: TrialForm = kind(formdata=asked, data=start | {"run": request.args.get("of")})
    form["run"].choices = [SelectChoice(run.public_id, filters.month(run.month)) for run in runs]
    return form


@pages.get("/rules", needs=policy.TRY_RULES)
def index() -> ResponseReturnValue:
    """The rules with their values, and what others would find on the run that is chosen.

    The URL has it all; with ``of`` it only says which run to begin with.
    """
    runs, known = trying.runs(), findings.in_force(now())
    form, trial = _form(runs, known), None
    if "run" in request.args and form.validate():
        run = trying.run_named(form["run"].data)
        trial = trying.tried(run, form.values, now=now()) if run else None
    return render(
        "claims/rules.html",
        status=form.status,
        form=form,
        runs=runs,
        rules=RULES.values(),
        known=known,
        trial=trial,
        may_read=actor().can(policy.READ),
        may_read_old_parts=actor().can(oldparts.READ),
    )
