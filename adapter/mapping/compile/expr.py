"""Jinja expression tree → one Python expression. Values of a message are operands only; none becomes a part of the text."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from jinja2 import nodes

from adapter.errors import CheckFailed
from adapter.finding import Finding
from adapter.mapping.compile.reader import Names, Reader
from adapter.mapping.expression import codes
from adapter.mapping.expression.access import is_access
from adapter.mapping.expression.arguments import ArgumentError, constants_of, matched
from adapter.mapping.expression.parse import position
from adapter.mapping.functions import FILTERS, TESTS, Function

# nodes whose Python form gives True or False and nothing else
_BOOLEANS: Final = (nodes.Compare, nodes.And, nodes.Or, nodes.Not, nodes.Test)
_ARITHMETIC: Final = {"+": "number", "-": "number", "*": "number", "//": "whole", "%": "whole"}


class ExpressionWriter:
    """Writes expressions at the reader's present place. Raises CheckFailed for what a checked file does not have."""

    def __init__(self, names: Names, reader: Reader) -> None:
        self.names, self.reader = names, reader
        self._bound: dict[object, str] = {}
        self._rules: dict[type[nodes.Expr], Callable[[Any], str]] = {
            nodes.Const: lambda node: self.constant(node.value),
            nodes.List: self._list,
            nodes.Compare: self._compare,
            nodes.And: lambda node: f"({self.condition(node.left)} and {self.condition(node.right)})",
            nodes.Or: lambda node: f"({self.condition(node.left)} or {self.condition(node.right)})",
            nodes.Not: lambda node: f"(not {self.condition(node.node)})",
            nodes.CondExpr: self._inline_if,
            nodes.Concat: lambda node: f"concat({', '.join(map(self.value, node.nodes))})",
            nodes.Neg: lambda node: f"(-number({self.value(node.node)}))",
            nodes.Filter: self._filter,
            nodes.Test: self._test,
        }

    def value(self, node: nodes.Expr) -> str:
        """The Python expression for the value, absent (``A``) included."""
        if is_access(node):
            return self.reader.access(node, self.value)
        if isinstance(node, nodes.BinExpr) and type(node) not in self._rules:
            take = _ARITHMETIC[node.operator]
            return f"({take}({self.value(node.left)}) {node.operator} {take}({self.value(node.right)}))"
        return self._rules[type(node)](node)

    def condition(self, node: nodes.Expr) -> str:
        """The Python expression for a part that must be true or false."""
        text = self.value(node)
        return text if isinstance(node, _BOOLEANS) else f"truth({text})"

    def constant(self, value: object) -> str:
        """The Python text of a constant of the mapping file."""
        if isinstance(value, float):
            return self.names.constant(Decimal(repr(value)), "k")
        return repr(value)

    def _list(self, node: nodes.List) -> str:
        items = ", ".join(map(self.value, node.items))
        if all(isinstance(item, nodes.Const) for item in node.items):
            return f"[{items}]"
        return f"listed({items})"

    def _compare(self, node: nodes.Compare) -> str:
        parts: list[str] = []
        left_node = node.expr
        for operand in node.ops:
            parts.append(self._comparison(left_node, operand.op, operand.expr))
            left_node = operand.expr
        return f"({' and '.join(parts)})"

    def _comparison(self, left_node: nodes.Expr, sign: str, right_node: nodes.Expr) -> str:
        left = self.value(left_node)
        if sign in {"eq", "ne"}:
            return f"({left} {'==' if sign == 'eq' else '!='} {self.value(right_node)})"
        if sign in {"in", "notin"}:
            negation = "not " if sign == "notin" else ""
            if isinstance(right_node, nodes.List) and all(isinstance(item, nodes.Const) for item in right_node.items):
                values = "".join(f"{self.value(item)}, " for item in right_node.items)
                return f"({left} {negation}in ({values}))"
            if is_access(right_node):
                return f"({negation}{self.reader.access(right_node, self.value, needle=left)})"
            return f"({negation}contains({left}, {self.value(right_node)}))"
        return f"compare({left}, {sign!r}, {self.value(right_node)})"

    def _inline_if(self, node: nodes.CondExpr) -> str:
        other = "A" if node.expr2 is None else self.value(node.expr2)
        return f"({self.value(node.expr1)} if {self.condition(node.test)} else {other})"

    def _filter(self, node: nodes.Filter) -> str:
        function = FILTERS.get(node.name)
        if function is None or node.node is None:
            raise CheckFailed([Finding(codes.UNKNOWN_FILTER, f"there is no filter '{node.name}'", position(node))])
        if function.name == "default" and len(node.args) == 1:
            found, other = self.value(node.node), self.value(node.args[0])
            name = found if found.isidentifier() else self.names.fresh("w")
            first = found if found.isidentifier() else f"({name} := {found})"
            return f"({name} if {first} is not A and {name} is not None else {other})"
        return self._call(node, function, self.value(node.node))

    def _test(self, node: nodes.Test) -> str:
        test = TESTS.get(node.name)
        if test is None:
            raise CheckFailed([Finding(codes.UNKNOWN_TEST, f"there is no test '{node.name}'", position(node))])
        value = self.value(node.node)
        plain = {"present": "is not A", "absent": "is A", "null": "is None"}.get(node.name)
        if plain is None:
            return self._call(node, test, value)
        if isinstance(node.node, nodes.Const):  # Python warns of 'is' beside a literal
            value = self.names.constant(node.node.value, "k")
        return f"({value} {plain})"

    def _call(self, node: nodes.Filter | nodes.Test, function: Function, value: str) -> str:
        try:
            constants = constants_of(node, function)
            if function.bind is not None and constants is not None:
                key = (function.name, *map(repr, constants))
                if key not in self._bound:
                    self._bound[key] = self.names.constant(function.bind(*constants), "f")
                return f"{self._bound[key]}({value})"
            arguments = [self.constant(p.default) if given is None else self.value(given) for p, given in matched(node, function)]
        except ArgumentError as error:
            raise CheckFailed([error.finding]) from error
        except ValueError as error:
            raise CheckFailed([Finding(codes.ARGUMENTS, str(error), position(node))]) from error
        if function not in self._bound:
            self._bound[function] = self.names.constant(function.call, "f")
        return f"{self._bound[function]}({', '.join([value, *arguments])})"
