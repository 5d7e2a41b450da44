"""Reads replies that are exactly as the contract has them, without a tree: one message becomes Python source around regular expressions.

A backend writes the start of its replies always alike, up to the first tag within the message. The first reply with another start has that
looked at by the parser of XML: whether nothing but start tags stands there, and which prefixes they bind. Expressions for these prefixes,
with blanks between all elements where there are some before that first tag, then match what follows, to the last byte. Attributes,
entities, comments, empty-element tags, members in another order or of another kind, and whatever else there is, they do not match: such
a reply is for the reader of trees, which can tell what is wrong with it. What comes from here is what that one would give, and has no
deviations.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from adapter.contract.wsdl_model import AnyElement, ComplexType, Element, SimpleType, SoapContract, particles
from adapter.ports import Document
from connectors.soap import envelope, tolerant
from connectors.soap.children import clark, required_of, rows_of
from connectors.soap.facets import lengths, restriction
from connectors.xml import UnreadableXml, parse_xml
from connectors.xml_text import BOOLEANS

_MOST_STARTS = 8  # starts of one message that are remembered; a backend has one or two
_LONGEST_START = 8_000  # characters
_TAG = re.compile(r"<([^<>\s/?!]+)")
_CAPTURES = re.compile(r"\((?!\?)")  # in the expressions made here: names of XML have no brackets
_BLANK = r"[ \t\n]*"
_TEXT = r"[^<>&\r\x00-\x08\x0b\x0c\x0e-\x1f]"  # neither markup nor what XML does not carry, nor what its parser rewrites
_NO_CHARACTERS = re.compile("[\ufffe\uffff]")  # XML does not carry them either; looked for once, since few texts can have them
_MOST_LENGTH = 100_000  # that an expression counts
_AT_ONCE = {  # how a value is written, and what it is
    "text": (f"{_TEXT}*", "{}"),
    "integer": ("[0-9]{1,18}", "int({})"),
    "boolean": ("true|false|1|0", "BOOLEANS[{}]"),
}

Way = Callable[[str, int], Document | None]  # the text and where the start ends → the document


class Straight:
    """Reads one message of a contract, whose body is ``body``."""

    def __init__(self, contract: SoapContract, body: Element) -> None:
        self._contract, self._body = contract, body
        self._start = re.compile(rf"<(?:[^<>\s:/]+:)?{re.escape(body.name)}(?:\s[^<>]*)?>{_BLANK}<")
        self._ways: dict[str, Way | None] = {}

    def read(self, data: bytes) -> Document | None:
        """The document of a reply in UTF-8; None where it is one for the reader of trees."""
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return None
        if not text.isascii() and _NO_CHARACTERS.search(text) is not None:
            return None
        start = next(filter(text.startswith, self._ways), None) or self._learnt(text)
        way = self._ways.get(start)
        try:
            return None if way is None else way(text, len(start) - 1)
        except _Surprise:
            return None

    def _learnt(self, text: str) -> str:
        """The start of a text that begins like none before; "" where it has none to be remembered."""
        found = self._start.search(text)
        if found is None or found.end() > _LONGEST_START or len(self._ways) == _MOST_STARTS:
            return ""
        start = text[: found.end()]
        self._ways[start] = self._way(start[:-1])
        return start

    def _way(self, start: str) -> Way | None:
        """None where there is more in the start than start tags, or more in the contract than expressions can tell."""
        tags = _TAG.findall(start)
        if len(tags) > 4 or (len(tags) == 4 and tags[1].rpartition(":")[2] != "Header"):
            return None  # elements that nobody expects there, and nobody would look into
        around = (tags[-1], tags[-2], tags[0]) if len(tags) > 2 else tags  # message, body, envelope: what has to be closed again
        try:
            root = parse_xml((start + "".join(f"</{tag}>" for tag in around)).encode())
            opened = envelope.opened(root)
        except UnreadableXml:
            return None
        encoding = root.getroottree().docinfo.encoding
        if opened.version != self._contract.version or opened.header or (encoding or "").lower() != "utf-8":
            return None
        tag = clark(self._body.name, self._body.namespace)
        if [(one.tag, len(one), dict(one.attrib)) for one in opened.content] != [(tag, 0, {})]:
            return None
        prefixes = {namespace: prefix for prefix, namespace in opened.content[0].nsmap.items()}
        try:
            return _Source(self._contract, prefixes, "" if start.endswith(">") else _BLANK).way(self._body, around)
        except _Unknown:
            return None


class _Surprise(Exception):
    """A value is not as the contract has it."""


class _Unknown(Exception):
    """The contract, or the start, has something that is not read here."""


def _surprised(_kind: str, _path: str, _name: str, _text: str) -> NoReturn:
    raise _Surprise


class _Source:
    """Generates the way for namespaces that have these prefixes (None: the default one). ``blank`` matches what stands between elements.

    ``pattern`` is the expression in the making, ``groups`` are the variables of its groups, ``after`` the lines that use them, ``deep``
    their indentation. A list whose elements have no lists in them is a part of the expression; where another one begins the expression
    ends, for its elements are matched one by one.
    """

    def __init__(self, contract: SoapContract, prefixes: Mapping[str, str | None], blank: str) -> None:
        self.contract, self.prefixes, self.blank = contract, prefixes, blank
        self.names: dict[str, Any] = {"BOOLEANS": BOOLEANS, "surprised": _surprised}
        self.lines = ["def read(text, at):"]
        self.pad, self.deep = " ", ""
        self._within: list[str] = []  # the types around the present place
        self._count = 0
        self._begin("")

    def way(self, body: Element, around: list[str] | tuple[str, ...]) -> Way:
        """The function that reads the content of ``body`` and the end tags of what is ``around`` it. Raises _Unknown."""
        found = self.contract.complex(body.type)
        if found is None:
            raise _Unknown
        document = self._content(found)
        self.pattern += "".join(f"</{re.escape(tag)}>{_BLANK}" for tag in around) + r"\Z"
        self._finish()
        self.lines.append(f" return {document}")
        exec(compile("\n".join(self.lines) + "\n", "<straight reader>", "exec"), self.names)  # noqa: S102 - made from the contract alone
        way: Way = self.names["read"]
        return way

    # expressions

    def _begin(self, word: str) -> None:
        self.pattern, self._word = "", word
        self.groups: list[str] = []
        self.after: list[str] = []

    def _finish(self) -> None:
        """Ends the expression in the making; where it stands behind ``while`` or ``if``, what follows is in that block."""
        if self.pattern:
            found = f"(m := {self._constant(re.compile(self.pattern).match)}(text, at)) is"
            self.lines.append(self.pad + (f"{self._word} {found} not None:" if self._word else f"if {found} None: return None"))
            self.pad += " " if self._word else ""
            self.lines.append(f"{self.pad}at = m.end()")
            if self.groups:
                self.lines.append(f"{self.pad}{', '.join(self.groups)}, = m.groups()")
        self.lines += [self.pad + line for line in self.after]
        self._begin("")

    def _variable(self, letter: str) -> str:
        self._count += 1
        return f"{letter}{self._count}"

    def _constant(self, value: object) -> str:
        name = self._variable("k")
        self.names[name] = value
        return name

    def _group(self, pattern: str) -> str:
        self.groups.append(self._variable("g"))
        self.pattern += f"({pattern})"
        return self.groups[-1]

    def _then(self, line: str) -> None:
        self.after.append(self.deep + line)

    # elements

    def _content(self, found: ComplexType) -> str:
        """All that stands in an element of this type; gives the variable that will hold it."""
        rows = list(rows_of(found))
        required, choices = required_of(found)
        ascending = [place for _, place, _ in rows]
        plain = ascending == sorted(set(ascending)) and len({row[0].name for row in rows}) == len(rows)
        if not plain or any(isinstance(item, AnyElement) for item in particles(found.content)) or found.key in self._within:
            raise _Unknown
        if found.text or found.abstract or found.unknown or any(one.required for one in found.attributes):
            raise _Unknown
        document = self._variable("d")
        self._within.append(found.key)
        self.pattern += self.blank
        self._then(f"{document} = {{}}")
        for element, _, many in rows:
            place = f"{document}[{element.name!r}]"
            (self._list if many else self._one)(element, place, required=element.name in required)
        for names in choices:
            self._then(f"if not ({' or '.join(f'{one!r} in {document}' for one in names)}): return None")
        self._within.pop()
        return document

    def _list(self, element: Element, place: str, *, required: bool) -> None:
        if not self._depth(element):
            self._flat(element, place, required=required)
            return
        found = self._variable("b")
        self._then(f"{found} = []")
        self._block("while", element, f"{found}.append({{}})")
        if required:
            self._then(f"if not {found}: return None")
            self._then(f"{place} = {found}")
        else:
            self._then(f"if {found}: {place} = {found}")

    def _flat(self, element: Element, place: str, *, required: bool) -> None:
        """The list as one group, whose elements are taken out where there are any."""
        pattern, groups, after, deep = self.pattern, self.groups, self.after, self.deep
        self._begin(self._word)
        self.deep += "  "
        value = self._element(element)
        inner, inside, lines = self.pattern, self.groups, self.after
        self.pattern, self.groups, self.after, self.deep = pattern, groups, after, deep
        listed, found = self._group(f"(?:{_CAPTURES.sub('(?:', inner)})*"), self._variable("b")
        if required:
            self._then(f"if not {listed}: return None")
        self._then(f"if {listed}:")
        self._then(f" {place} = {found} = []")
        self._then(f" for m in {self._constant(re.compile(inner).finditer)}({listed}):")
        self._then(f"  {', '.join(inside)}, = m.groups()" if inside else "  pass")
        self.after += [*lines, f"{deep}  {found}.append({value})"]

    def _one(self, element: Element, place: str, *, required: bool) -> None:
        if required:
            self._then(f"{place} = {self._element(element)}")
        elif self._depth(element) > 1:
            self._block("if", element, f"{place} = {{}}")
        else:
            lines, groups, deep = len(self.after), len(self.groups), self.deep
            self.pattern += "(?:"
            if self.contract.complex(element.type) is not None:
                self._group("")  # all that is in it may be optional as well
            self.deep += " "
            self._then(f"{place} = {self._element(element)}")
            self.deep = deep
            self.after.insert(lines, f"{deep}if {self.groups[groups]} is not None:")
            self.pattern += "|)"

    def _block(self, word: str, element: Element, line: str) -> None:
        """Matches the element by expressions of its own; ``line`` keeps its value."""
        self._finish()
        pad = self.pad
        self._begin(word)
        self._then(line.format(self._element(element)))
        self._finish()
        self.pad = pad

    def _depth(self, element: Element, within: tuple[str, ...] = ()) -> int:
        """How many lists are in each other within the element, at most."""
        found = self.contract.complex(element.type)
        if found is None or found.key in within:
            return 0
        return max((self._depth(one, (*within, found.key)) + many for one, _, many in rows_of(found)), default=0)

    def _element(self, element: Element) -> str:
        """The whole element; gives the expression of its value."""
        tag = re.escape(self._tag(element))
        found, simple = self.contract.complex(element.type), self.contract.simple(element.type)
        self.pattern += f"<{tag}>"
        if found is not None:
            value = self._content(found)
        elif simple is not None:
            value = self._value(simple)
        else:
            raise _Unknown
        self.pattern += f"</{tag}>{self.blank}"
        return value

    def _tag(self, element: Element) -> str:
        if not element.namespace:
            if None in self.prefixes.values():
                raise _Unknown
            return element.name
        if element.namespace not in self.prefixes:
            raise _Unknown
        prefix = self.prefixes[element.namespace]
        return element.name if prefix is None else f"{prefix}:{element.name}"

    def _value(self, simple: SimpleType) -> str:
        """A value as it is nearly always written; what may not fit is read by what reads them all, and has to give it nothing to note."""
        bounds = lengths(simple)
        if bounds is not None and (bounds[1] or 0) < _MOST_LENGTH:
            return self._group(f"{_TEXT}{{{bounds[0]},{'' if bounds[1] is None else bounds[1]}}}")
        restricted = restriction(simple)
        suspect = "" if restricted is None else restricted.suspect
        thorough = f"{self._constant(tolerant.value(simple))}({{0}}, '', '', surprised)"
        if suspect is None or simple.kind == "decimal":
            return thorough.format(self._group(f"{_TEXT}*"))
        pattern, value = _AT_ONCE[simple.kind]
        text = self._group(pattern)
        if restricted is not None:
            asked = re.sub(r"\bv\b", text, suspect).format(allowed=self._constant(restricted.allowed))
            self._then(f"if not {text}{asked and f' or {asked}'}: {thorough.format(text)}")
        return value.format(text)
