"""Text that JSON can carry and XML, a log or a database cannot; and documents nested too deep to be meant."""

from __future__ import annotations

import re
from typing import Any

from adapter.errors import Problem

# What XML 1.0 has no way to write: most control characters, lone surrogates, U+FFFE and U+FFFF.
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NAME = re.compile(r"[A-Za-z_@#$][\w@#$:\-]*")
MAX_PROBLEMS = 20


def member_path(path: str, name: str) -> str:
    """``path`` extended by a member; a name that is no name of the path language is quoted and shortened."""
    if not _NAME.fullmatch(name):
        name = "'" + "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in name[:40]) + "'"
    return f"{path}.{name}" if path else name


def text_problems(document: Any, *, max_depth: int = 100) -> list[Problem]:
    """Every text or member name that cannot be written as XML, and the first place nested deeper than ``max_depth``.

    A document that is an object has depth 1. At most MAX_PROBLEMS are named.
    """
    problems: list[Problem] = []
    todo: list[tuple[str, Any, int]] = [("", document, 0)]
    while todo and len(problems) < MAX_PROBLEMS:
        path, value, depth = todo.pop()
        if isinstance(value, str):
            found = UNWRITABLE.search(value)
            if found:
                problems.append(Problem(path, _describe(found)))
        elif isinstance(value, dict | list):
            if depth >= max_depth:
                problems.append(Problem(_shorten(path), f"the document is nested deeper than {max_depth} levels; send it flatter"))
                break
            if isinstance(value, dict):
                children = [(member_path(path, name), child, depth + 1) for name, child in value.items()]
                for name in value:
                    if found := UNWRITABLE.search(name):
                        problems.append(Problem(member_path(path, name), "the member's name: " + _describe(found)))
            else:
                children = [(f"{path}[{index}]", child, depth + 1) for index, child in enumerate(value)]
            todo.extend(reversed(children))
    return problems


def _describe(found: re.Match[str]) -> str:
    code = ord(found.group())
    if 0xD800 <= code <= 0xDFFF:
        what = f"half of a surrogate pair (\\u{code:04x})"
    else:
        what = (
            "the character NUL" if code == 0 else f"the control character U+{code:04X}" if code < 32 else f"the non-character U+{code:04X}"
        )
    return f"character {found.start() + 1} is {what}, which cannot be forwarded; remove it"


def _shorten(path: str, length: int = 120) -> str:
    return path if len(path) <= length else path[: length // 2] + " … " + path[-length // 2 :]
