"""What a part of a file may look like, said once: the parser checks files against it, the JSON Schema is written from it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from adapter.finding import Finding, Position, nearest, suggest
from adapter.mapping.catalogue import finding
from adapter.yaml_text import Block, Items, Node, Scalar


@dataclass(frozen=True, slots=True)
class Word:
    """A scalar. ``pattern`` is anchored by itself; ``words`` are the only texts allowed (empty: any)."""

    name: str
    doc: str
    pattern: str = ""
    words: tuple[str, ...] = ()
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a Keys form. An ``inherited`` key may be missing in a file that says ``like``; the parent has it."""

    name: str
    form: Form
    doc: str
    required: bool = False
    inherited: bool = False


@dataclass(frozen=True, slots=True)
class Keys:
    """A block with known keys. Of each group in ``one_of`` exactly one key stands. ``open``: other keys are not ours. ``elsewhere``
    are keys of another kind of such a block, each with what stands for it here; ``instead`` are keys that are none of any such block,
    and are written all the same, each with what is meant."""

    name: str
    doc: str
    keys: tuple[Key, ...]
    one_of: tuple[tuple[str, ...], ...] = ()
    open: bool = False
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    instead: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entries:
    """A block whose keys are names or paths, all with values of one form."""

    name: str
    doc: str
    key: Word
    value: Form


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list of items of one form."""

    name: str
    doc: str
    item: Form
    may_be_empty: bool = True


@dataclass(frozen=True, slots=True)
class Either:
    """One of several forms: at most one Word, one Entries or several Keys, one Sequence."""

    name: str
    doc: str
    forms: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """The form of this name, for forms that contain themselves."""

    name: str


Form = Word | Keys | Entries | Sequence | Either | Named


def misfits(node: Node, form: Form, named: Mapping[str, Form]) -> Iterator[Finding]:
    """Everything about ``node`` that does not fit ``form``: M110 - M114, M119 and M120."""
    chosen = _choose(node, _known(form, named), named)
    match chosen, node:
        case None, _:
            text = f"{_what(node)} stands here; wanted is {_wanted(_known(form, named), named)}"
            yield finding("M112", text, node.at, _instead(node, _known(form, named)))
        case Word() as word, Scalar() as scalar:
            yield from _word(scalar, word)
        case Keys() as keys, Block() as block:
            yield from _keys(block, keys, named)
        case Entries() as entries, Block() as block:
            for entry in block:
                yield from _word(entry.key, entries.key)
                yield from misfits(entry.value, entries.value, named)
        case Sequence() as sequence, Items() as items:
            if not items.nodes and not sequence.may_be_empty:
                least = _wanted(_known(sequence.item, named), named)
                yield finding("M113", f"{sequence.name} is empty", items.at, f"wanted is at least one: {least}")
            for item in items:
                yield from misfits(item, sequence.item, named)


def _known(form: Form, named: Mapping[str, Form]) -> Word | Keys | Entries | Sequence | Either:
    while isinstance(form, Named):
        form = named[form.name]
    return form


def _choose(
    node: Node, form: Word | Keys | Entries | Sequence | Either, named: Mapping[str, Form]
) -> Word | Keys | Entries | Sequence | None:
    if isinstance(form, Either):
        fits = [found for each in form.forms if (found := _choose(node, _known(each, named), named)) is not None]
        return max(fits, key=lambda found: _likeness(node, found), default=None)
    match form, node:
        case (Word(), Scalar()) | (Keys(), Block()) | (Entries(), Block()) | (Sequence(), Items()):
            return form
    return None


def _likeness(node: Node, form: Form) -> int:
    """How many keys of the block the form knows; the first of equals wins."""
    if isinstance(form, Keys) and isinstance(node, Block):
        names = {key.name for key in form.keys}
        return sum(entry.key.value in names for entry in node)
    return 0


def _word(scalar: Scalar, word: Word) -> Iterator[Finding]:
    text = scalar.value
    if not text.strip() and not (word.may_be_empty and scalar.quoted):
        yield finding("M113", f"{word.name} is empty", _visible(scalar.at), f"wanted is {word.doc}")
    elif word.words and text not in word.words:
        yield finding("M119", f"'{text}' is no {word.name}", scalar.at, suggest(text, word.words))
    elif word.pattern and re.fullmatch(word.pattern, text) is None:
        yield finding("M119", f"'{text}' is no {word.name}", scalar.at, f"wanted is {word.doc}")


def _keys(block: Block, form: Keys, named: Mapping[str, Form]) -> Iterator[Finding]:
    known = {key.name: key for key in form.keys}
    present = {entry.key.value for entry in block}
    for entry in block:
        key = known.get(entry.key.value)
        if key is not None:
            yield from misfits(entry.value, key.form, named)
        elif entry.key.value in form.elsewhere:
            text = f"{form.name} has no '{entry.key.value}'"
            yield finding("M120", text, entry.key.at, form.elsewhere[entry.key.value])
        elif not form.open:
            free = [name for name in known if name not in present]
            text = f"'{entry.key.value}' is no key of {form.name}"
            yield finding("M110", text, entry.key.at, form.instead.get(entry.key.value) or _other_key(entry.key.value, [*known], free))
    for key in form.keys:
        if key.required and key.name not in present:
            yield finding("M111", f"{form.name} has no '{key.name}'", _head(block), f"{key.name}: {key.doc}")
    for group in form.one_of:
        yield from _one_of(block, form, group, present)


def _one_of(block: Block, form: Keys, group: tuple[str, ...], present: set[str]) -> Iterator[Finding]:
    there = [name for name in group if name in present]
    if not there:
        yield finding("M111", f"{form.name} has none of {_list(group)}", _head(block), "one of them must stand")
    for name in there[1:]:
        entry = block.entry(name)
        if entry is not None:
            yield finding("M114", f"'{name}' and '{there[0]}' exclude each other", entry.key.at, "keep one of the two")


def _other_key(name: str, known: list[str], free: list[str]) -> str:
    near = nearest(name, known)
    if near and near not in free:
        return f"did you mean '{near}', which stands here already?"
    return suggest(name, free) if nearest(name, free) or not free else f"the other keys are: {', '.join(free)}"


def _head(block: Block) -> Position:
    return block.entries[0].key.at if block.entries else block.at


def _visible(at: Position) -> Position:
    return Position(at.file, at.line, at.column, max(at.length, 1))


def _what(node: Node) -> str:
    match node:
        case Scalar(value=""):
            return "nothing"
        case Scalar():
            return "text"
        case Items():
            return "a list"
    return "a block of keys"


def _instead(node: Node, form: Form) -> str:
    """How a text is written where a list is wanted."""
    if isinstance(form, Sequence) and isinstance(node, Scalar) and node.value.strip():
        return f"write it as an element, on a line of its own: - {node.value}"
    return ""


def _wanted(form: Form, named: Mapping[str, Form]) -> str:
    match form:
        case Word(doc=doc):
            return doc
        case Keys(keys=keys):
            return f"a block of keys ({_list(tuple(key.name for key in keys))})"
        case Entries(doc=doc):
            return f"a block of keys ({doc.rstrip('.')})"
        case Sequence(doc=doc):
            return f"a list ({doc.rstrip('.')})"
        case Either(forms=forms):
            return ", or ".join(_wanted(_known(each, named), named) for each in forms)
    return ""  # pragma: no cover - Named is resolved before


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in names)
