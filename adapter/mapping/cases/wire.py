"""A message as it comes over the wire: the text of a body, or of a whole HTTP request with the line that says method and path."""

from __future__ import annotations

import re

from adapter.ports import InboundRequest

_LINE = re.compile(r"([A-Z]+) (/\S*)(?: HTTP/[\d.]+)?[ \t]*(?:\r?\n|$)")
_HEADER = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*(.*)")
_INBOUND = re.compile(r"/inbound/[^/?]+")
_BODIES = ("<", "{", "[")


def is_wire(text: str) -> bool:
    """Whether a text is a message itself, and not the name of a file that holds one."""
    return text.lstrip().startswith(_BODIES) or _LINE.match(text.lstrip()) is not None


def request_of(text: str) -> InboundRequest:
    """``POST /events/Changed?at=1 HTTP/1.1``, headers, an empty line, the body; or a body alone, which is POSTed to the market itself.
    A path may be the whole one, with ``/inbound/<market>`` before it. Without a content-type it is what the body looks like."""
    method, target, headers, body = "POST", "/", {}, text
    line = _LINE.match(text.lstrip())
    if line is not None:
        method, target = line.group(1), line.group(2)
        head, _, body = text.lstrip()[line.end() :].replace("\r\n", "\n").partition("\n\n")
        found = [_HEADER.fullmatch(each) for each in head.split("\n")]
        headers = {one.group(1).lower(): one.group(2).strip() for one in found if one is not None}
        if not all(found):  # no headers: the body follows at once, or nothing does
            headers, body = {}, text.lstrip()[line.end() :]
    body = body.strip()
    if body:
        headers.setdefault("content-type", "text/xml" if body.startswith("<") else "application/json")
    path, _, query = target.partition("?")
    return InboundRequest(method, _INBOUND.sub("", path, count=1).strip("/"), query, headers, body.encode())
