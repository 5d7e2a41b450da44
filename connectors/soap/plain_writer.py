"""Writes documents that fit their contract without a question: one function for each set of members that an element comes with.

Which members there are decides whether all is there that has to be, and which way each choice goes. That is looked at once for each set,
when it first comes; what is left to do for a document is to put its values between the tags. Whatever is not as it nearly always is (a
text that is too long, a value of another kind, an unknown member) is for the serialiser, which can tell what is wrong with it.

The text comes in pieces, markup and value in turn, so that one look at all values together shows whether any has to be escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from adapter.contract.wsdl_model import ComplexType, Element, Group, SimpleType, particles
from adapter.ports import Document
from connectors.soap.facets import lengths
from connectors.soap.leaves import listed
from connectors.soap.serialiser import Serialiser, names_in
from connectors.xml_text import Refused, escape

Form = Callable[[Document, list[str]], None]
_MOST_FORMS = 64  # of one element; a mapping writes a handful


class PlainWriter:
    """The writer of one message, whose body is ``body``. ``serialiser`` writes what this one does not."""

    def __init__(self, serialiser: Serialiser, body: Element) -> None:
        self.serialiser = serialiser
        self._names: dict[tuple[str, str], str] = {}
        found = serialiser.contract.complex(body.type)
        name = "" if found is None else self.forms(found, serialiser.tag(body.name, body.namespace))
        self._forms: _Forms | None = serialiser.names[name] if name else None

    def write(self, document: Document) -> str | None:
        """The text of the body; None where it is for the serialiser to write or to refuse."""
        pieces: list[str] = []
        try:
            if self._forms is None:
                return None
            self._forms[tuple(document)](document, pieces)
            values = "".join(pieces[1::2])
            if escape(values) != values:
                pieces[1::2] = map(escape, pieces[1::2])
        except (Refused, TypeError, ValueError, LookupError, AttributeError, RecursionError):
            return None
        return "".join(pieces)

    def forms(self, found: ComplexType, tag: str) -> str:
        """The name, in generated text, of the forms of an element; "" where it may hold what its members do not tell."""
        names = [item.name for item in particles(found.content) if isinstance(item, Element)]
        if found.text or found.abstract or found.derived or found.open or _repeats(found.content) or len(set(names)) < len(names):
            return ""
        name = self._names.get((found.key, tag))
        if name is None:
            name = self._names[found.key, tag] = f"F{len(self._names)}"
            self.serialiser.names[name] = _Forms(self, found, tag)
        return name


class _NoForm(Refused):
    """It is for the serialiser to write or to refuse."""

    def __init__(self) -> None:
        super().__init__("there is no form for it")


class _Forms(dict[tuple[str, ...], Form]):
    """The forms of one element by its members, in the order in which they came."""

    def __init__(self, writer: PlainWriter, found: ComplexType, tag: str) -> None:
        super().__init__()
        self._writer, self._found, self._tag = writer, found, tag

    def __missing__(self, members: tuple[str, ...]) -> Form:
        if len(self) == _MOST_FORMS:
            raise _NoForm
        source = _Source(self._writer, self._found, self._tag, members)
        names = self._writer.serialiser.names | {"NoForm": _NoForm}
        exec(compile("\n".join(source.lines) + "\n", f"<form of {self._tag}>", "exec"), names)  # noqa: S102 - made from the contract alone
        form: Form = names["form"]
        self[members] = form
        return form


class _Source:
    """Generates the form of an element with these members. ``markup`` is what goes before the next value, ``pieces`` is what came before.
    Raises _NoForm where the contract has no element with just these."""

    def __init__(self, writer: PlainWriter, found: ComplexType, tag: str, members: tuple[str, ...]) -> None:
        self._writer, self._serialiser = writer, writer.serialiser
        self._pieces: list[str] = []
        self._pad, self._markup = " ", f"<{tag}"
        values = {name: f"v{number}" for number, name in enumerate(members)}
        self.lines = ["def form(d, out):", f" ({''.join(f'{value}, ' for value in values.values())}) = d.values()"]
        for attribute in found.attributes:
            value, simple = values.pop(f"@{attribute.name}", ""), self._serialiser.contract.simple(attribute.type)
            if value and simple is not None:
                self._markup += f' {self._serialiser.tag(attribute.name, attribute.namespace)}="'
                self._text(simple, value)
                self._markup += '"'
            elif attribute.required:
                raise _NoForm
        self._markup += ">"
        for element in _chosen(found.content, values):
            self._element(element, values.pop(element.name))
        if values:
            raise _NoForm
        self._markup += f"</{tag}>"
        self._flush()

    def _element(self, element: Element, value: str) -> None:
        if not element.many:
            self._one(element, value)
            return
        over = "" if element.most is None else f" or len({value}) > {element.most}"
        self._add(f"if {value}.__class__ is not list or len({value}) < {element.least}{over}: raise NoForm")
        self._flush()
        self._add(f"for u in {value}:")
        self._pad = "  "
        self._one(element, "u")
        self._flush()
        self._pad = " "

    def _one(self, element: Element, value: str) -> None:
        tag = self._serialiser.tag(element.name, element.namespace)
        found, simple = self._serialiser.contract.complex(element.type), self._serialiser.contract.simple(element.type)
        forms = "" if found is None or element.nillable else self._writer.forms(found, tag)
        if forms:
            self._flush()
            self._add(f"{forms}[tuple({value})]({value}, out)")
        elif simple is None or element.nillable:
            self._written(self._serialiser.written(element, value))
        else:
            self._markup += f"<{tag}>"
            self._text(simple, value)
            self._markup += f"</{tag}>"

    def _text(self, simple: SimpleType, value: str) -> None:
        """A text as it is goes among the values, any other value as its text into the markup."""
        bounds = lengths(simple)
        if bounds is None:
            expression = self._serialiser.value(simple, value)
            self._written(expression if listed(simple) is None else f"{self._serialiser.leaf(simple.key)}_listed[{value}]")
            return
        least, most = bounds
        short = [f"len({value}) < {least}" if least > 1 else f"not {value}"] if least else []
        long = [] if most is None else [f"len({value}) > {most}"]
        if short or long:
            self._add(f"if {' or '.join([*short, *long])}: raise NoForm")
        self._pieces += [f"f'{self._markup}'", value]
        self._markup = ""

    def _written(self, expression: str) -> None:
        name = f"x{len(self.lines)}"
        self._add(f"{name} = {expression}")
        self._markup += f"{{{name}}}"

    def _flush(self) -> None:
        """Hands over what there is, with an empty value at its end."""
        if self._pieces or self._markup:
            self._add(f"out += ({', '.join(self._pieces)}{', ' if self._pieces else ''}f'{self._markup}', '')")
        self._pieces, self._markup = [], ""

    def _add(self, line: str) -> None:
        self.lines.append(self._pad + line)


def _chosen(group: Group | None, members: Mapping[str, str]) -> Iterator[Element]:
    """The elements to be written, in the order of the contract. Raises _NoForm where one is missing, or a choice is not made."""
    items = () if group is None else group.items
    if group is not None and (group.order == "choice" or group.least == 0):
        items = tuple(item for item in items if any(name in members for name in names_in(item)))
        if group.order == "choice" and (len(items) > 1 or not (items or group.emptiable)):
            raise _NoForm
        if group.least == 0 and group.order != "choice" and items:
            items = group.items
    for item in items:
        if isinstance(item, Group):
            yield from _chosen(item, members)
        elif isinstance(item, Element):
            if item.name in members:
                yield item
            elif item.least:
                raise _NoForm


def _repeats(group: Group | None) -> bool:
    return group is not None and (group.repeated or any(_repeats(item) for item in group.items if isinstance(item, Group)))
