"""Steps of documents: a form that asks for a change, and the document's page as the answer."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import flash, url_for
from werkzeug.wrappers import Response

from portal.core.documents import Document, kind_named
from portal.core.errors import NotFound
from portal.core.workflow import Transition
from portal.web.forms import ActionForm, Form
from portal.web.routes import actor, go, now


def of(document: Document, endpoints: Mapping[str, str] | str) -> list[tuple[Transition, str]]:
    """The steps that this person may take now, each with the address that it leads to.

    ``endpoints`` names a page for some of the steps; if it is one endpoint, that one takes all
    direct steps, by their name.
    """
    name, steps = document.public_id, document.workflow.available(document.status, actor())
    if isinstance(endpoints, str):
        return [
            (step, url_for(endpoints, name=name, step=step.name)) for step in steps if step.direct
        ]
    return [
        (step, url_for(endpoints[step.name], name=name)) for step in steps if step.name in endpoints
    ]


def direct(document: Document, name: str) -> Transition:
    """The direct step of that name; NotFound if there is none, Forbidden if it is not this one's.

    Whether it can be taken from here is for the service to say.
    """
    step: Transition | None = document.workflow.named(name)
    if step is None or not step.direct:
        raise NotFound()
    actor().must(step.capability)
    return step


def told(document: Document, name: str) -> Any:
    """What a step of the table did, in a sentence."""
    step = document.workflow.named(name)
    return step.told if step else ""


def taken(
    document: Document, form: Form, do: Callable[[], Document | None], *, told: Any = ""
) -> Response | None:
    """Do what a form asks for, say what it did, and lead to the document's page.

    ``do`` may return another document, to lead to that one. ``told`` is the sentence, or a
    function that makes it when all is done. None if the form is wrong or the change refused: the
    form then says why, and its page is shown again.
    """
    if form.validate_on_submit():
        with form.refusals():
            document = do() or document
            sentence = told() if callable(told) else told
            if sentence:
                flash(str(sentence), "success")
            return go(kind_named(document.kind).endpoint, name=document.public_id)
    return None


def act(
    document: Document, name: str, service: Callable[..., object]
) -> tuple[Response | None, ActionForm]:
    """Take a direct step as its box asks for it.

    ``service`` is given the document and the step's name, ``seen`` and ``reason``, ``by`` and
    ``now``. Returns the answer, as ``taken`` does, and the form for the page if there is none.
    """
    known, form = direct(document, name), form_for(name)

    def do() -> None:
        seen, reason = form.seen.data, form.reason.data or ""
        service(document, name, seen=seen, reason=reason, by=actor(), now=now())

    return taken(document, form, do, told=known.told), form


def form_for(name: str) -> ActionForm:
    """The form of a step; should it be refused, the step's box stays open with what was typed."""
    form = ActionForm()
    form.step = name
    return form
