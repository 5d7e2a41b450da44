"""Expressions become trees whose parts know their exact place; what is no expression is refused with it."""

from __future__ import annotations

import pytest
from jinja2 import nodes

from adapter.finding import Finding, Position
from adapter.mapping.expression import ExpressionError, parse_expression
from adapter.mapping.expression.parse import position, position_in

AT = Position("m.yaml", 7, 11)


def refused(text: str) -> Finding:
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text, AT)
    assert str(caught.value) == "; ".join(map(str, caught.value.findings))
    return caught.value.findings[0]


def column(text: str, part: str) -> int:
    return AT.column + text.index(part)


@pytest.mark.parametrize(
    ("text", "kind", "part"),
    [
        ("request . account.id", nodes.Getattr, "id"),
        ("request.id  |  lower", nodes.Filter, "lower"),
        ("request.id is not   present", nodes.Test, "present"),
        ("'a' ~ reply.number", nodes.Name, "reply"),
        ("request.count + 12", nodes.Const, "12"),
        ("request['id'] == 'abc'", nodes.Const, "'id'"),
    ],
)
def test_each_part_knows_its_place(text: str, kind: type[nodes.Node], part: str) -> None:
    expr = parse_expression(text, AT)
    node = expr.node if isinstance(expr.node, kind) else next(iter(expr.node.find_all(kind)))
    assert position(node) == Position("m.yaml", 7, column(text, part), len(part))


def test_a_part_of_a_text_knows_its_place() -> None:
    text = "request['note[@type=X].text'] | upper"
    (const,) = parse_expression(text, AT).node.find_all(nodes.Const)
    assert position_in(const, 14, 4) == Position("m.yaml", 7, column(text, "text"), 4)


def test_lines_of_a_block_are_counted() -> None:
    text = "request.id == 'a'\n  and request.count | uper == 'B'"
    (found,) = parse_expression(text, AT).node.find_all(nodes.Filter)
    assert position(found) == Position("m.yaml", 8, 23, 4)


def test_the_caller_may_say_where_folded_text_stands() -> None:
    expr = parse_expression("now | lower", AT, lambda offset, length: Position("other", 100, offset, length))
    assert position(expr.node) == Position("other", 100, 6, 5)


def test_nodes_of_another_parser_have_no_place() -> None:
    with pytest.raises(TypeError):
        position(nodes.Const(1))


@pytest.mark.parametrize(
    ("text", "said", "part", "hint"),
    [
        ("request.id.upper()", "nothing can be called", "(", "value | name(argument)"),
        ("request.note[0:2]", "a part of a list", "0", "first, last"),
        ("{'a': 1}", "objects are not written", "{", "rules of their own"),
        ("request.id in ('a', 'b')", "no list", "'a'", "['a', 'b']"),
        ("request.item[].code", "'[]'", "[", "request['item[].code']"),
        ("request.count / 2", "not exact", "request", "//"),
        ("2 ** 3", "not offered", "2", "multiply"),
        ("+ 3", "no meaning", "+", "leave it out"),
        ("request.id | join(*request.tags)", "one by one", "join", ""),
    ],
)
def test_what_is_not_allowed_is_named_with_what_to_do_instead(text: str, said: str, part: str, hint: str) -> None:
    finding = refused(text)
    assert finding.code == "M116"
    assert said in finding.text
    assert hint in finding.hint
    assert finding.at.line == 7


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("request.id |", 11),
        ("", 0),
        ("   ", 0),
        ("request.id request.count", 11),
        ("request.id ==", 12),
        ("'open", 0),
        ("a }} b", 2),
        ("request.", 7),
        ("a ; b", 2),
    ],
)
def test_broken_syntax_is_shown_where_it_breaks(text: str, at: int) -> None:
    finding = refused(text)
    assert finding.code == "M115"
    assert (finding.at.line, finding.at.column) == (7, 11 + min(at, max(len(text) - 1, 0)))


