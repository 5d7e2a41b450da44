"""What the demo prints on: documents, and statements that hold or do not."""

from __future__ import annotations

from typing import Any

import orjson
from lxml import etree
from rich.console import Console
from rich.syntax import Syntax

_FEW = 2


class Shown(Console):
    """A console that knows how to show documents; ``full`` shows all of them. ``failures`` are the statements that did not hold."""

    def __init__(self, full: bool) -> None:
        super().__init__()
        self.full = full
        self.failures: list[str] = []

    def confirm(self, statement: str, holds: bool, otherwise: str = "") -> bool:
        """Prints the statement with yes or no. One that does not hold is kept: as ``otherwise``, the sentence that says what happened
        instead, where there is one."""
        self.say(f"{statement}: {'yes' if holds else 'NO'}", "green" if holds else "bold red")
        if not holds:
            self.failures.append(otherwise or f"'{statement}' does not hold")
        return holds

    def say(self, text: str, style: str = "") -> None:
        """A line as it is: neither wrapped nor read for marks."""
        self.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    def show_json(self, document: Any) -> None:
        """A JSON document, indented."""
        text = orjson.dumps(document if self.full else _first_only(document), option=orjson.OPT_INDENT_2).decode()
        self._code(text, "json")

    def show_xml(self, text: str) -> None:
        """An XML document, indented."""
        tree = etree.fromstring(text.encode(), etree.XMLParser(remove_blank_text=True, resolve_entities=False, no_network=True))
        for parent in list(tree.iter()) if not self.full else ():
            alike = [child for child in parent if child.tag == parent[-1].tag]
            for child in alike[1:-1]:
                parent.remove(child)
            if len(alike) > _FEW:
                alike[0].addnext(etree.Comment(f" {len(alike) - 2} more "))
        etree.indent(tree)
        self._code(etree.tostring(tree, encoding="unicode"), "xml")

    def _code(self, text: str, language: str) -> None:
        if self.is_terminal:
            self.print(Syntax(text, language, background_color="default", word_wrap=True))
        else:
            self.say(text)


def _first_only(document: Any) -> Any:
    """The document with long lists of objects cut to their first element and the number of the others."""
    if isinstance(document, dict):
        return {name: _first_only(value) for name, value in document.items()}
    if isinstance(document, list) and len(document) > _FEW and isinstance(document[0], dict):
        return [_first_only(document[0]), f"… {len(document) - 1} more"]
    return document
