"""How templates are compiled: what never changes is written out, what is HTML is not copied.

Two things of Jinja's code generator are done otherwise, and the pages are the same. A call such as
`icon("x")`, whose answer never changes in a process, is text of the compiled template. And HTML
that goes into a page goes there as it is: Jinja makes a `Markup` of it first, which is a copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jinja2 import nodes
from jinja2.compiler import CodeGenerator
from markupsafe import Markup, escape

if TYPE_CHECKING:
    from jinja2.compiler import Frame

# Global functions that answer the same to the same arguments as long as the process lives.
UNCHANGING: Final = frozenset({"icon", "script_url", "static_url", "style_url"})


def escaped(value: Any) -> str:
    """What stands in a page for a value: `markupsafe.escape`, which copies what is HTML already."""
    if type(value) is Markup:
        return value
    if type(value) is str or (has_html := getattr(value, "__html__", None)) is None:
        return escape(value)
    return str(has_html())


class PageCompiler(CodeGenerator):
    """Jinja's, but for the two things above."""

    def visit_Template(  # noqa: N802 - Jinja's word
        self, node: nodes.Template, frame: Frame | None = None
    ) -> None:
        """See Jinja's; a compiled template knows `escaped`, too."""
        self.writeline(f"from {__name__} import escaped")
        super().visit_Template(node, frame)

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> str:
        call = _unchanging(node)
        if call is None or frame.eval_ctx.volatile:
            return super()._output_child_to_const(node, frame, finalize)
        name, given = call
        function: Any = self.environment.globals[name]
        made = function(*(each.as_const(frame.eval_ctx) for each in given))
        return escaped(made) if frame.eval_ctx.autoescape else str(made)

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape or finalize.src is not None:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write("escaped(")


def _unchanging(node: nodes.Expr) -> tuple[str, list[nodes.Expr]] | None:
    """The name and the arguments of a call of one of UNCHANGING; None for anything else."""
    if not (isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name)):
        return None
    has_others = bool(node.kwargs or node.dyn_args or node.dyn_kwargs)
    return None if has_others or node.node.name not in UNCHANGING else (node.node.name, node.args)
