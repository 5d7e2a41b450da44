"""The mapping file of a new operation: a rule for every required element of the legacy contract, the rest as comments with its type."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from adapter.contract.path import parse_path
from adapter.contract.shape import Branch, Kind, Member, OperationContract, Shape, resolve
from adapter.scaffold.examples import DEPTH, described, leaf, needed

ITEMS = "request.productOrderItem"
_OWN_WORDS = {"externalid": "externalId", "description": "description", "category": "category", "priority": "priority"}
_ITEM_IDS = frozenset({"id", "position", "number", "itemid", "lineid", "lineno"})
_ORDER_ID = re.compile(r"(order|request|case|ticket)?[_.-]?(id|no|number|reference|ref)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OrderId:
    """Where a reply tells the number that the backend gave: a legacy path, whether it is a number there, and whether it may be missing."""

    path: str
    shape: Shape
    optional: bool = False


def mapping_text(operation: str, legacy: OperationContract, source: str) -> str:
    """A whole mapping file, which fits both contracts."""
    sent = list(_rules(legacy.input, "", "  ", in_list=False, depth=0))
    nothing = "" if any(_is_rule(line) for line in sent) else "# nothing has to be sent; "
    lines = [
        f"# {operation} becomes {legacy.name}. Made from the contract: every rule marked REPLACE holds an example where your rule belongs.",
        f"operation: {operation}",
        f"legacy: {legacy.name}",
        f"source: {json.dumps(source, ensure_ascii=False)}",
        "",
        "require:",
        "  - externalId",
        "",
        f"{nothing}request:                                  # TMF → {legacy.name}; the required elements first",
        *sent,
    ]
    if legacy.one_way:
        return "\n".join([*lines, ""])
    found = order_id(legacy.output)
    lines += [
        "",
        f"reply:                                    # {legacy.name} → TMF",
        f"  id:  {_quoted(id_expression(found))}"
        + ("" if found else "    # REPLACE: the reply has no member that looks like an order's number"),
        "  state:  \"'acknowledged'\"    # REPLACE: a code table, where the reply tells a state",
        "  externalId:  request.externalId",
        f"  productOrderItem:  {ITEMS}",
        '  "@type":  "\'ProductOrder\'"',
        "  # what the reply may hold:",
        *(f"  #   {line}" for line in _listed(legacy.output, "", 0)),
        "",
        "outcome:                                  # REPLACE: how the reply says yes, e.g. {when: \"reply.status == 'OK'\", is: accepted}",
        *_outcome(found),
        "",
    ]
    return "\n".join(lines)


def order_id(output: Shape) -> OrderId | None:
    """The likeliest place of the backend's number: outside of lists, named like one, the shallowest first."""
    likely = [
        (path.count("."), _rank(path), place)
        for path, place in _leaves(output, "", 0)
        if place.kind in (Kind.TEXT, Kind.INTEGER) and not place.enum and _ORDER_ID.fullmatch(_name(path))
    ]
    if not likely:
        return None
    chosen = min(likely, key=lambda each: each[:2])
    path = next(path for path, place in _leaves(output, "", 0) if place is chosen[2] and (path.count("."), _rank(path)) == chosen[:2])
    return OrderId(path, chosen[2], resolve(output, parse_path(path)).optional)


def _outcome(found: OrderId | None) -> list[str]:
    """No reply without the number that the answer needs is taken for a yes."""
    if found is None or not found.optional:
        return ["  - is: accepted"]
    told = _quoted(f"reply['{found.path}'] is present")
    return [f"  - when: {told}", "    is: accepted", "  - is: inDoubt"]


def id_expression(found: OrderId | None) -> str:
    """The expression that gives an order's number as text."""
    if found is None:
        return "clientReference"
    return f"reply['{found.path}']" + (" | text" if found.shape.kind is Kind.INTEGER else "")


def _rank(path: str) -> int:
    """Named after an order goes before a bare id."""
    return 0 if "order" in _name(path).lower() else 1


def _name(path: str) -> str:
    return path.rpartition(".")[2].lstrip("@#")


