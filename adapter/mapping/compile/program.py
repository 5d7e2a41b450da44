"""From generated text to callable functions, and from a failed line back to its rule."""

from __future__ import annotations

import linecache
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from types import TracebackType
from typing import Any, Final

from adapter.errors import AdapterError, InvalidMessage, MappingFailed, Problem, UnknownCode
from adapter.mapping import runtime
from adapter.mapping.compile.assemble import Unit
from adapter.mapping.compile.blame import blamed
from adapter.mapping.compile.code import Mark, Source, finish
from adapter.mapping.compile.functions import (
    Maker,
    document_function,
    identity_function,
    in_order,
    outcome_function,
    refuse_function,
    require_function,
    view_function,
)
from adapter.mapping.compile.lookup import MissHook, no_hook
from adapter.mapping.compile.reader import Names
from adapter.mapping.compile.record import RuleRecord, fill
from adapter.mapping.model import MappingFile
from adapter.mapping.runtime import ABSENT
from adapter.mapping.sections import SUBJECT, sections_of
from adapter.mapping.tables import CodeTable
from adapter.mapping.types import Contracts

COMPILER_VERSION: Final = "2"  # part of a mapping's version: change it when the same file would give other documents

# everything a rule can raise on a document that does not fit; anything else is a mistake of the compiler itself
FAILURES: Final = (runtime.RuleFailed, TypeError, ValueError, ArithmeticError, AttributeError, LookupError, RecursionError)
_GLOBALS: Final[dict[str, Any]] = {
    "A": ABSENT,
    "Decimal": Decimal,
    "FAILURES": FAILURES,
    "InvalidMessage": InvalidMessage,
    **{
        name: getattr(runtime, name)
        for name in [
            "member",
            "holder",
            "elements",
            "pick",
            "pick_fold",
            "index_by",
            "index_by_fold",
            "reach",
            "truth",
            "contains",
            "compare",
            "number",
            "whole",
            "concat",
            "listed",
            "unwritten",
        ]
    },
}


@dataclass(frozen=True, eq=False, repr=False)
class Compiled:
    """One function in both forms. ``plain(…)`` and ``telling(…, tell)`` give the same; ``records`` are numbered as ``tell`` counts.
    ``of_caller``: a value that a rule cannot take may be the caller's mistake.

    Each form is made when it is first asked for: a service uses few of its functions, that with provenance only to explain, and starts
    the sooner.
    """

    of_caller: bool
    make: Callable[[bool], tuple[Callable[..., Any], str, Source, Unit]]  # telling → function, file name of its text, text, unit
    sources: dict[str, Source] = field(default_factory=dict)  # file name of a generated text → text

    @cached_property
    def plain(self) -> Callable[..., Any]:
        """The form that serves. Raises CheckFailed, when it is first asked for, for what the checker would have found."""
        plain, name, self.sources[name], _ = self.make(False)
        return plain

    @cached_property
    def _explained(self) -> tuple[Callable[..., Any], tuple[RuleRecord, ...]]:
        telling, name, self.sources[name], unit = self.make(True)
        return telling, tuple(unit.records)

    @property
    def telling(self) -> Callable[..., Any]:
        """The form with provenance."""
        return self._explained[0]

    @property
    def records(self) -> tuple[RuleRecord, ...]:
        """The rules that the form with provenance tells of."""
        return self._explained[1]

    def failed(self, error: BaseException) -> AdapterError:
        """What one of FAILURES raised in this function means: InvalidMessage where a rule cannot take what the caller sent, with the
        caller's path; else MappingFailed (UnknownCode) with the rule, its target and the element's index."""
        mark, variables = self._place(error.__traceback__)
        if mark is None:
            return MappingFailed(_words(error))
        source = blamed(mark, error, variables) if self.of_caller else ""
        if source:  # the value is the caller's, and so is the remedy
            return InvalidMessage("", [Problem(source, _words(error), str(mark.at))])
        indices = [len(variables[name]) for name in mark.lists if isinstance(variables.get(name), list)]
        place = str(mark.at), fill(mark.target, indices)
        if isinstance(error, runtime.CodeRefused):
            return UnknownCode(_words(error), *place, value=str(error.value), table=error.table)
        return MappingFailed(_words(error), *place)

    def _place(self, trace: TracebackType | None) -> tuple[Mark | None, Mapping[str, Any]]:
        while trace is not None:
            source = self.sources.get(trace.tb_frame.f_code.co_filename)
            if source is not None:
                before = [mark for mark in source.marks[: trace.tb_lineno] if mark is not None]
                return (source.marks[trace.tb_lineno - 1] or (before[-1] if before else None)), trace.tb_frame.f_locals
            trace = trace.tb_next
        return None, {}


