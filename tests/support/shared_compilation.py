"""What the applications of one test process share: compiled templates and routes.

The tests make thousands of applications; compiling took a third of the time of the tests of pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from flask import Flask
from jinja2 import BytecodeCache
from werkzeug.routing import Rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2.bccache import Bucket


def install() -> None:
    """Let all applications that are made from now on share what is compiled."""
    Flask.jinja_options = {"bytecode_cache": CompiledTemplates()}
    Flask.url_rule_class = SharedRule


class CompiledTemplates(BytecodeCache):
    """Keep compiled templates in memory, by name and source."""

    def __init__(self) -> None:
        """Nothing is compiled yet."""
        self._compiled: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give Jinja a template that another application has compiled."""
        if known := self._compiled.get((bucket.key, bucket.checksum)):
            bucket.bytecode_from_string(known)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what Jinja has compiled."""
        self._compiled[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


class SharedRule(Rule):
    """A route whose function that builds URLs is compiled once.

    `_compile_builder` is private to Werkzeug, and without a public counterpart. In each version
    that is used, it depends on the key below alone: tests/unit/test_shared_compilation.py
    compares what it builds.
    """

    _builders: ClassVar[dict[tuple[str, str, bool], Callable[..., tuple[str, str]]]] = {}

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (self.rule, repr((self._trace, self.defaults)), append_unknown)
        if (known := self._builders.get(key)) is None:
            known = self._builders[key] = super()._compile_builder(append_unknown)
        return known
