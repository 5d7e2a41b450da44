"""The arguments of a filter or test: by place or by name, in number, kind and value as the function declares them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

from jinja2 import nodes

from adapter.contract.shape import Kind
from adapter.finding import Finding, suggest
from adapter.mapping.expression import codes
from adapter.mapping.expression.parse import position
from adapter.mapping.functions import Function, Parameter
from adapter.mapping.types import Type, constant

Argument = tuple[Parameter, nodes.Expr | None]  # None: left out


class ArgumentError(ValueError):
    """The arguments do not fit the function's parameters."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(finding.text)


def matched(node: nodes.Filter | nodes.Test, function: Function) -> list[Argument]:
    """Each parameter with the node that was given for it. Raises ArgumentError."""
    parameters = function.parameters
    if len(node.args) > len(parameters):
        raise ArgumentError(
            Finding(codes.ARGUMENTS, f"'{node.name}' takes {_count(parameters)}", position(node.args[len(parameters)]), function.signature)
        )
    given: dict[str, nodes.Expr] = {parameter.name: argument for parameter, argument in zip(parameters, node.args, strict=False)}
    for pair in cast(list[nodes.Keyword], node.kwargs):
        if pair.key not in {parameter.name for parameter in parameters}:
            hint = suggest(pair.key, [parameter.name for parameter in parameters], "they are")
            raise ArgumentError(Finding(codes.ARGUMENTS, f"'{node.name}' has no argument '{pair.key}'", position(pair.value), hint))
        if pair.key in given:
            raise ArgumentError(Finding(codes.ARGUMENTS, f"'{pair.key}' is given twice", position(pair.value), function.signature))
        given[pair.key] = pair.value
    missing = [parameter.name for parameter in parameters if parameter.required and parameter.name not in given]
    if missing:
        raise ArgumentError(
            Finding(codes.ARGUMENTS, f"'{node.name}' lacks {', '.join(missing)}", position(node), f"write {function.signature}")
        )
    return [(parameter, given.get(parameter.name)) for parameter in parameters]


def arguments_of(
    node: nodes.Filter | nodes.Test, function: Function, infer: Callable[[nodes.Expr], Type]
) -> tuple[list[Type] | None, list[Finding]]:
    """The type of each argument, left out ones included, and what is wrong with them (then None in place of the types)."""
    try:
        pairs = matched(node, function)
    except ArgumentError as error:
        for given in (*node.args, *(pair.value for pair in node.kwargs)):
            infer(given)
        return None, [error.finding]
    types: list[Type] = []
    findings: list[Finding] = []
    for parameter, argument in pairs:
        if argument is None:
            types.append(constant(parameter.default))
            continue
        found = infer(argument)
        types.append(found)
        said = _misfit(parameter, found)
        if said:
            findings.append(Finding(codes.ARGUMENTS, f"'{parameter.name}' of '{node.name}' {said}", position(argument), function.signature))
    if not findings and function.bind is not None:
        try:
            function.bind(*(each.constant for each in types))
        except ValueError as error:
            written = [argument for _, argument in pairs if argument is not None]
            blamed = next((argument for argument in written if isinstance(argument, nodes.Const)), written[0] if written else node)
            findings.append(Finding(codes.ARGUMENTS, str(error), position(blamed), function.signature))
    return (None if findings else types), findings


def constants_of(node: nodes.Filter | nodes.Test, function: Function) -> list[Any] | None:
    """The values of all arguments where all are constants, None else. Raises ArgumentError."""
    values: list[Any] = []
    for parameter, argument in matched(node, function):
        if argument is None:
            values.append(parameter.default)
        elif isinstance(argument, nodes.Const):
            values.append(Decimal(repr(argument.value)) if isinstance(argument.value, float) else argument.value)
        else:
            return None
    return values


def _misfit(parameter: Parameter, found: Type) -> str:
    if parameter.constant and not found.known:
        return "is a constant"
    if not parameter.kinds and not parameter.many:
        return ""  # default(…) takes whatever fits its value
    if found.many is not parameter.many and not (parameter.many and found.kind is Kind.ANY and not found.known):
        return "is a list" if parameter.many else "is one value"
    if parameter.kinds and found.kind is not Kind.ANY and found.kind not in parameter.kinds:
        return f"is {' or '.join(sorted(parameter.kinds))}, not {found}"
    if found.known and found.constant is None:
        return "cannot be null"
    return "may be absent here" if found.optional and found.kind is not Kind.ANY else ""


def _count(parameters: tuple[Parameter, ...]) -> str:
    if not parameters:
        return "no argument"
    return "one argument" if len(parameters) == 1 else f"{len(parameters)} arguments at most"
