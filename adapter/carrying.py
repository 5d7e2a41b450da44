"""Whether a change gets to its backend. What does not is refused before anything is sent: an answer 200 would tell of it as done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from adapter.backend import Backend
from adapter.errors import AdapterError, NotCarried, Problem
from adapter.mapping.carried import Carried
from adapter.mapping.scope import Scope
from adapter.mapping.translator import Translator
from adapter.patching import differences
from adapter.ports import Document, Message
from adapter.recorded import kind_of, scope_about
from adapter.store import OrderRow


def refuse_lost(backend: Backend, message: Message, subject: OrderRow, shown: Document) -> None:
    """``message.body``: the members that are to get another value than they have in ``shown``, each whole.

    Raises NotCarried, which names all that is not carried and what can be changed instead: a place that no rule reads, a member that is to
    go though the rules write the same without it, and a change of which the rules write nothing.
    """
    translator = backend.translators[message.operation]
    problems = list(_unread(translator.carried, shown, message.body))
    if not problems:
        problems = list(_unwritten(translator, scope_about(backend, message, subject.client_reference, subject)))
    if problems:
        life = backend.market.life(kind_of(subject))
        fixed = life.patch_rules.patch.never | life.patch_rules.patch.owned | {life.member}
        free = ", ".join(name for name in translator.carried.members if name not in fixed) or "nothing"
        title = backend.market.title
        raise NotCarried(f"Nothing was changed: not all of this change can be told to {title}. A change can hold: {free}", problems)


def _unread(carried: Carried, shown: Document, changes: Document) -> Iterator[Problem]:
    for place in differences(shown, changes):
        if not carried.reads(place.way):
            of_it = ", ".join(carried.within(place.way[0]))
            yield Problem(place.path, f"cannot be changed; of {place.way[0]}, these can: {of_it}" if of_it else "cannot be changed")


def _unwritten(translator: Translator, scope: Scope) -> Iterator[Problem]:
    changes: Document = scope.request
    written = _written(translator, scope, changes)
    if written is None:  # what the rules cannot take is said where they are carried out
        return
    for name in [name for name, value in changes.items() if _empty(value)]:
        if written == _written(translator, scope, {other: value for other, value in changes.items() if other != name}):
            yield Problem(name, "cannot be taken away; send another value")
    if written == _written(translator, scope, {}):
        yield from (Problem(name, "cannot be changed to this value") for name, value in changes.items() if not _empty(value))


def _empty(value: Any) -> bool:
    return value is None or value in ([], {})


def _written(translator: Translator, scope: Scope, changes: Document) -> Document | None:
    """What the rules write of a change; None where they cannot take it."""
    try:
        return translator.request(replace(scope, request=changes)).document
    except AdapterError:
        return None
