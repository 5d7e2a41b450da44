"""Masks in XML by local names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

_MASKED = b"***"
_SLASH = ord("/")

_MARKUP = rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)"
_PREFIX = rb"(?:[\w.\-]++:)?+"
_NAMED = rb"(?:[\w.\-]++:)?"
_ATTRIBUTES = rb"""(?:[^>"']|"[^"]*+"?+|'[^']*+'?+)*+"""
_ATTRIBUTE = re.compile(rb"""([^\s=<>"'/]+)(\s*=\s*)("[^"]*+"?|'[^']*+'?)""")
_INSIDE = re.compile(rb"(" + _MARKUP + rb"|<" + _ATTRIBUTES + rb">)|(<.*|[^<]+)", re.DOTALL)
_STRUCTURAL = re.compile(rb"xmlns(?::.*)?|(?:.*:)?(?:type|nil)", re.DOTALL)

Around = tuple[bytes, ...]


class XmlMasks:
    """Masks in XML without parsing it, so that half an answer, or a hostile one, is masked like a whole one.

    Outside of everything declared only the outermost names of the paths are looked for; inside of one, all names. Most of these elements
    hold no other declared one that is not flat: such a one is masked by one expression instead of going through its tags.
    """

    def __init__(self, paths: Collection[tuple[str, ...]]) -> None:
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
        self._short = {name: self._short_way(name, paths) for name in outermost}

    def _short_way(self, outer: bytes, paths: Iterable[tuple[str, ...]]) -> tuple[re.Pattern[bytes], re.Pattern[bytes] | None]:
        """A start tag of this name without attributes, with its text and end tag if all of its text is masked. If not, also what is masked
        inside: the tag and text of a flat element, or one group at most where there is more to it."""
        if () in self._elements.get(outer, ()):
            return re.compile(rb"<(" + _NAMED + re.escape(outer) + rb")>([^<]*+)</\1>"), None
        below = {name.encode() for path in paths if path[0].encode() == outer for name in path[1:] if name[0] != "@"}
        flat = {name for name in below if (outer,) in self._elements.get(name, ())}
        more = rb"|<" + _NAMED + rb"(?:" + _any_of(below - flat) + rb")[\s>]" if below - flat else b""
        inside = rb"<(" + _NAMED + rb"(?:" + _any_of(flat) + rb"))(?:>([^<]*+)</\1>|[\s>])" if flat else rb"(?!)"
        return re.compile(rb"<(" + _NAMED + re.escape(outer) + rb")>"), re.compile(inside + more)

    def mask(self, body: bytes) -> bytes:
        """The same bytes with declared text and attributes masked."""
        parts: list[bytes] = []
        at = _plain_from(body)
        kept = self._mask_plain(body, at, parts) if at >= 0 else self._mask_any(body, parts)
        return b"".join([*parts, body[kept:]]) if parts else body

    def _mask_any(self, body: bytes, parts: list[bytes]) -> int:
        """Adds to ``parts`` what it has masked. Returns up to where that is."""
        kept = 0
        while (token := next((one for one in self._outermost.finditer(body, kept) if one["name"] is not None), None)) is not None:
            parts.append(body[kept : token.start()])
            kept = self._mask_element(body, token.start(), parts)
        return kept

    def _mask_plain(self, body: bytes, at: int, parts: list[bytes]) -> int:
        """The same for a body that is plain from ``at`` on. To look for each name takes half the time of trying an expression on each tag.
        No tag is tried twice."""
        kept = 0
        hits = [(hit, name) for name in self._names if (hit := body.find(name, at)) >= 0]
        while hits:
            hits.sort()
            hit, name = hits[0]
            after = hit + 1
            tag = body.rfind(b"<", at, hit)
            if tag >= 0 and body[tag + 1] != _SLASH:
                end = self._mask_short(body, tag, name, hits[1][0] if len(hits) > 1 else len(body), kept, parts)
                if end < 0 and self._outermost.match(body, tag):
                    parts.append(body[kept:tag])
                    end = self._mask_element(body, tag, parts)
                if end >= 0:
                    kept = after = end
            at = after
            hits = [(found, name) for hit, name in hits if (found := hit if hit >= after else body.find(name, after)) >= 0]
        return kept

    def _mask_short(self, body: bytes, tag: int, name: bytes, other: int, kept: int, parts: list[bytes]) -> int:
        """Adds what was not yet ``kept`` and the element at ``tag`` to ``parts``, masked; returns up to where. -1, and nothing, where more
        than flat elements is declared inside; ``other`` is where the next outermost element may begin."""
        head, inside = self._short[name]
        found = head.match(body, tag)
        if found is None:
            return -1
        if inside is None:
            start, end = found.span(2)
            if found[2].strip():
                parts += body[kept:start], _MASKED
            else:
                parts.append(body[kept:end])
            return end
        start, closing = found.end(), b"</%b>" % found[1]
        end = body.find(name, start) + len(name) + 1 - len(closing)  # where the name stands next it has to be its end
        if not start <= end <= other or not body.startswith(closing, end):
            return -1
        masked: list[bytes] = []
        for each in inside.finditer(body, start, end):
            if each.lastindex != 2:
                return -1
            if each[2].strip():
                masked += body[kept : each.start(2)], _MASKED
                kept = each.end(2)
        parts += masked
        parts.append(body[kept:end])
        return end

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


def _plain_from(body: bytes) -> int:
    """Where the declaration ends, if no comments, CDATA sections or instructions come behind it; else -1. One character is looked for far
    faster than two."""
    start = 0
    if body.startswith(b"<?"):
        start = body.find(b"?>") + 2
        if start == 1:  # it has no end
            return -1
    if (body.find(b"!") >= 0 and body.find(b"<!") >= 0) or (body.find(b"?", start) >= 0 and body.find(b"<?", start) >= 0):
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
        return _MASKED if content.strip() else content

    def put(match: re.Match[bytes]) -> bytes:
        markup, text = match[1], match[2]
        if text is not None:
            return _MASKED if text.strip() else text
        if markup.startswith(b"<!--"):
            return b"<!--***-->"
        if markup.startswith((b"<![CDATA[", b"<?")):
            return _MASKED
        return _mask_attributes(markup, None)

    return _INSIDE.sub(put, content)