@pytest.mark.parametrize(
    ("text", "said", "length"),
    [
        ("request.id |", "it ends too early", 1),
        ("(request.id", "it ends too early", 1),
        ("", "it is empty", 1),
        ("request.id == 'open", "the text that begins here has no closing quote", 1),
        ("request.id 'other one'", "'other one' cannot stand here", 11),
        ("request.id and and other", "'other' cannot stand here", 5),
        ("request.id | 12", "'12' cannot stand here", 2),
        ("request.id ? 1", "'?' cannot stand here", 1),
        ("request.id }}", "'}' cannot stand here", 1),
        ("request.id)", "')' cannot stand here", 1),
        ("{% if x %}", "'%' cannot stand here", 1),
    ],
)
def test_broken_syntax_is_told_in_words_of_this_language(text: str, said: str, length: int) -> None:
    finding = refused(text)
    assert (finding.text, finding.at.length) == (f"the expression cannot be read: {said}", length)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("reply['a.b[k=v]'] | upper", "reply['a.b[k=v]']"),
        ("1 + reply['a'][\"b]\"]", "reply['a'][\"b]\"]"),
        ("(request.a | first)['b'] ~ 'x'", "first)['b']"),
    ],
)
def test_a_member_in_brackets_is_shown_as_a_whole(text: str, shown: str) -> None:
    node = parse_expression(text, AT).node
    found = next(node.find_all(nodes.Getitem)) if not isinstance(node, nodes.Getitem) else node
    start = position(found).column - AT.column
    assert text[start : start + position(found).length] == shown


def test_a_test_before_if_needs_brackets() -> None:
    assert "round brackets" in refused("request.id is present if express else 'x'").hint
    parse_expression("(request.id is present) if express else 'x'", AT)


def test_numbers_and_words_are_constants() -> None:
    (expr,) = [parse_expression("[1, 2.5, 'x', true, none]", AT)]
    assert isinstance(expr.node, nodes.List)
    assert [item.value for item in expr.node.items if isinstance(item, nodes.Const)] == [1, 2.5, "x", True, None]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("{{ request.id }}", "write the bare expression, without {{ }}"),
        ("{% if request.id %}", "write the bare expression; to choose between values, write branches: choose, with when and otherwise"),
        ("request.id = 'a'", "write '==' to compare"),
        ("request.a && request.b", "write 'and' for '&&'"),
        ("request.a || request.b", "write 'or' for '||'"),
        ("!request.a", "write 'not' for '!'"),
        ("request.a == '&& || ! =' ;", ""),
    ],
)
def test_what_other_languages_write_is_told_with_what_is_written_here(text: str, hint: str) -> None:
    finding = refused(text)
    assert (finding.code, finding.hint) == ("M115", hint)


@pytest.mark.parametrize(
    "text", ["(" * 400 + "a" + ")" * 400, "not " * 65 + "a", " + ".join("a" * 70), "[" * 3000 + "]" * 3000, "-" * 5000 + "1"]
)
def test_an_expression_without_end_is_a_finding(text: str) -> None:
    finding = refused(text)
    assert finding.code == "M115"
    assert "nested too deeply" in finding.text
    assert finding.at.column == 11


def test_an_expression_that_nobody_can_read_is_a_finding_at_its_place_with_a_remedy() -> None:
    joined = " ~ ".join(["'a'"] * 20_000)
    finding = refused(joined)
    assert (finding.code, finding.at) == ("M115", AT)
    assert finding.text == "the expression cannot be read: it is too long, 119997 characters, and 10000 are the most"
    assert "a table of codes.yaml" in finding.hint
    longest = joined[:9999]
    assert parse_expression(longest, AT).node is not None
    assert "too long" in refused(longest + "  ").text


def test_many_alternatives_are_not_too_deep() -> None:
    assert parse_expression(" or ".join(["request.a"] * 50), AT).node is not None
