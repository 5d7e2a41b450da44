"""Generates Python source that reads elements of one message into plain data, and compiles it once.

Each complex type becomes a function ``r<n>(element, path, name, note)``, which reads the children straight on as long as
they come as the contract has them, and ``sr<n>``, which goes on by a table of tags from the first that does not. Both
walk each child once and note whatever is not as the contract says; they raise nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lxml import etree

from adapter.contract.wsdl_model import AnyElement, ComplexType, Element, SoapContract, particles
from connectors import xml_generic
from connectors.deviations import Note
from connectors.soap import tolerant
from connectors.soap.children import clark, required_of, rows_of
from connectors.soap.facets import restriction
from connectors.xml_text import BOOLEANS

Read = Callable[[etree._Element, str, str, Note], Any]


class Reader:
    """The generated readers of some elements; ``source`` is their text."""

    def __init__(self, contract: SoapContract) -> None:
        self.contract = contract
        self.source = ""
        self._lines: list[str] = []
        self._functions: dict[str, str] = {}
        self._todo: list[str] = []
        self._tables: list[Callable[[], None]] = []
        self._names: dict[str, Any] = {
            "tolerant": tolerant,
            "END": _End(),
            "taken": _taken,
            "BOOLEANS": BOOLEANS,
        }

    def of(self, element: Element) -> Read:
        """The reader of an element's content: always gives a document (``#text`` for plain text)."""
        simple = self.contract.simple(element.type)
        if simple is not None:
            inner = self._leaf(element.type)
            return lambda node, path, name, note: _as_document(inner(node, path, name, note))
        if self.contract.complex(element.type) is None:
            return lambda node, *_: _as_document(xml_generic.read_content(node))
        read = self._complex(element.type)
        self._compile()
        return lambda node, path, name, note: self._names[read](node, path, name, note) or {}

    def _complex(self, key: str) -> str:
        name = self._functions.get(key)
        if name is None:
            name = self._functions[key] = f"r{len(self._functions)}"
            self._todo.append(key)
        return name

    def _leaf(self, key: str) -> Read:
        return tolerant.leaf(self.contract.simple(key))

    def _compile(self) -> None:
        while self._todo:
            key = self._todo.pop()
            found = self.contract.complex(key)
            assert found is not None, f"{key} is no complex type"
            self._function(self._functions[key], found)
        source = "\n".join(self._lines) + "\n"
        self._lines = []
        self.source += source
        exec(compile(source, "<reader>", "exec"), self._names)  # noqa: S102
        for fill in self._tables:
            fill()
        self._tables = []

    def _function(self, name: str, found: ComplexType) -> None:
        required, choices = required_of(found)
        self._names[f"M{name}"] = required
        out = [f"def {name}(e, path, name, note, typed=False):"]
        if found.derived:
            self._variants(name, found, out)
        out += ["  if not len(e) and tolerant.is_nil(e): return None", "  if name: path = f'{path}.{name}' if path else name", "  d = {}"]
        if found.attributes or found.any_attribute:
            rows = {one: (f"@{one.name}", tolerant.value(self.contract.simple(one.type))) for one in found.attributes}
            written = {clark(one.name, one.namespace): row for one, row in rows.items()}
            self._names[f"A{name}"] = {one.name: row for one, row in rows.items()} | written
            out.append(f"  tolerant.attributes(e, A{name}, d, path, note, keep={found.any_attribute})")
        if found.text:
            self._names[f"C{name}"] = self._leaf(found.text)
            out.append(f"  d['#text'] = C{name}(e, path, '#text', note)")
        else:
            out += self._children(name, found)
        if required:
            out.append(f"  if not M{name} <= d.keys(): tolerant.absent(d, M{name}, path, note)")
        for names in choices:
            out.append(f"  if not ({' or '.join(f'{one!r} in d' for one in names)}): tolerant.no_choice({names!r}, path, note)")
        self._lines += [*out, "  return d"]

    def _variants(self, name: str, found: ComplexType, out: list[str]) -> None:
        """A look at ``xsi:type`` first; the reader of the derived type is called with ``typed``."""
        kinds = [one for one in (found, *(self.contract.complex(key) for key in found.derived)) if one is not None and not one.abstract]
        for one in kinds:
            self._complex(one.key)
        table: dict[str, Any] = {}
        self._names[f"D{name}"] = table
        self._tables.append(lambda: table.update({one.name: self._names[self._functions[one.key]] for one in kinds}))
        out += [
            "  if not typed:",
            f"    t, f = tolerant.variant(e, D{name}, path, name, note, abstract={found.abstract})",
            "    if f is not None:",
            "      d = f(e, path, name, note, True)",
            "      return d if d is None else {'@xsi:type': t, **d}",
        ]

    def _children(self, name: str, found: ComplexType) -> list[str]:
        """Children in the order of the contract are read straight on; from the first that is not, ``s<n>`` goes on by table."""
        rows = list(rows_of(found))
        tags: dict[str, tolerant.Row] = {}
        local: dict[str, tolerant.Row] = {}
        self._names[f"K{name}"], self._names[f"L{name}"] = tags, local

        def fill() -> None:
            for element, position, many in rows:
                read = self._row_reader(element)
                row = (position, element.name, many, element.nillable, read)
                tags[clark(element.name, element.namespace)] = local[element.name] = row
                self._names[f"{name}_{position}"] = read

        self._tables.append(fill)
        for element, _, _ in rows:
            if self.contract.complex(element.type) is not None:
                self._complex(element.type)
        self._rest(name, found)
        out = ["  it = iter(e)", "  c = next(it, END)"]
        ordered = [position for _, position, _ in rows] == list(range(1, len(rows) + 1))
        if ordered and not self._wild(found):
            for element, position, many in rows:
                out += self._straight(name, element, position, required=not many and element.name in self._names[f"M{name}"])
        return [*out, f"  if c is not END: s{name}(path, note, d, c, it)"]

    def _straight(self, name: str, element: Element, position: int, *, required: bool) -> list[str]:
        """The lines for one element where it is expected."""
        tag = clark(element.name, element.namespace)
        member = f"f'{element.name}[{{len(b)}}]'" if element.many else repr(element.name)
        not_nil = f"tolerant.not_nil(path, {member}, note)"
        value = [f"    v = {name}_{position}(c, path, {member}, note)"]
        value += [] if element.nillable else [f"    if v is None: {not_nil}"]
        value = self._at_once(element, f"{name}_{position}", value)
        if element.many:
            lines = ["    b.append(v)", "    c = next(it, END)"]
            return [f"  if c.tag == {tag!r}:", f"   d[{element.name!r}] = b = []", f"   while c.tag == {tag!r}:", *value, *lines]
        out = [f"  if c.tag == {tag!r}:", *value, f"    d[{element.name!r}] = v", "    c = next(it, END)"]
        if required:
            out += ["  elif c is not END:", f"    s{name}(path, note, d, c, it)", "    c = END"]
        return out

    def _at_once(self, element: Element, read: str, thorough: list[str]) -> list[str]:
        """Values as they are nearly always written are read in place: calling their reader, ``read``, costs thrice as much."""
        simple = self.contract.simple(element.type)
        restricted = restriction(simple)
        suspect = "" if restricted is None else restricted.suspect
        if simple is None or simple.kind == "decimal" or suspect is None:
            return thorough
        if restricted is not None and restricted.allowed:
            self._names[f"{read}_allowed"], suspect = restricted.allowed, suspect.format(allowed=f"{read}_allowed")
        otherwise = [f" {line}" for line in thorough]
        if simple.kind == "boolean":
            return ["    v = BOOLEANS.get(c.text)", "    if v is None or len(c):", *otherwise]
        if simple.kind == "integer":
            plain = "v is not None and v.isdecimal() and v.isascii() and len(v) < 19 and not len(c)"
            return ["    v = c.text", f"    if {plain}{suspect and f' and not ({suspect})'}: v = int(v)", "    else:", *otherwise]
        return ["    v = c.text", f"    if v is None or len(c){suspect and f' or {suspect}'}:", *otherwise]

    def _wild(self, found: ComplexType) -> bool:
        return any(isinstance(item, AnyElement) for item in particles(found.content))

    def _rest(self, name: str, found: ComplexType) -> None:
        """The function that reads the children from ``c`` on, whatever they are; ``last`` is the place reached."""
        self._lines += [
            f"def s{name}(path, note, d, c, it):",
            f"  last = tolerant.reached(d, L{name})",
            "  while c is not END:",
            f"    k = K{name}.get(c.tag)",
            *([f"    if k is None and taken(c, d, L{name}):", "      c = next(it, END)", "      continue"] if self._wild(found) else []),
            f"    if k is None: k = tolerant.known_elsewhere(c, L{name}, path, note)",
            "    if k is None:",
            "      tolerant.extra(c, path, note)",
            "      c = next(it, END)",
            "      continue",
            "    p, m, many, nil, read = k",
            "    b = d.get(m)",
            "    if p >= last: last = p",
            "    elif many or m not in d: note('order', path, m, 'comes later in the reply than the contract has it')",
            "    i = f'{m}[{len(b or ())}]' if many else m",
            "    v = read(c, path, i, note)",
            "    if v is None and not nil: tolerant.not_nil(path, i, note)",
            "    if many:",
            "      if b is None: d[m] = b = []",
            "      b.append(v)",
            "    elif m in d: note('repeated', path, m, 'comes more than once, the contract has it once; the first is read')",
            "    else: d[m] = v",
            "    c = next(it, END)",
        ]

    def _row_reader(self, element: Element) -> Any:
        if self.contract.complex(element.type) is not None:
            return self._names[self._functions[element.type]]
        simple = self.contract.simple(element.type)
        if simple is None:
            return lambda node, *_: xml_generic.read_content(node)
        return self._leaf(element.type)


class _End:
    """Stands after the last child, so that the generated code need not ask for one before each look at a tag."""

    tag = None


def _taken(element: etree._Element, document: dict[str, Any], local: dict[str, tolerant.Row]) -> bool:
    """Takes an element that a wildcard allows; one with a declared local name is left to the declared members."""
    name = etree.QName(element).localname
    if name in local:
        return False
    xml_generic.add(document, name, xml_generic.read(element))
    return True


def _as_document(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {"#text": value}
