"""Takes secrets and declared personal data out of messages before they are recorded or logged.

A declared path (``adapter.contract.path``) names what to mask: in a JSON document from its root, ``note[@type=PinCode].text``; in XML by
local names, one element inside the other at any depth, ``order.customer.pin`` or ``order.@pin`` for an attribute;
``header.X-Account-Pin`` for an HTTP header. A list is walked whether or not the path says ``[]``. Picks (``[key=value]``) hold in JSON;
in XML every element of that name is masked. Credentials are masked without being declared.

Values become ``***``, whatever is around them stays. Text that cannot be parsed is masked by the last name of each path, so
rather too much than too little. Nothing here raises for a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import is_
from typing import Any

import orjson

from adapter.contract.json_bytes import write_json
from adapter.contract.path import PathError, Pick, Step, parse_path
from adapter.errors import ConfigError

MASK = "***"
_MASKED = MASK.encode()
_SLASH = ord("/")
DEPTH = 200
"""What is nested deeper is masked as a whole."""

_SECRETS = r"client[_-]?secret|password|passwd|(?:access|refresh|id)[_-]?token|authorization|api[_-]?key"
_SECRET = re.compile(_SECRETS, re.IGNORECASE)
_SECRET_HEADER = re.compile(r"authorization|cookie|secret|password|token|api-?key", re.IGNORECASE)
_SECRET_ELEMENTS = (("Password",), ("BinarySecurityToken",))

_MARKUP = rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)"
_PREFIX = rb"(?:[\w.\-]++:)?+"
_ATTRIBUTES = rb"""(?:[^>"']|"[^"]*+"?+|'[^']*+'?+)*+"""
_ATTRIBUTE = re.compile(rb"""([^\s=<>"'/]+)(\s*=\s*)("[^"]*+"?|'[^']*+'?)""")
_INSIDE = re.compile(rb"(" + _MARKUP + rb"|<" + _ATTRIBUTES + rb">)|(<.*|[^<]+)", re.DOTALL)
_STRUCTURAL = re.compile(rb"xmlns(?::.*)?|(?:.*:)?(?:type|nil)", re.DOTALL)

Steps = tuple[Step, ...]
Around = tuple[bytes, ...]


class Redaction:
    """The masks of one market. Raises ConfigError for a path that does not parse."""

    def __init__(self, paths: Iterable[str] = ()) -> None:
        headers: set[str] = set()
        documents: list[Steps] = []
        for path in paths:
            try:
                steps = parse_path(path).steps
            except PathError as error:
                raise ConfigError(f"redact: {path!r} is no path: {error}") from error
            if steps[0].name == "header" and len(steps) == 2:
                headers.add(steps[1].name.lower())
            else:
                documents.append(steps)
        self._headers = frozenset(headers)
        self._rules = _rules_of(documents)
        names = {steps[-1].name for steps in documents}
        self._members = tuple(f'"{name}"'.encode() for name in names)
        self._text = _text_pattern(names)
        self._xml = _Xml([*_SECRET_ELEMENTS, *(tuple(step.name for step in steps) for steps in documents)])

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """HTTP headers with credentials and declared names masked."""
        return {name: MASK if name.lower() in self._headers or _SECRET_HEADER.search(name) else value for name, value in headers.items()}

    def document(self, document: Any) -> Any:
        """A parsed document, masked; the same object where there is nothing to mask. The argument is not changed."""
        return self._masked(document, secrets=True)

    def _masked(self, document: Any, *, secrets: bool) -> Any:
        return _enter(document, [self._rules] if self._rules.members else [], 0, secrets)

    def body(self, body: bytes) -> bytes:
        """A message body as it travelled, masked by what it is: XML, JSON, or any other text."""
        if b"\0<" in body[:8] or b"<\0" in body[:8]:
            return self._utf_16(body)
        start = body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        if start == b"<":
            return self._xml.mask(body)
        if start in (b"{", b"["):
            return self.json(body)
        return self._any(body)

    def _utf_16(self, body: bytes) -> bytes:
        order = "utf-16-be" if b"\0<" in body[:4] and not body.startswith(b"\xff\xfe") else "utf-16-le"
        text = body.decode(order, "replace")
        masked = self._xml.mask(text.encode("utf-8", "surrogatepass"))
        return masked.decode("utf-8", "replace").encode(order, "replace")

    def json(self, body: bytes, document: Any = None) -> bytes:
        """A JSON body, masked; the same bytes where there is nothing to mask. ``document`` where it has been parsed already."""
        # An escape could hide a name. One character is looked for far faster than two, and most bodies hold none.
        secrets = (b"\\" in body and b"\\u" in body) or _named_like_secrets(body.lower())
        if not secrets and not any(name in body for name in self._members):
            return body
        try:
            document = orjson.loads(body) if document is None else document
        except orjson.JSONDecodeError:
            return self._any(body)
        masked = self._masked(document, secrets=secrets)
        return body if masked is document else write_json(masked)

    def _any(self, body: bytes) -> bytes:
        return self._text.sub(rb"\g<name>" + MASK.encode(), body)


def _named_like_secrets(small: bytes) -> bool:
    """Whether a text in lower case may hold one of the names of ``_SECRETS``. One expression: every body comes through here."""
    return (
        b"secret" in small
        or b"passw" in small
        or b"token" in small
        or b"authorization" in small
        or (b"api" in small and (b"apikey" in small or b"api_key" in small or b"api-key" in small))
    )


def _text_pattern(names: Iterable[str]) -> re.Pattern[bytes]:
    """``name: value``, ``name=value`` and ``"name": "value"``; where the value is an object or a list, all that follows."""
    words = "|".join([_SECRETS, *map(re.escape, names)])
    value = r""""(?:[^"\\]|\\.)*+"?|'(?:[^'\\]|\\.)*+'?|[{\[].*|[^\s,;&}\]]+"""
    pattern = rf"""(?P<name>(?<![\w@])(?:{words})["']?\s*+[:=]\s*+)(?:{value})"""
    return re.compile(pattern.encode(), re.IGNORECASE | re.DOTALL)


@dataclass(slots=True)
class _Rule:
    """What to mask in a value that ``pick`` holds for: the rules of its members by name, or, without any, the whole value."""

    pick: Pick | None = None
    members: dict[str, list[_Rule]] = field(default_factory=dict)


def _rules_of(paths: Iterable[Steps]) -> _Rule:
    """Paths as one tree, so that a document is entered along them and nowhere else."""
    root = _Rule()
    for steps in paths:
        rule = root
        for step in steps:
            below = _Rule(step.pick)
            rule.members.setdefault(step.name, []).append(below)
            rule = below
    return root


def _enter(value: Any, rules: list[_Rule], depth: int, secrets: bool) -> Any:
    """A value masked by the rules that reach it. ``secrets``: members named like credentials are looked for everywhere."""
    if depth > DEPTH:
        return MASK
    if isinstance(value, list):
        items = [_enter(item, rules, depth + 1, secrets) for item in value]
        return value if all(map(is_, items, value)) else items
    members: Mapping[str, list[_Rule]] = {}
    for rule in rules:
        if rule.pick is None or _picked(rule.pick, value):
            if not rule.members:
                return _mask(value, depth)
            members = rule.members if not members else _joined(members, rule.members)
    if not isinstance(value, dict):
        return value
    changed = {}
    for name in value if secrets else members:
        member = value.get(name)
        if secrets and _SECRET.fullmatch(str(name)):
            new = _mask(member, depth + 1)
        elif secrets or member is not None:
            new = _enter(member, members.get(name, []), depth + 1, secrets)
        else:
            continue
        if new is not member:
            changed[name] = new
    return {**value, **changed} if changed else value


def _joined(one: Mapping[str, list[_Rule]], other: Mapping[str, list[_Rule]]) -> dict[str, list[_Rule]]:
    return {name: [*one.get(name, ()), *other.get(name, ())] for name in {**one, **other}}


def _picked(pick: Pick, value: Any) -> bool:
    found = str(value.get(pick.key)) if isinstance(value, dict) else ""
    return found.casefold() == pick.value.casefold() if pick.fold else found == pick.value


def _mask(value: Any, depth: int) -> Any:
    """The same structure with every value masked. Null says nothing and stays."""
    if value is None:
        return None
    if isinstance(value, dict) and depth <= DEPTH:
        return {name: _mask(member, depth + 1) for name, member in value.items()}
    if isinstance(value, list) and depth <= DEPTH:
        return [_mask(item, depth + 1) for item in value]
    return MASK


class _Xml:
    """Masks in XML without parsing it, so that half an answer, or a hostile one, is masked like a whole one.

    Outside of everything declared only the outermost names of the paths are looked for; inside of one, all names. Most of these elements
    are flat: such a one is masked by one expression, which takes half the time of going through its tags.
    """

    def __init__(self, paths: Iterable[tuple[str, ...]]) -> None:
        outermost: set[bytes] = set()
        names: set[bytes] = set()
        self._elements: dict[bytes, list[Around]] = {}
        self._attributes: dict[bytes, list[tuple[Around, bytes]]] = {}
        for path in paths:
            *around, last = (name.encode() for name in path)
            if not last.startswith(b"@"):
                self._elements.setdefault(last, []).append(tuple(around))
                around.append(last)
            elif around:
                self._attributes.setdefault(around[-1], []).append((tuple(around[:-1]), last[1:]))
            outermost.update(around[:1])
            names.update(around)
        self._names = tuple(sorted(outermost))
        self._outermost = re.compile(_MARKUP + rb"|<" + _tag(outermost), re.DOTALL)
        self._token = re.compile(_MARKUP + rb"|<(?P<end>/?)" + _tag(names), re.DOTALL)
        self._flat = re.compile(_flat(outermost))
        self._inside_flat = {name: self._inside(name) for name in outermost}

    def _inside(self, outer: bytes) -> re.Pattern[bytes] | None:
        """What is masked in a flat element of this name: a start tag and the text behind it. None where that is nothing."""
        names = [name for name, places in self._elements.items() if () in places or (outer,) in places]
        return re.compile(rb"<" + _PREFIX + rb"(?:" + _any_of(names) + rb")>(\s*+[^<\s][^<]*+)") if names else None

    def mask(self, body: bytes) -> bytes:
        """The same bytes with declared text and attributes masked."""
        parts: list[bytes] = []
        kept = 0
        plain = _plain_from(body)
        starts = self._starts(body, plain) if plain >= 0 else None
        while (start := self._next(body, kept) if starts is None else next((one for one in starts if one >= kept), -1)) >= 0:
            parts.append(body[kept:start])
            flat = self._flat.match(body, start)
            if flat is None:
                kept = self._mask_element(body, start, parts)
            else:
                self._mask_flat(flat, parts)
                kept = flat.end()
        return b"".join([*parts, body[kept:]]) if parts else body

    def _next(self, body: bytes, at: int) -> int:
        """Where the next element begins that may hold something to mask; -1 where there is none."""
        return next((token.start() for token in self._outermost.finditer(body, at) if token["name"] is not None), -1)

    def _starts(self, body: bytes, at: int) -> Iterator[int]:
        """All that ``_next`` could find in a body that is plain from ``at`` on. To look for each name takes half the time of trying an
        expression on each tag. No byte is looked at more often the more names there are."""
        hits: list[int] = []
        for name in self._names:
            hit = body.find(name, at)
            while hit >= 0:
                hits.append(hit)
                hit = body.find(name, hit + 1)
        hits.sort()
        tag = named = -1  # the last "<" before the hit, and where the name stands if it begins one of these elements
        for hit in hits:
            last = body.rfind(b"<", at, hit)
            at = hit
            if last >= 0:
                tag = last
                token = self._outermost.match(body, tag) if body[tag + 1] != _SLASH else None
                named = token.start("name") if token is not None else -1
            if hit == named:
                yield tag

    def _mask_flat(self, flat: re.Match[bytes], parts: list[bytes]) -> None:
        """Adds the element to ``parts``, masked."""
        tag, name, text = flat.group("tag", "name", "text")
        if () in self._elements.get(name, ()):
            parts.append(_mask_inside(flat[0]) if text is None else b"<%b>%b</%b>" % (tag, _MASKED, tag) if text.strip() else flat[0])
            return
        body, kept, inside = flat.string, flat.start(), self._inside_flat[name]
        if text is None and inside is not None:
            for found in inside.finditer(body, flat.end("tag"), flat.end()):
                start, end = found.span(1)
                parts += body[kept:start], _MASKED
                kept = end
        parts.append(body[kept : flat.end()])

    def _mask_element(self, body: bytes, start: int, parts: list[bytes]) -> int:
        """Adds the element that begins at ``start`` to ``parts``, masked. Returns its end."""
        kept = start
        open_names: list[bytes] = []
        masked_from = -1  # how many names were open when masking began
        for token in self._token.finditer(body, start):
            name = token["name"]
            if name is None:
                continue
            if token["end"]:
                if name in open_names:
                    while open_names.pop() != name:
                        pass
                if 0 <= masked_from >= len(open_names):
                    parts.append(_mask_inside(body[kept : token.start()]))
                    kept, masked_from = token.start(), -1
            else:
                empty = token["rest"].endswith(b"/")
                if masked_from < 0:
                    whole = name in self._elements and any(_within(around, open_names) for around in self._elements[name])
                    if b"=" in token["rest"]:
                        parts += body[kept : token.start()], self._mask_tag(token, open_names, whole=whole)
                        kept = token.end()
                    elif whole:
                        parts.append(body[kept : token.end()])
                        kept = token.end()
                    masked_from = len(open_names) if whole and not empty else -1
                if not empty:
                    open_names.append(name)
            if not open_names:
                parts.append(body[kept : token.end()])
                return token.end()
        rest = body[kept:]
        parts.append(_mask_inside(rest) if masked_from >= 0 else rest)
        return len(body)

    def _mask_tag(self, token: re.Match[bytes], open_names: list[bytes], *, whole: bool) -> bytes:
        if whole:
            return _mask_attributes(token[0], None)
        names = {attribute for around, attribute in self._attributes.get(token["name"], ()) if _within(around, open_names)}
        return _mask_attributes(token[0], names) if names else token[0]


def _any_of(names: Iterable[bytes]) -> bytes:
    return b"|".join(re.escape(name) for name in sorted(names))


def _tag(names: Iterable[bytes]) -> bytes:
    """The rest of a tag of one of these local names, behind its ``<``."""
    return _PREFIX + rb"(?P<name>" + _any_of(names) + rb")(?P<rest>(?:\s" + _ATTRIBUTES + rb"|/)?)(?P<close>>|\Z)"


def _flat(names: Iterable[bytes]) -> bytes:
    """A whole element of one of these local names that has no attributes and holds text, or nothing but elements that have none and hold
    text."""
    child = rb"<(?P<child>" + _PREFIX + rb"[\w.\-]++)>[^<]*+</(?P=child)>\s*+"
    tag = rb"<(?P<tag>" + _PREFIX + rb"(?P<name>" + _any_of(names) + rb"))>"
    return tag + rb"(?:(?P<text>[^<]*+)|\s*+(?:" + child + rb")++)</(?P=tag)>"


def _plain_from(body: bytes) -> int:
    """Where the declaration ends, if no comments, CDATA sections or instructions come behind it; else -1. One character is looked for far
    faster than two."""
    start = 0
    if body.startswith(b"<?"):
        start = body.find(b"?>") + 2
        if start == 1:  # it has no end
            return -1
    if (b"!" in body and b"<!" in body) or (body.find(b"?", start) >= 0 and body.find(b"<?", start) >= 0):
        return -1
    return start


def _within(around: Around, open_names: list[bytes]) -> bool:
    """Whether the elements around are open in their order."""
    outer = iter(open_names)
    return all(name in outer for name in around)


def _mask_attributes(tag: bytes, names: set[bytes] | None) -> bytes:
    """The values of these attributes, by local name; None: all but those that say how to read the element."""

    def put(match: re.Match[bytes]) -> bytes:
        name = match[1]
        chosen = name.rpartition(b":")[2] in names if names is not None else not _STRUCTURAL.fullmatch(name)
        return match[1] + match[2] + b'"***"' if chosen else match[0]

    return _ATTRIBUTE.sub(put, tag)


def _mask_inside(content: bytes) -> bytes:
    """All text of a stretch of XML; its tags stay."""
    if b"<" not in content:
        return MASK.encode() if content.strip() else content

    def put(match: re.Match[bytes]) -> bytes:
        markup, text = match[1], match[2]
        if text is not None:
            return MASK.encode() if text.strip() else text
        if markup.startswith(b"<!--"):
            return b"<!--***-->"
        if markup.startswith((b"<![CDATA[", b"<?")):
            return MASK.encode()
        return _mask_attributes(markup, None)

    return _INSIDE.sub(put, content)
