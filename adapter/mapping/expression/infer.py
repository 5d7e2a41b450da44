"""The type of an expression, and what is certainly wrong with it, before any message comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from jinja2 import nodes

from adapter.contract.shape import Kind
from adapter.finding import Finding, nearest, suggest
from adapter.mapping.converters import CONVERTERS, ONE_WAY
from adapter.mapping.expression import codes
from adapter.mapping.expression.access import Access, is_access, read_access, type_of_access
from adapter.mapping.expression.arguments import arguments_of
from adapter.mapping.expression.facts import facts_of
from adapter.mapping.expression.parse import position
from adapter.mapping.functions import FILTERS, TESTS, Function
from adapter.mapping.model import Expr
from adapter.mapping.types import ANYTHING, NO_CONSTANT, ScopeShapes, Type, constant

_NUMBERS: Final = (Kind.INTEGER, Kind.DECIMAL)
_BOOLEAN: Final = Type(Kind.BOOLEAN)
_ALL_BUT: Final = 0.85  # how near two spellings are of which one is a slip, and not another value such as internal and external


def infer(expr: Expr, scope: ScopeShapes) -> tuple[Type, list[Finding]]:
    """The type of the value, and the findings. A part with a finding counts as anything, so that one mistake is told once."""
    inference = _Inference()
    return inference.of(expr.node, scope), inference.findings


def infer_condition(expr: Expr, scope: ScopeShapes) -> list[Finding]:
    """The findings of an expression that is used as a condition."""
    inference = _Inference()
    inference.condition(expr.node, scope)
    return inference.findings


class _Inference:
    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._rules: dict[type[nodes.Expr], Callable[[Any, ScopeShapes], Type]] = {
            nodes.Const: lambda node, _scope: constant(node.value),
            nodes.List: self._list,
            nodes.Compare: self._compare,
            nodes.And: self._logic,
            nodes.Or: self._logic,
            nodes.Not: self._not,
            nodes.CondExpr: self._inline_if,
            nodes.Concat: self._concat,
            nodes.Neg: self._negative,
            nodes.Filter: self._filter,
            nodes.Test: self._test,
        }

    def of(self, node: nodes.Expr, scope: ScopeShapes) -> Type:
        if is_access(node):
            return self._access(node, scope)
        if isinstance(node, nodes.BinExpr) and type(node) not in self._rules:
            return self._arithmetic(node, scope)
        return self._rules[type(node)](node, scope)

    def say(self, code: str, text: str, node: nodes.Node, hint: str = "", severity: str = "error") -> Type:
        self.findings.append(Finding(code, text, position(node), hint, severity))
        return ANYTHING

    # -- reading

    def _access(self, node: nodes.Expr, scope: ScopeShapes) -> Type:
        access = read_access(node, len(scope.walked))
        if not isinstance(access, Access):
            self.findings += access
            return ANYTHING
        base = self.of(access.base, scope) if access.base is not None else None
        found, findings = type_of_access(access, scope, base)
        self.findings += findings
        return found

    def _list(self, node: nodes.List, scope: ScopeShapes) -> Type:
        found = [self.of(item, scope) for item in node.items]
        if any(each.many for each in found):
            return self.say(codes.MANY, "a list cannot stand in a list", node)
        if all(each.known for each in found):
            return constant([each.constant for each in found])
        kinds = {each.kind for each in found}
        kind = kinds.pop() if len(kinds) == 1 else Kind.ANY
        return Type(kind, many=True, nullable=any(each.nullable for each in found))

    # -- conditions

    def condition(self, node: nodes.Expr, scope: ScopeShapes) -> Type:
        """A part that must be true or false."""
        before = len(self.findings)
        found = self.of(node, scope)
        if len(self.findings) > before or (found.kind is Kind.ANY and not found.many and not found.known):
            return _BOOLEAN if found.never is False else self.say(codes.NO_CONDITION, "absent is neither true nor false", node)
        if found.kind is not Kind.BOOLEAN or found.many:
            hint = "compare it (== …), or ask whether it is present"
            return self.say(codes.NO_CONDITION, f"a condition is true or false, this is {found}", node, hint)
        if found.optional or found.nullable:
            what = "absent" if found.optional else "null"
            hint = "write … | default(false), or … == true"
            return self.say(codes.NO_CONDITION, f"a condition is true or false, and this may be {what}", node, hint)
        return found

    def _logic(self, node: nodes.And | nodes.Or, scope: ScopeShapes) -> Type:
        self.condition(node.left, scope)
        self.condition(node.right, scope.knowing(facts_of(node.left, len(scope.walked), isinstance(node, nodes.And))))
        return _BOOLEAN

    def _not(self, node: nodes.Not, scope: ScopeShapes) -> Type:
        self.condition(node.node, scope)
        return _BOOLEAN

    def _inline_if(self, node: nodes.CondExpr, scope: ScopeShapes) -> Type:
        self.condition(node.test, scope)
        depth = len(scope.walked)
        yes = self.of(node.expr1, scope.knowing(facts_of(node.test, depth)))
        if node.expr2 is None:
            return replace(yes, optional=True, constant=NO_CONSTANT)
        no = self.of(node.expr2, scope.knowing(facts_of(node.test, depth, truth=False)))
        joined = join_types(yes, no)
        if joined is None:
            return self.say(codes.KIND, f"one result is {yes}, the other {no}", node, "give both the same kind")
        return joined

    # -- comparison

    def _compare(self, node: nodes.Compare, scope: ScopeShapes) -> Type:
        left_node, left = node.expr, self.of(node.expr, scope)
        for operand in node.ops:
            right = self.of(operand.expr, scope)
            self._spelt_like(left_node, operand.expr, scope)
            self._spelt_like(operand.expr, left_node, scope)
            if operand.op in {"eq", "ne"}:
                self._equal(left_node, left, operand.expr, right)
            elif operand.op in {"in", "notin"}:
                self._within(left_node, left, operand.expr, right)
            else:
                self._order(left_node, left, operand.expr, right)
            left_node, left = operand.expr, right
        return _BOOLEAN

    def _spelt_like(self, node: nodes.Expr, wanted: nodes.Expr, scope: ScopeShapes) -> None:
        """Whether a setting is compared with what is its value but for the spelling."""
        access = read_access(node, len(scope.walked)) if is_access(node) else None
        if not isinstance(access, Access) or access.root != "setting" or access.key is None or access.key not in scope.setting:
            return
        value = scope.setting[access.key]
        for each in wanted.items if isinstance(wanted, nodes.List) else [wanted]:
            text = each.value if isinstance(each, nodes.Const) else None
            if isinstance(text, str) and text != value and nearest(text, [str(value)], _ALL_BUT):
                said = f"the setting '{access.key}' of this market is '{value}', and this asks for '{text}'"
                self.say(codes.OTHER_SETTING, said, each, f"did you mean '{value}'?", "warning")

    def _equal(self, left_node: nodes.Expr, left: Type, right_node: nodes.Expr, right: Type) -> None:
        for node, side in ((left_node, left), (right_node, right)):
            if side.never:
                self.say(codes.NEVER_EQUAL, "absent equals nothing", node, "write: is absent, or is present")
                return
        if left.constant is None or right.constant is None or Kind.ANY in {left.kind, right.kind}:
            return
        if left.many != right.many or not _alike(left.kind, right.kind):
            self.say(codes.NEVER_EQUAL, f"{left} never equals {right}", right_node, "compare values of one kind")
        else:
            self._possible(left, right_node, right)
            self._possible(right, left_node, left)

    def _possible(self, source: Type, node: nodes.Expr, wanted: Type) -> None:
        """Whether the constants on one side can come from the other."""
        if not source.enum or source.known or not wanted.known:
            return
        values = wanted.constant if isinstance(wanted.constant, list) else [wanted.constant]
        places = node.items if isinstance(node, nodes.List) else [node] * len(values)
        for value, place in zip(values, places, strict=True):
            if value not in source.enum:
                hint = suggest(str(value), source.enum, "it can be")
                self.say(codes.NOT_IN_ENUM, f"the value is never '{value}'", place, hint)

    def _within(self, left_node: nodes.Expr, left: Type, right_node: nodes.Expr, right: Type) -> None:
        if right.kind is Kind.ANY and not right.many:
            return
        if not right.many and right.kind is not Kind.TEXT:
            self.say(codes.ONE, f"'in' looks into a list or a text, this is {right}", right_node)
        elif left.many:
            self.say(codes.MANY, "'in' looks for one value, this is a list", left_node)
        elif Kind.ANY not in {left.kind, right.kind} and not _alike(left.kind, right.kind):
            self.say(codes.NEVER_EQUAL, f"{left} is never in a {right}", left_node, "compare values of one kind")
        elif not right.many:
            self._there(left_node, replace(left, optional=False), "'in' a text")
            self._there(right_node, replace(right, optional=False), "'in'")
        else:
            self._possible(left, right_node, right)
            self._possible(replace(right, many=False), left_node, left)

    def _order(self, left_node: nodes.Expr, left: Type, right_node: nodes.Expr, right: Type) -> None:
        for node, side in ((left_node, left), (right_node, right)):
            if side.many or side.kind in {Kind.OBJECT, Kind.BOOLEAN}:
                self.say(codes.KIND, f"numbers and texts have an order, {side} has none", node)
                return
            self._there(node, side, "the comparison")
        if Kind.ANY not in {left.kind, right.kind} and not _alike(left.kind, right.kind):
            self.say(codes.KIND, f"{left} and {right} have no common order", right_node, "compare values of one kind")

    # -- operators

    def _there(self, node: nodes.Expr, found: Type, who: str) -> bool:
        """Whether the operand is certainly there; absent and null are findings."""
        if found.never or (found.optional and found is not ANYTHING and not _untold(found)):
            self.say(
                codes.MAY_BE_ABSENT,
                f"{who} cannot take a value that may be absent",
                node,
                "write … | default(…), require it, or ask for it in 'when'",
            )
            return False
        if found.constant is None or (found.nullable and not _untold(found)):
            self.say(
                codes.MAY_BE_NULL,
                f"{who} cannot take a value that may be null",
                node,
                "write … | default(…), which replaces null too, or ask for it in 'when' (is not null)",
            )
            return False
        return True

    def _concat(self, node: nodes.Concat, scope: ScopeShapes) -> Type:
        found = [self._operand(part, scope, "'~'", (Kind.TEXT,), "turn it into text: … | text") for part in node.nodes]
        sizes = [each.max_length for each in found]
        known = [size for size in sizes if size is not None]
        if all(each.known and isinstance(each.constant, str) for each in found):
            return constant("".join(each.constant for each in found))
        return Type(Kind.TEXT, max_length=sum(known) if len(known) == len(sizes) else None)

    def _arithmetic(self, node: nodes.BinExpr, scope: ScopeShapes) -> Type:
        sign = f"'{node.operator}'"
        hint = "join texts with ~" if node.operator == "+" else "turn text into a number: … | integer, … | decimal"
        kinds = (Kind.INTEGER,) if node.operator in {"//", "%"} else _NUMBERS
        left, right = (self._operand(side, scope, sign, kinds, hint) for side in (node.left, node.right))
        if node.operator in {"//", "%"} and right.known and right.constant == 0:
            return self.say(codes.ZERO, "the divisor is 0", node.right)
        return Type(Kind.INTEGER if left.kind is right.kind is Kind.INTEGER else Kind.DECIMAL)

    def _negative(self, node: nodes.Neg, scope: ScopeShapes) -> Type:
        found = self._operand(node.node, scope, "'-'", _NUMBERS, "turn text into a number: … | integer")
        return constant(-found.constant) if found.known and isinstance(found.constant, int | float) else Type(found.kind)

    def _operand(self, node: nodes.Expr, scope: ScopeShapes, sign: str, kinds: tuple[Kind, ...], hint: str) -> Type:
        found = self.of(node, scope)
        if found.many:
            return self.say(codes.MANY, f"{sign} takes single values, this is a {found}", node, "join texts with | join")
        if found.kind is not Kind.ANY and found.kind not in kinds:
            return self.say(codes.KIND, f"{sign} takes {_names(kinds)}, this is {found}", node, hint)
        self._there(node, found, sign)
        return found

    # -- filters and tests

    def _filter(self, node: nodes.Filter, scope: ScopeShapes) -> Type:
        assert node.node is not None  # only the filter block of a template has no value
        value = self.of(node.node, scope)
        function = FILTERS.get(node.name)
        if function is None and node.name in CONVERTERS:
            text = f"'{node.name}' is a converter, which stands behind the legacy path of a two-way rule, and no filter"
            instead = ONE_WAY.get(node.name)
            hint = f"in one direction write {instead}" if instead else "there is nothing like it in one direction"
            return self.say(codes.UNKNOWN_FILTER, text, node, hint)
        if function is None:
            self.say(codes.UNKNOWN_FILTER, f"there is no filter '{node.name}'", node, suggest(node.name, FILTERS))
        if function is None or not self._takes(function, node.node, value, node):
            self._arguments_alone(node, scope)
            return ANYTHING
        given, findings = arguments_of(node, function, lambda argument: self.of(argument, scope))
        self.findings += findings
        if given is None:
            return ANYTHING
        if function.name == "default":
            return self._default(node, value, given[0])
        return self._appended(node, value, given[0]) if function.name == "concat" else _result(function, value, given)

    def _default(self, node: nodes.Filter, value: Type, other: Type) -> Type:
        if value.known and value.constant is not None:
            self.say(codes.NO_EFFECT, "a constant is always there, so the default has no effect", node, severity="warning")
        if other.never:
            return replace(value, nullable=False, optional=True)
        joined = (
            join_types(replace(value, optional=False, nullable=False, never=False, constant=NO_CONSTANT), other)
            if not value.never
            else other
        )
        if joined is None:
            return self.say(codes.KIND, f"the value is {value}, its default {other}", node, "give both the same kind")
        return joined

    def _appended(self, node: nodes.Filter, value: Type, other: Type) -> Type:
        joined = join_types(value, other)
        if joined is None:
            return self.say(codes.KIND, f"the list is {value}, what is put behind it {other}", node, "give both the same kind")
        nullable = value.nullable or (other.nullable and other.kind is not Kind.ANY)
        return replace(value, nullable=nullable, constant=NO_CONSTANT, enum=joined.enum, max_length=joined.max_length)

    def _test(self, node: nodes.Test, scope: ScopeShapes) -> Type:
        value = self.of(node.node, scope)
        test = TESTS.get(node.name)
        if test is None:
            self._arguments_alone(node, scope)
            self.say(codes.UNKNOWN_TEST, f"there is no test '{node.name}'", node, suggest(node.name, TESTS))
            return _BOOLEAN
        if self._takes(test, node.node, value, node):
            _, findings = arguments_of(node, test, lambda argument: self.of(argument, scope))
            self.findings += findings
        else:
            self._arguments_alone(node, scope)
        return _BOOLEAN

    def _arguments_alone(self, node: nodes.Filter | nodes.Test, scope: ScopeShapes) -> None:
        """Checks arguments of a filter that itself is wrong, so that all is told at once."""
        for argument in (*node.args, *(pair.value for pair in node.kwargs)):
            self.of(argument, scope)

    def _takes(self, function: Function, node: nodes.Expr, value: Type, at: nodes.Node) -> bool:
        """Whether the function takes the value."""
        who = f"'{function.name}'"
        if not function.absent and not self._there(node, value, who):
            return False
        if value.kind is Kind.ANY and not value.many:
            return True
        before = len(self.findings)
        countable = value.many or value.kind is Kind.TEXT
        if function.many is True and not value.many:
            self.say(codes.ONE, f"{who} takes a list, this is {value}", at)
        elif function.many is False and value.many:
            self.say(codes.MANY, f"{who} takes one value, this is a {value}", at, "pick one: [key=value], first or last")
        elif function.kinds and value.kind not in function.kinds and value.kind is not Kind.ANY:
            self.say(codes.KIND, f"{who} takes {_names(tuple(sorted(function.kinds)))}, this is {value}", at)
        elif function.name == "length" and not countable:
            self.say(codes.KIND, f"{who} counts a list or a text, this is {value}", at)
        return len(self.findings) == before


def _result(function: Function, value: Type, given: list[Type]) -> Type:
    """The type of what a filter gives."""
    arguments = [each.constant for each in given]
    if function.refine is None:
        return Type(function.gives or value.kind, many=function.gives_many)
    made = function.refine(replace(value, never=False, constant=NO_CONSTANT), arguments)
    return replace(made, kind=function.gives or made.kind, many=function.gives_many or (made.many and function.many is True))


def join_types(one: Type, other: Type) -> Type | None:
    """The type of a value that is one or the other; None where their kinds do not go together."""
    if one.never or other.never:
        known = other if one.never else one
        return replace(known, optional=True, constant=NO_CONSTANT)
    if one.constant is None or other.constant is None:
        known = other if one.constant is None else one
        return replace(known, nullable=True, constant=NO_CONSTANT)
    optional, nullable = one.optional or other.optional, one.nullable or other.nullable
    if Kind.ANY in {one.kind, other.kind}:
        return Type(Kind.ANY, many=one.many and other.many, optional=optional, nullable=nullable)
    if one.many != other.many or not _alike(one.kind, other.kind):
        return None
    lengths = [one.max_length, other.max_length]
    return Type(
        one.kind if one.kind is other.kind else Kind.DECIMAL,
        one.shape if one.shape is other.shape else None,
        one.many,
        optional,
        nullable,
        enum=tuple(dict.fromkeys((*one.enum, *other.enum))) if one.enum and other.enum else (),
        max_length=max(size for size in lengths if size is not None) if None not in lengths else None,
    )


def _alike(left: Kind, right: Kind) -> bool:
    return left is right or {left, right} <= set(_NUMBERS)


def _untold(found: Type) -> bool:
    """Nothing is known of the value at all (an open object, or a part that has a finding already)."""
    return found.kind is Kind.ANY and found.shape is None and found.optional and found.nullable and not found.never


def _names(kinds: tuple[Kind, ...]) -> str:
    return " or ".join(map(str, kinds))