def _leaves(shape: Shape, before: str, depth: int) -> Iterator[tuple[str, Shape]]:
    if depth > DEPTH:
        return
    for member in shape.members.values():
        path = f"{before}{member.name}"
        if member.many:
            continue
        if member.shape.kind is Kind.OBJECT:
            yield from _leaves(member.shape, f"{path}.", depth + 1)
        else:
            yield path, member.shape


def _rules(shape: Shape, before: str, indent: str, *, in_list: bool, depth: int) -> Iterator[str]:
    """The rules of an object: the members it has to have, then the others as comments."""
    must = needed(shape)
    for group in shape.groups:
        if len(group.branches) > 1:
            yield f"{indent}# one of these, never two: {', '.join(filter(None, map(_branch, group.branches)))}"
    for member in must:
        yield from _rule(member, f"{before}{member.name}", indent, in_list=in_list, depth=depth)
    others = [member for member in shape.members.values() if member not in must]
    for member in others:
        path = f"{before}{member.name}{'[]' if member.many else ''}"
        yield f"{indent}# {_key(path)}:  {_told(member)}, optional"
        yield from (f"{indent}#   {line}" for line in _listed(member.shape, f"{path}.", depth + 1, written=_key))


def _branch(branch: Branch) -> str:
    return " with ".join(branch.needed or branch.members)


def _is_rule(line: str) -> bool:
    return not line.lstrip().startswith("#")


def _rule(member: Member, path: str, indent: str, *, in_list: bool, depth: int) -> Iterator[str]:
    place = member.shape
    if depth > DEPTH:
        return
    if place.kind is Kind.OBJECT and not member.many:
        yield from _rules(place, f"{path}.", indent, in_list=in_list, depth=depth + 1)
    elif place.kind is Kind.OBJECT:
        yield f"{indent}{_key(path + '[]')}:"
        yield f"{indent}  each: {ITEMS}    # REPLACE where the list is another one"
        yield f"{indent}  set:"
        yield from _rules(place, "", f"{indent}    ", in_list=True, depth=depth + 1)
    elif member.many:
        yield f"{indent}{_key(path)}:  {_quoted(f'[{_literal(place)}]')}    # REPLACE: list of {described(place)}"
    else:
        yield f"{indent}{_key(path)}:  {_value(place, path, in_list=in_list)}"


def _value(place: Shape, path: str, *, in_list: bool) -> str:
    """An expression that fits, and a comment that tells what the place takes."""
    plain = place.kind is Kind.TEXT and not place.enum and place.pattern is None and not place.format
    name = _name(path).lower()
    if plain and in_list and name in _ITEM_IDS:
        return f"item.id    # {described(place)}"
    if plain and not in_list and name in _OWN_WORDS:
        return _quoted(f"request.{_OWN_WORDS[name]} | default({_literal(place)})") + f"    # {described(place)}"
    return f"{_quoted(_literal(place))}    # REPLACE: {described(place)}"


def _literal(place: Shape) -> str:
    value = leaf(place)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return str(value)
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


def _listed(shape: Shape, before: str, depth: int, written: Callable[[str], str] = str) -> Iterator[str]:
    """All that a document may hold, one line a place; ``written`` gives a path as it has to stand there."""
    if depth > DEPTH:
        return
    for member in shape.members.values():
        path = f"{before}{member.name}{'[]' if member.many else ''}"
        if member.shape.kind is Kind.OBJECT and member.shape.members:
            yield from _listed(member.shape, f"{path}.", depth + 1, written)
        else:
            yield f"{written(path)}:  {_told(member)}" + ("" if member.required else ", optional")


def _told(member: Member) -> str:
    return "object" if member.shape.kind is Kind.OBJECT else described(member.shape)


def _key(path: str) -> str:
    return f'"{path}"' if path[0] in "@#" or "#" in path else path


def _quoted(expression: str) -> str:
    """A YAML scalar: bare where it reads as itself, else in double quotes."""
    return expression if re.fullmatch(r"[A-Za-z][\w.]*", expression) else json.dumps(expression, ensure_ascii=False)
