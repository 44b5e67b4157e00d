"""Templates, compiled once for each language.

A sentence is looked up when its template is compiled, not each time that it is shown; values are
written by the language's own writer. That is most of what a page costs.
"""

from collections.abc import MutableMapping
from typing import Any

import markupsafe
from flask import Flask, current_app
from flask.templating import Environment
from jinja2 import Template, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

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


_escaped = markupsafe._escape_inner  # type: ignore[attr-defined]
"""A text, escaped, as a text: ``escape`` makes an object of it, which costs ten times as much."""


def _shown(value: Any) -> str:
    """A value as it stands in a page."""
    kind = type(value)
    if kind is str:
        text: str = _escaped(value)
        return text
    if kind is int:
        return str(value)
    return value if kind is Markup else markupsafe.escape(value)


class _Code(CodeGenerator):
    """Writes what Jinja writes, with ``_shown`` in the place of ``escape``."""

    def _output_child_pre(
        self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo
    ) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape or finalize.src:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write("environment.shown(")


class Templates(Environment):
    """The templates in one language; in none as long as ``language`` is empty."""

    language = ""
    code_generator_class = _Code
    shown = staticmethod(_shown)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """One for all templates: with one for each, every import in a page compared them."""
        return super().make_globals(d) if d else self.globals

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
