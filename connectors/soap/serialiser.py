"""Generates Python source that writes documents of one message as XML text, and compiles it once.

Each complex type becomes a function ``c<n>(document, tag, type_attribute)`` that gives the whole element. Statements
fill variables member by member, in the order of the contract, and one f-string joins them; ``at`` and ``k`` remember the
member and the list element in work, so that a refusal anywhere below gets its path on the way up at no cost before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adapter.contract.wsdl_model import AnyElement, ComplexType, Element, Facets, Group, MessageModel, SimpleType, SoapContract, particles
from connectors import xml_generic
from connectors.soap import strict
from connectors.soap.leaves import Leaf, leaf, listed
from connectors.xml_text import Refused

Writer = Callable[[dict[str, Any]], tuple[str, str]]
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_XML = "http://www.w3.org/XML/1998/namespace"


class Serialiser:
    """The generated writer of one message. ``source`` is its text, ``names`` what it calls, ``namespaces`` its declarations by prefix."""

    def __init__(self, contract: SoapContract, message: MessageModel) -> None:
        self.contract = contract
        self.lines: list[str] = []
        self.prefixes: dict[str, str] = {_XSI: "xsi", _XML: "xml"}
        self.names: dict[str, Any] = {
            "Refused": Refused,
            "strict": strict,
            "rest": xml_generic.rest,
            "rest_attributes": xml_generic.rest_attributes,
            "generic_element": xml_generic.element,
        }
        self._functions: dict[str, str] = {}
        self._leaves: dict[str, str] = {}
        self._todo: list[str] = []
        self._variants: dict[str, str] = {}
        self._message(message)
        while self._todo:
            self._type(self._todo.pop())
        for table, key in self._variants.items():
            self.lines.append(f"{table} = {{{', '.join(self._variant_rows(key))}}}")
        self.source = "\n".join(self.lines) + "\n"
        exec(compile(self.source, f"<serialiser of {message.body.name if message.body else 'nothing'}>", "exec"), self.names)  # noqa: S102
        self.write: Writer = self.names["message"]

    @property
    def namespaces(self) -> dict[str, str]:
        """Namespace by prefix, to be declared around the message."""
        return {prefix: namespace for namespace, prefix in self.prefixes.items() if prefix != "xml"}

    def tag(self, name: str, namespace: str) -> str:
        """The name with its prefix."""
        if not namespace:
            return name
        prefix = self.prefixes.setdefault(namespace, f"n{len(self.prefixes) - 2}")
        return f"{prefix}:{name}"

    # functions

    def _message(self, message: MessageModel) -> None:
        out = ["def message(d):", " h = ''"]
        if message.header:
            headers = Group("sequence", tuple(_optional(part) for part in message.header))
            self._function("headers", ComplexType("#header", content=headers))
            out += [
                " if '#header' in d:",
                "  try: h = headers(d['#header'], 'h')[3:-4]",
                "  except Refused as wrong: raise wrong.up('#header')",
                "  d = {k: v for k, v in d.items() if k != '#header'}",
            ]
        body = message.body
        if body is None:
            out += [" if d: raise strict.unknown(d, ())", " return h, ''"]
        else:
            tag = self.tag(body.name, body.namespace)
            found = self.contract.types.get(body.type)
            if isinstance(found, SimpleType):
                self._function("body", ComplexType("#body", text=body.type))
                out.append(f" return h, body(d, {tag!r})")
            elif found is None:
                out.append(f" return h, generic_element({tag!r}, d)")
            else:
                out.append(f" return h, {self._complex(body.type)}(d, {tag!r})")
        self.lines += out

    def _complex(self, key: str) -> str:
        """The name of the function that writes elements of this type."""
        name = self._functions.get(key)
        if name is None:
            name = self._functions[key] = f"w{len(self._functions)}"
            self._todo.append(key)
        return name

    def leaf(self, key: str) -> str:
        """The name of the function that writes values of this simple type."""
        name = self._leaves.get(key)
        if name is None:
            simple = self.contract.simple(key)
            assert simple is not None, f"{key} is no simple type"
            name = self._leaves[key] = f"t{len(self._leaves)}"
            writer: Leaf = leaf(simple)
            self.names[name] = writer
        return name

    def written(self, element: Element, value: str) -> str:
        """An expression for the whole element."""
        tag = self.tag(element.name, element.namespace)
        found = self.contract.types.get(element.type)
        if isinstance(found, SimpleType):
            expression = f"f'<{tag}>{{{self.value(found, value)}}}</{tag}>'"
        elif found is None:
            expression = f"generic_element({tag!r}, {value})"
        else:
            expression = f"{self._complex(element.type)}({value}, {tag!r})"
        if element.nillable:
            nil = f'<{tag} xsi:nil="true"/>'
            expression = f"({nil!r} if {value} is None else {expression})"
        return expression

    def value(self, simple: SimpleType, value: str) -> str:
        """An expression for the text of a simple value; what most values are skips the call."""
        call = f"{self.leaf(simple.key)}({value})"
        facets = simple.facets
        table = listed(simple)
        if table is not None:
            self.names[f"{self.leaf(simple.key)}_listed"] = table
            return f"({self.leaf(simple.key)}_listed.get({value}) if {value}.__class__ is str else None) or {call}"
        if simple.kind == "boolean":
            return f'"true" if {value} is True else "false" if {value} is False else {call}'
        if simple.kind == "integer" and facets == Facets(min_inclusive=facets.min_inclusive, max_inclusive=facets.max_inclusive):
            least, most = int(facets.min_inclusive or 0), int(facets.max_inclusive or 10**9)
            return f"{value} if {value}.__class__ is int and {least} <= {value} <= {most} else {call}"
        plain = simple.base in ("string", "normalizedString", "token") and simple.kind == "text"
        if not plain or facets.enum or facets.patterns or (facets.min_length or 0) > 1:
            return call
        length = f" and len({value}) <= {facets.max_length}" if facets.max_length is not None else ""
        return f"{value} if {value}.__class__ is str and {value}.isalnum(){length} else {call}"

    def _type(self, key: str) -> None:
        found = self.contract.complex(key)
        assert found is not None, f"{key} is no complex type"
        name = self._functions[key]
        if not found.derived:
            self._function(name, found)
            return
        table = f"D{name}"
        self._variants[table] = key
        own = f"{name}b"
        plain = "raise strict.missing(()).up('@xsi:type')"
        if not found.abstract:
            self._function(own, found)
            plain = f"return {own}(d, tag)"
        self.lines += [
            f"def {name}(d, tag, xt=''):",
            *([] if found.abstract else [f" if xt: return {own}(d, tag, xt)"]),
            " x = d.get('@xsi:type') if d.__class__ is dict else None",
            f" if x is None: {plain}",
            f" f = {table}.get(x) if x.__class__ is str else None",
            f" if f is None: raise strict.not_listed(x, {table}).up('@xsi:type')",
            " return f[0](d, tag, f[1])",
        ]
        for derived in found.derived:
            if self.contract.complex(derived) is not None:
                self._complex(derived)

    def _variant_rows(self, key: str) -> list[str]:
        """Local type name → function and ``xsi:type`` attribute, for all that may stand for this type."""
        rows = []
        base = self.contract.complex(key)
        for found in (base, *(self.contract.complex(one) for one in (base.derived if base else ()))):
            if found is not None and not found.abstract and found.named:
                attribute = f' xsi:type="{self.tag(found.name, found.namespace)}"'
                rows.append(f"{found.name!r}: ({self._functions[found.key]}, {attribute!r})")
        return rows

    def _function(self, name: str, found: ComplexType) -> None:
        """One function: checks, variables, and the f-string that joins them."""
        body = _Body(self, found)
        text, attributes = body.content(), body.attribute_text
        known = body.names
        out = [f"def {name}(d, tag, xt=''):", " at = ''", " k = -1", " try:"]
        out.append("  if d.__class__ is not dict and not isinstance(d, dict): raise strict.wrong_kind(d, 'an object')")
        out.append(f"  n = {body.required} + (xt != '')")
        out += [f"  {line}" for line in body.lines]
        out.append("  at = ''")
        out.append(f"  if len(d) != n: raise strict.unknown(d, {tuple(known)!r} + (('@xsi:type',) if xt else ()))")
        out.append(f"  return f'<{{tag}}{{xt}}{attributes}>{text}</{{tag}}>'")
        out.append(" except KeyError: raise strict.missing(()).up(at) from None")
        out.append(" except Refused as wrong:")
        out.append("  raise wrong.up(f'{at}[{k}]' if k >= 0 else at)")
        self.lines += out


class _Body:
    """The statements of one function."""

    def __init__(self, serialiser: Serialiser, found: ComplexType) -> None:
        self.serialiser, self.found = serialiser, found
        self.lines: list[str] = []
        self.required = 0
        self.names: list[str] = [f"@{attribute.name}" for attribute in found.attributes]
        self.names += ["#text"] if found.text else []
        self.names += [item.name for item in particles(found.content) if isinstance(item, Element)]
        self.attribute_text = ""
        self._variables = 0

    def content(self) -> str:
        """Emits everything; gives the f-string text between the tags."""
        for attribute in self.found.attributes:
            tag = self.serialiser.tag(attribute.name, attribute.namespace)
            write = f"{self.serialiser.leaf(attribute.type)}(v)"
            name = f"@{attribute.name}"
            if attribute.required:
                self._fetch(name, "")
                self.attribute_text += f' {tag}="{{{self._set(write)}}}"'
            else:
                variable = self._variable()
                self._when(name, variable, f"""f' {tag}="{{{write}}}"'""", "")
                self.attribute_text += f"{{{variable}}}"
        if self.found.any_attribute:
            self.attribute_text += f"{{{self._rest('rest_attributes')}}}"
        if self.found.text:
            self._fetch("#text", "")
            return f"{{{self._set(f'{self.serialiser.leaf(self.found.text)}(v)')}}}"
        return self._group(self.found.content, "", sure=True) if self.found.content else ""

    # groups: each gives the f-string text for what it wrote; ``pad`` is its indentation, ``sure`` that it always runs

    def _group(self, group: Group, pad: str, *, sure: bool) -> str:
        if group.repeated:
            return self._repeated(group, pad)
        if group.order == "choice":
            return self._choice(group, pad)
        if group.least == 0:
            return self._together(group, pad)
        return "".join(self._item(item, pad, sure=sure) for item in group.items)

    def _item(self, item: Element | AnyElement | Group, pad: str, *, sure: bool) -> str:
        if isinstance(item, AnyElement):
            return f"{{{self._rest('rest', pad)}}}"
        if isinstance(item, Group):
            return self._group(item, pad, sure=sure)
        return self._many(item, pad) if item.many else self._one(item, pad, sure=sure)

    def _one(self, element: Element, pad: str, *, sure: bool) -> str:
        simple = self.serialiser.contract.simple(element.type)
        if not element.least:
            variable = self._variable()
            self._when(element.name, variable, self.serialiser.written(element, "v"), pad)
            return f"{{{variable}}}"
        self._fetch(element.name, pad, sure=sure)
        if simple is None or element.nillable:
            return f"{{{self._set(self.serialiser.written(element, 'v'), pad)}}}"
        tag = self.serialiser.tag(element.name, element.namespace)  # once for all, in the text that joins everything
        return f"<{tag}>{{{self._set(self.serialiser.value(simple, 'v'), pad)}}}</{tag}>"

    def _many(self, element: Element, pad: str, least: int | None = None) -> str:
        variable = self._variable()
        least = element.least if least is None else least
        self._add(pad, f"at = {element.name!r}")
        inner = pad
        if not least:
            self._add(pad, f"if at not in d: {variable} = ''")
            self._add(pad, "else:")
            inner += " "
        self._add(inner, "v = d[at]")
        self._add(inner, "n += 1")
        self._add(inner, "if v.__class__ is not list: raise strict.wrong_kind(v, 'a list')")
        if least or element.most is not None:
            over = f" or len(v) > {element.most}" if element.most is not None else ""
            self._add(inner, f"if len(v) < {least}{over}: raise strict.amount(v, {least}, {element.most})")
        self._add(inner, "b = []")
        self._add(inner, "k = 0")
        self._add(inner, "for u in v:")
        self._add(inner, f" b.append({self.serialiser.written(element, 'u')})")
        self._add(inner, " k += 1")
        self._add(inner, "k = -1")
        self._add(inner, f"{variable} = ''.join(b)")
        return f"{{{variable}}}"

    def _choice(self, group: Group, pad: str) -> str:
        variable, count = self._variable(), self._variable()
        branches = [(item, tuple(names_in(item))) for item in group.items]
        everything = tuple(name for _, names in branches for name in names)
        presence = [" or ".join(f"{name!r} in d" for name in names) or "False" for _, names in branches]
        self._add(pad, "at = ''")
        self._add(pad, f"{count} = {' + '.join(f'({one})' for one in presence)}")
        self._add(pad, f"if {count} > 1: raise strict.exclusive(d, {everything!r})")
        if not group.emptiable and not any(isinstance(item, AnyElement) for item in group.items):
            self._add(pad, f"if not {count}: raise strict.missing({everything!r})")
        self._add(pad, f"{variable} = ''")
        word = "if"
        for (item, _), present in zip(branches, presence, strict=True):
            self._add(pad, f"{word} {present}:")
            text = self._item(item, pad + " ", sure=False)
            self._add(pad + " ", f"{variable} = f'{text}'")
            word = "elif"
        wild = next((item for item in group.items if isinstance(item, AnyElement)), None)
        if wild is not None:
            self._add(pad, "else:")
            text = self._item(wild, pad + " ", sure=False)
            self._add(pad + " ", f"{variable} = f'{text}'")
        return f"{{{variable}}}"

    def _together(self, group: Group, pad: str) -> str:
        """An optional group: once one member is there, its required ones must be too."""
        variable = self._variable()
        names = tuple(names_in(group))
        self._add(pad, f"{variable} = ''")
        self._add(pad, f"if {' or '.join(f'{name!r} in d' for name in names) or 'False'}:")
        text = self._group(Group(group.order, group.items), pad + " ", sure=False)
        self._add(pad + " ", f"{variable} = f'{text}'")
        return f"{{{variable}}}"

    def _repeated(self, group: Group, pad: str) -> str:
        """A choice that may be made more than once: each member is a list, written in the order of the contract."""
        elements = [item for item in group.items if isinstance(item, Element)]
        names = ", ".join(element.name for element in elements)
        text = "".join(self._many(Element(e.name, e.namespace, e.type, 0, None, e.nillable), pad) for e in elements)
        total = " + ".join(f"len(d.get({element.name!r}, ()))" for element in elements)
        most = "" if group.most is None else f" or v > {group.most}"
        self._add(pad, "at = ''")
        self._add(pad, f"v = {total}")
        self._add(pad, f"if v < {group.least}{most}: raise Refused(f'{{v}} of {names} are there, {_range(group)}')")
        return text

    # pieces

    def _fetch(self, name: str, pad: str, *, sure: bool = True) -> None:
        self._add(pad, f"at = {name!r}")
        self._add(pad, "v = d[at]")
        if sure and not pad:
            self.required += 1
        else:
            self._add(pad, "n += 1")

    def _when(self, name: str, variable: str, expression: str, pad: str) -> None:
        self._add(pad, f"at = {name!r}")
        self._add(pad, f"if at not in d: {variable} = ''")
        self._add(pad, "else:")
        self._add(pad, " n += 1")
        self._add(pad, " v = d[at]")
        self._add(pad, f" {variable} = {expression}")

    def _rest(self, function: str, pad: str = "") -> str:
        variable = self._variable()
        known = f"N{len(self.serialiser.names)}"
        self.serialiser.names[known] = frozenset(self.names)
        self._add(pad, "at = ''")
        self._add(pad, f"{variable}, v = {function}(d, {known})")
        self._add(pad, "n += v")
        return variable

    def _set(self, expression: str, pad: str = "") -> str:
        variable = self._variable()
        self._add(pad, f"{variable} = {expression}")
        return variable

    def _variable(self) -> str:
        self._variables += 1
        return f"x{self._variables}"

    def _add(self, pad: str, line: str) -> None:
        self.lines.append(pad + line)


def names_in(item: Element | AnyElement | Group) -> list[str]:
    """The elements that may stand there."""
    if isinstance(item, Element):
        return [item.name]
    return [one.name for one in particles(item) if isinstance(one, Element)] if isinstance(item, Group) else []


def _range(group: Group) -> str:
    return f"the contract takes {group.least} to {'any number' if group.most is None else group.most}"


def _optional(part: Element) -> Element:
    return Element(part.name, part.namespace, part.type, 0, 1, part.nillable)