@dataclass(frozen=True, eq=False, repr=False)
class Program:
    """All functions of one mapping file. ``documents`` are by section; ``refuse`` and ``identity`` are None where the file says nothing of
    it, and ``outcome`` is None in the file of a received message."""

    documents: Mapping[str, Compiled]
    outcome: Compiled | None
    refuse: Compiled | None
    identity: Compiled | None
    views: Mapping[str, Compiled]
    require: Callable[[], tuple[Callable[..., None], ...]]

    @cached_property
    def requirements(self) -> tuple[Callable[..., None], ...]:
        """One function for each entry of ``require``, in the order in which they are named. Made when a request was refused first."""
        return self.require()

    def complete(self) -> None:
        """Makes the form that serves of every function. Raises CheckFailed for what the checker would have found."""
        for compiled in self.functions.values():
            compiled.plain  # noqa: B018 - made when asked for

    @cached_property
    def functions(self) -> Mapping[str, Compiled]:
        """Every function by its section: those of ``documents``, ``outcome``, ``refuse``, ``identity``, ``view <face>``."""
        judging = {"refuse": self.refuse, "outcome": self.outcome, "identity": self.identity}
        views = {f"view {face}": compiled for face, compiled in self.views.items()}
        return {**self.documents, **{name: compiled for name, compiled in judging.items() if compiled is not None}, **views}


def compile_mapping(mapping: MappingFile, tables: Mapping[str, CodeTable], contracts: Contracts, on_miss: MissHook = no_hook) -> Program:
    """The sections, the outcome and the views, each compiled when it is first used, or all of them by ``complete``.

    Raises CheckFailed for what the checker would have found; a file that passed the check compiles.
    """
    name = mapping_name(mapping)

    def made(function: str, maker: Maker, *, of_caller: bool = False) -> Compiled:
        return _compiled(f"{name} {function}", maker, tables, on_miss, of_caller)

    def required() -> tuple[Callable[..., None], ...]:
        entries = in_order(mapping.require, contracts.resource)
        return tuple(
            made(f"require {number}", require_function(entry, contracts), of_caller=True).plain for number, entry in enumerate(entries)
        )

    sections = [each for each in sections_of(mapping.received) if each is not SUBJECT or mapping.rules[each.name]]
    return Program(
        {each.name: made(each.name, document_function(each, mapping, contracts), of_caller=each.of_caller) for each in sections},
        None if mapping.received else made("outcome", outcome_function(mapping)),
        made("refuse", refuse_function(mapping, contracts), of_caller=True) if mapping.refuse else None,
        None if mapping.identity is None else made("identity", identity_function(mapping.identity)),
        {view.face.value: made(f"view {view.face.value}", view_function(view, contracts)) for view in mapping.view},
        required,
    )


def mapping_name(mapping: MappingFile) -> str:
    """``pr/productOrder.create`` for mappings/pr/productOrder.create.yaml."""
    file = list(mapping.files)[-1] if mapping.files else mapping.operation.at.file
    return "/".join(file.replace("\\", "/").split("/")[-2:]).removesuffix(".yaml")


def _compiled(title: str, maker: Maker, tables: Mapping[str, CodeTable], on_miss: MissHook, of_caller: bool) -> Compiled:
    def make(telling: bool) -> tuple[Callable[..., Any], str, Source, Unit]:
        file = f"<mapping {title} explained>" if telling else f"<mapping {title}>"
        function, text, unit = _generate(file, maker, tables, on_miss, telling=telling)
        return function, file, text, unit

    return Compiled(of_caller, make)


def _generate(
    file: str, maker: Maker, tables: Mapping[str, CodeTable], on_miss: MissHook, *, telling: bool
) -> tuple[Callable[..., Any], Source, Unit]:
    counted = maker(Unit(Names(), tables, on_miss, telling)).assembler.reader.counted  # the first run only counts
    unit = Unit(Names(), tables, on_miss, telling, uses=Counter(counted))
    made = maker(unit)
    source = finish([*unit.helpers, (made.head, made.body)])
    scope = {**_GLOBALS, **unit.names.values}
    exec(compile(source.text, file, "exec"), scope)  # noqa: S102 - the text is generated from checked rules, payloads are no part of it
    linecache.cache[file] = (len(source.text), None, source.text.splitlines(keepends=True), file)
    function: Callable[..., Any] = scope[made.head.split("(")[0].removeprefix("def ")]
    return function, source, unit


def _words(error: BaseException) -> str:
    if isinstance(error, runtime.RuleFailed):
        return str(error)
    if isinstance(error, ZeroDivisionError):
        return "the divisor is 0"
    return "the rule does not fit this document: a value is of another kind than its contract says"
