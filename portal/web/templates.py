"""Templates, compiled once for each language.

A sentence is looked up when its template is compiled, not each time that it is shown; values are
written by the language's own writer. That is most of what a page costs.
"""

from typing import Any

from flask import Flask, current_app
from flask.templating import Environment
from jinja2 import Template, nodes
from jinja2.visitor import NodeTransformer

from portal.web import languages
from portal.web.writing import Writer


class _Sentences(NodeTransformer):
    """Puts sentences in the place of the calls that look them up."""

    def __init__(self, code: str) -> None:
        self.messages = languages.catalogue(code)

    def visit_Call(self, node: nodes.Call) -> nodes.Expr:
        self.generic_visit(node)
        sentence = node.args[0] if len(node.args) == 1 else None
        if (
            not isinstance(node.node, nodes.Name)
            or node.node.name != "_"
            or not isinstance(sentence, nodes.Const)
            or node.dyn_kwargs
        ):
            return node
        shown = nodes.MarkSafeIfAutoescape(nodes.Const(self.messages.gettext(sentence.value)))
        values = [
            nodes.Pair(nodes.Const(value.key), value.value, lineno=node.lineno)
            for value in node.kwargs
        ]
        return nodes.Mod(shown, nodes.Dict(values), lineno=node.lineno)


class Templates(Environment):
    """The templates in one language; in none as long as ``language`` is empty."""

    language = ""

    def _generate(self, source: nodes.Template, *arguments: Any, **options: Any) -> str:
        if self.language:
            source = _Sentences(self.language).visit(source)
        return super()._generate(source, *arguments, **options)


def template(name: str) -> Template:
    """A template in the reader's language."""
    languages_ready: dict[str, Templates] = current_app.extensions["templates"]
    code = languages.code()
    if code not in languages_ready:
        languages_ready[code] = _in_language(code)
    return languages_ready[code].get_template(name)


def _in_language(code: str) -> Templates:
    made = current_app.jinja_env.overlay()
    assert isinstance(made, Templates)
    made.language = code
    writer: Writer = current_app.extensions["writers"][code]
    made.filters = made.filters | {name: getattr(writer, name) for name in Writer.FILTERS}
    return made


def init_app(app: Flask) -> None:
    """Take our kind of templates; the first of all that look at the application's."""
    app.jinja_environment = Templates
    app.extensions["templates"] = {}
