"""The translator: one compiled mapping file, ready to turn documents into documents.

It keeps no state between calls and may be used from several threads at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from adapter.contract.shape import Shape
from adapter.errors import InvalidMessage, MappingFailed, Problem
from adapter.finding import Position
from adapter.frozen import frozen
from adapter.mapping.carried import Carried
from adapter.mapping.compile import COMPILER_VERSION, MissHook, Program, compile_mapping, no_hook
from adapter.mapping.compile.program import FAILURES, Compiled
from adapter.mapping.compile.record import Told
from adapter.mapping.explain import FieldOrigin, origins, unread
from adapter.mapping.model import MappingFile
from adapter.mapping.patch import patched
from adapter.mapping.runtime import ABSENT
from adapter.mapping.scope import Scope
from adapter.mapping.tables import CodeTable
from adapter.mapping.types import Contracts
from adapter.ports import Document, OutcomeKind

_KINDS = {kind.value: kind for kind in OutcomeKind}


@frozen
class Written:
    """A document, and the ``note`` of each branch taken on the way. Parts of it may be shared with what was read."""

    document: Document
    notices: tuple[str, ...] = ()


@frozen
class Verdict:
    """How a readable reply is judged. ``rule`` is None where no rule fits; then it is in doubt what was done.

    ``status`` is the HTTP status that the rule names, None where the kind's own one is right.
    """

    kind: OutcomeKind
    texts: tuple[str, ...] = ()
    message: str = ""
    status: int | None = None
    rule: Position | None = None


class Refusal(NamedTuple):
    """A business reason not to send a request: HTTP status, the code of the error ("" for none), and what the caller is told."""

    status: int
    code: str
    text: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Translator:
    """All that a mapping file says, as functions. Every method may raise MappingFailed, with the rule's place.

    The translator of a call has ``request``, ``missing``, ``refused``, ``reply``, ``subject``, ``outcome`` and ``view``; that of a message
    that the backend sends (``received``) has ``identity``, ``report`` and ``answer``. ``carried`` is what of ``scope.request`` gets to the
    legacy side, ``message`` the contract of what is received.
    """

    mapping: MappingFile
    program: Program
    resource: Shape
    answers: Mapping[str, Shape]
    version: str
    orders: Mapping[str, tuple[str, ...]]
    carried: Carried
    message: Shape | None = None

    def __repr__(self) -> str:
        return f"Translator({self.operation}, version {self.version[:12]})"

    @property
    def operation(self) -> str:
        """``productOrder.create``."""
        return self.mapping.operation.value

    @property
    def legacy(self) -> str:
        """The legacy operation that is called, or the message that is received."""
        return self.mapping.legacy.value

    @property
    def received(self) -> bool:
        """Whether the backend sends the message of its own accord."""
        return self.mapping.received

    @property
    def faces(self) -> tuple[str, ...]:
        """The faces that see something else than the canonical answer."""
        return tuple(self.program.views)

    def request(self, scope: Scope) -> Written:
        """The legacy document. Raises InvalidMessage that names everything ``require`` misses, or the value a rule cannot take."""
        return self._written(self._of("request"), scope)

    def refused(self, scope: Scope) -> list[Refusal]:
        """Every refusal that holds, in the order of the file; nothing may be sent where there is one. Raises InvalidMessage as ``request``
        does, for what is missing comes first."""
        compiled = self.program.refuse
        return [] if compiled is None else [Refusal(*found) for found in self._run(compiled, scope)]

    def missing(self, scope: Scope) -> list[Problem]:
        """What ``require`` wants and a request does not have, also where the request does not fit its contract; raises nothing.

        An entry that cannot be asked, because what it asks about is of another kind than the contract says, counts as met: that
        is named by the contract's check. No other rule runs.
        """
        found: dict[Problem, None] = {}
        for require in self.program.requirements:
            try:
                require(scope)
            except InvalidMessage as error:
                found.update(dict.fromkeys(error.problems))
            except FAILURES:
                continue
        return list(found)

    def reply(self, scope: Scope) -> Written:
        """The canonical answer to an accepted ``scope.reply``; to a change, the part of the resource that it tells."""
        return self._written(self._of("reply"), scope)

    def subject(self, scope: Scope) -> Written | None:
        """What an accepted ``scope.reply`` makes of the document that a task or change is about: the members that change. None where
        the file has nothing to say of it."""
        compiled = self.program.documents.get("subject")
        return None if compiled is None else self._written(compiled, scope)

    def outcome(self, scope: Scope) -> Verdict:
        """How ``scope.reply`` is judged."""
        return self._verdict(self._run(self._of("outcome"), scope))

    def identity(self, scope: Scope) -> str | None:
        """What ``scope.message`` has in common with its repetitions; None where the file, or this message, names nothing of the kind."""
        compiled = self.program.identity
        found = None if compiled is None else self._run(compiled, scope)
        if found is ABSENT or found is None:
            return None
        if not isinstance(found, str):
            raise MappingFailed("the identity of a message is text", str(self.mapping.identity.at if self.mapping.identity else ""))
        return found

    def report(self, scope: Scope) -> Written:
        """What ``scope.message`` says of the resource: the members that it tells of."""
        return self._written(self._of("report"), scope)

    def answer(self, scope: Scope) -> Written:
        """The legacy answer to ``scope.message``, for ``scope.outcome``."""
        return self._written(self._of("answer"), scope)

    def view(self, face: str, scope: Scope, answer: Document) -> Document:
        """The answer as this face shows it, in the order of its contract; the very same where the face has nothing of its own."""
        compiled = self.program.views.get(face)
        shown = answer if compiled is None else self._viewed(face, answer, self._run(compiled, scope, answer))
        order = self.orders.get(face)
        return shown if order is None else {name: shown[name] for name in _arranged(tuple(shown), order)}

    # -- with provenance

    def explain(self, section: str, scope: Scope) -> tuple[Written, list[FieldOrigin]]:
        """The document of a section (request, reply, subject, report, answer), with the origin of each field."""
        told: list[Told] = []
        compiled = self._of(section)
        return self._written(compiled, scope, told), origins(compiled.records, told)

    def explain_view(self, face: str, scope: Scope, answer: Document) -> tuple[Document, list[FieldOrigin]]:
        """``view``, with the origin of each field that it changes."""
        compiled, told = self.program.views[face], list[Told]()
        return self._viewed(face, answer, self._run(compiled, scope, answer, told=told)), origins(compiled.records, told)

    def functions(self) -> Mapping[str, Compiled]:
        """The compiled functions by section: request, reply, …, outcome, refuse, identity, ``view <face>``."""
        return self.program.functions

    def traced(self, section: str, scope: Scope, told: list[Told], answer: Document | None = None) -> Any:
        """Runs one section in the form with provenance, for a result like that of its method; ``told`` is filled as far as it gets, even
        where it fails."""
        compiled = self._of(section)
        if section in self.program.documents:
            return self._written(compiled, scope, told)
        if answer is not None and section.startswith("view "):
            return self._viewed(section.removeprefix("view "), answer, self._run(compiled, scope, answer, told=told))
        found = self._run(compiled, scope, told=told)
        return self._verdict(found) if section == "outcome" else [Refusal(*each) for each in found] if section == "refuse" else found

    def unread(self, scope: Scope) -> list[str]:
        """The canonical paths of ``scope.request`` that no request rule read and no ``drop`` names."""
        return unread(scope.request, self._of("request").records, self.mapping.drop)

    # -- the generated functions, with their failures turned into errors that name the rule

    def _of(self, section: str) -> Compiled:
        compiled = self.program.functions.get(section)
        if compiled is None:
            raise LookupError(f"{self.operation} ({'received' if self.received else 'called'}) has no section '{section}'")
        return compiled

    def _run(self, compiled: Compiled, *arguments: Any, told: list[Told] | None = None) -> Any:
        try:
            return compiled.plain(*arguments) if told is None else compiled.telling(*arguments, told.append)
        except FAILURES as error:
            raise compiled.failed(error) from error

    def _written(self, compiled: Compiled, scope: Scope, told: list[Told] | None = None) -> Written:
        document, notices = self._run(compiled, scope, told=told)
        return Written(document, tuple(notices))

    def _verdict(self, found: tuple[int, Any, Any]) -> Verdict:
        number, texts, message = found
        if number < 0:
            return Verdict(OutcomeKind.IN_DOUBT)
        rule = self.mapping.outcome[number]
        return Verdict(_KINDS[rule.kind.value], _texts(texts, rule.at), next(iter(_texts(message, rule.at)), ""), rule.status, rule.at)

    def _viewed(self, face: str, answer: Document, changes: list[tuple[Any, Any]]) -> Document:
        shape = self.answers.get(face, self.resource)
        for steps, value in changes:
            answer = patched(shape, answer, steps, value)
        return answer


def _texts(found: Any, at: Position) -> tuple[str, ...]:
    """The texts of an outcome rule: a list, one text, or none where they are absent or null."""
    if found is ABSENT or found is None:
        return ()
    texts = found if isinstance(found, list | tuple) else (found,)
    if not all(isinstance(text, str) for text in texts):
        raise MappingFailed("the texts of an outcome are text", str(at))
    return tuple(texts)


def make_translator(
    mapping: MappingFile, tables: Mapping[str, CodeTable], contracts: Contracts, on_miss: MissHook = no_hook, *, proved: bool = False
) -> Translator:
    """Compiles a checked mapping file. ``on_miss(table, direction, value)`` is called for each value without a row. ``proved``: the
    same file is known to compile, so each of its functions is compiled when it is first used.

    Raises CheckFailed for what the checker would have found.
    """
    program = compile_mapping(mapping, tables, contracts, on_miss)
    if not proved:
        program.complete()
    version = version_of(mapping, tables)
    message = contracts.legacy.input if contracts.received else None
    return Translator(mapping, program, contracts.resource, contracts.answers, version, _orders(contracts), Carried.by(mapping), message)


def _orders(contracts: Contracts) -> dict[str, tuple[str, ...]]:
    """The members of an answer by face, for faces that show them in another order than the canonical one."""
    known = list(contracts.resource.members)
    shown = {face: tuple(shape.members) for face, shape in contracts.answers.items()}
    return {face: names for face, names in shown.items() if [name for name in names if name in known] != known}


@lru_cache(maxsize=256)
def _arranged(names: tuple[str, ...], order: tuple[str, ...]) -> tuple[str, ...]:
    """The names in this order, those that it does not have at the end."""
    return (*(name for name in order if name in names), *(name for name in names if name not in order))


def version_of(mapping: MappingFile, tables: Mapping[str, CodeTable]) -> str:
    """SHA-256, in hex, over the files, the code tables and the compiler: the same version gives the same documents."""
    digest = hashlib.sha256(COMPILER_VERSION.encode())
    for name, text in mapping.files.items():
        digest.update(f"\0file {name}\0".encode())
        digest.update(text.encode())
    for name in sorted(tables):
        table = tables[name]
        digest.update(f"\0table {name} {table.request} {table.reply}\0".encode())
        for row in table.rows:
            codes = "\1".join(code.value for code in row.legacy)
            digest.update(f"{row.canonical.value}\0{codes}\0".encode())
    return digest.hexdigest()
