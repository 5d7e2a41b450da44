"""Tests: ``value is name`` or ``value is name('argument')``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from adapter.contract.shape import Kind
from adapter.mapping.functions.registry import ANY_KIND, Function, Parameter
from adapter.mapping.functions.texts import as_text
from adapter.mapping.runtime import ABSENT


def present(value: Any) -> bool:
    """The value is there. Null is there, too."""
    return value is not ABSENT


def absent(value: Any) -> bool:
    """The value is not there."""
    return value is ABSENT


def null(value: Any) -> bool:
    """The value is there, and is null."""
    return value is None


def matching(value: Any, pattern: str) -> bool:
    """The whole text matches the regular expression `pattern`."""
    return re.fullmatch(pattern, as_text(value)) is not None


def _matching(pattern: str) -> Callable[[Any], bool]:
    try:
        fits = re.compile(pattern).fullmatch
    except re.error as error:
        raise ValueError(f"'{pattern}' is no regular expression: {error}") from error
    return lambda value: fits(as_text(value)) is not None


def starting(value: Any, prefix: str) -> bool:
    """The text starts with `prefix`."""
    return as_text(value).startswith(as_text(prefix))


def ending(value: Any, suffix: str) -> bool:
    """The text ends with `suffix`."""
    return as_text(value).endswith(as_text(suffix))


QUESTIONS = (
    Function("present", present, kinds=ANY_KIND, many=None, gives=Kind.BOOLEAN, absent=True),
    Function("absent", absent, kinds=ANY_KIND, many=None, gives=Kind.BOOLEAN, absent=True),
    Function("null", null, kinds=ANY_KIND, many=None, gives=Kind.BOOLEAN, absent=True),
    Function("matching", matching, parameters=(Parameter("pattern"),), gives=Kind.BOOLEAN, bind=_matching),
    Function("starting", starting, parameters=(Parameter("prefix", constant=False),), gives=Kind.BOOLEAN),
    Function("ending", ending, parameters=(Parameter("suffix", constant=False),), gives=Kind.BOOLEAN),
)
