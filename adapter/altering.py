"""A request about something on record, made ready: whether it can be done to its subject as that is now, and what exactly is to be done."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from adapter.aims import Aim, aim_of
from adapter.backend import Backend
from adapter.carrying import refuse_lost
from adapter.conclusion import Renderer
from adapter.contract.json_bytes import write_json
from adapter.deferral import was_answered
from adapter.errors import Conflict, InvalidMessage, MappingFailed, NotFound, Problem, TooLarge
from adapter.mapping.refusal import refusal
from adapter.patching import applied, changes_of
from adapter.ports import Document, Message, OutcomeKind, Reply
from adapter.recorded import document_of, kind_of, scope_about
from adapter.showing import shown
from adapter.store import OrderRow

_SOON = {"Retry-After": "1"}
_LATER = {"Retry-After": "5"}


def planned(backend: Backend, message: Message, subject: OrderRow, render: Renderer) -> Message | Reply:
    """The message as its rules see it: a change holds the members that get another value, each whole. Where nothing is to be changed, the
    answer.

    Raises NotFound, InvalidMessage for what no client may ask for, Conflict for what the subject's state does not allow, TooLarge for what
    makes the resource larger than its caller may send one, NotCarried for what would not get to the backend.
    """
    _refuse_unsettled(subject)
    match aim_of(message.operation):
        case Aim.UPDATE:
            return _change(backend, message, subject, render)
        case Aim.TASK:
            _refuse_ended(backend, message, subject)
    return message


def _change(backend: Backend, message: Message, subject: OrderRow, render: Renderer) -> Message | Reply:
    if _is_command(message):
        return message
    result = shown(backend, message, subject)
    reply = render(message, result)
    if result.outcome.kind is not OutcomeKind.ACCEPTED:
        return reply
    shows = reply.document or {}
    changes = changes_of(shows, message)
    if not changes:
        return reply
    _refuse_grown(message, shows, changes)
    planned = replace(message, body=changes, text=b"", patch=None)
    _refuse_unfit(backend, planned, subject)
    _refuse_by_state(backend, message, {**document_of(subject), **shows}, changes)
    refuse_lost(backend, planned, subject, shows)
    return planned


def _refuse_grown(message: Message, shows: Document, changes: Document) -> None:
    """A resource is no larger than what its caller could have sent at once, however many patches make it. One that its backend made
    larger may still be changed, as long as it does not grow."""
    if message.most_bytes is None or (size := len(write_json(applied(shows, changes)))) <= message.most_bytes:
        return
    if size > len(write_json(shows)):
        raise TooLarge(f"The change makes a resource of {size} bytes; this client's resources take {message.most_bytes} bytes at most")


def _is_command(message: Message) -> bool:
    """A verb of a face's own without a patch: what it changes is for its rules to say, and whether it may."""
    return not message.body and message.patch is None and not message.operation.endswith(".update")


def _refuse_unsettled(subject: OrderRow) -> None:
    """What is not known to be there cannot be changed."""
    name = f"{kind_of(subject)} '{subject.id}'"
    if subject.outcome in (None, OutcomeKind.IN_DOUBT) and was_answered(subject) and not subject.backend_ref:
        raise Conflict(f"{name} has not reached its backend yet; repeat the request later", headers=_LATER)
    if subject.outcome in (None, OutcomeKind.IN_DOUBT):
        raise Conflict(f"It is not known yet what became of {name}; repeat the request later", headers=_LATER)
    if subject.answer is None:
        raise NotFound(f"There is no {name}")


def _refuse_unfit(backend: Backend, message: Message, subject: OrderRow) -> None:
    """The contract of what the resource becomes; members that no client changes are named by the resource's own rules instead."""
    validator, translator = backend.validators.get(message.operation), backend.translators[message.operation]
    problems = validator.problems(message.body) if validator is not None else []
    if problems:
        scope = scope_about(backend, message, subject.client_reference, subject)
        raise InvalidMessage(problems=refusal(translator, scope, (), problems))


def _refuse_by_state(backend: Backend, message: Message, current: Document, changes: Document) -> None:
    """``current``: as recorded, and with the members that the caller's face adds, which are no client's either."""
    market = backend.market
    rules = market.life(message.operation).patch_rules
    refused = rules.refused(current, changes, market.operations[message.operation].states)
    if refused is not None:
        raise refused


def _refuse_ended(backend: Backend, message: Message, subject: OrderRow) -> None:
    life = backend.market.life(kind_of(subject))
    if not life.ended(subject.state):
        return
    text = f"{life.name} is {subject.state}, and nothing can be done about it any more"
    if states := ", ".join(_states_for(backend, message, subject)):
        text += f". {message.operation.partition('.')[0]} is possible while it is {states}"
    about = backend.market.life(message.operation).subject
    raise Conflict(text, [Problem(about.member if about else "", f"names a {life.name} that is {subject.state}")])


def _states_for(backend: Backend, message: Message, subject: OrderRow) -> Iterator[str]:
    """The states in which the rules would not have refused this task."""
    life, translator = backend.market.life(kind_of(subject)), backend.translators[message.operation]
    scope, document = scope_about(backend, message, subject.client_reference, subject), document_of(subject)
    for state in sorted(life.open_states):
        with contextlib.suppress(InvalidMessage, MappingFailed):
            if not translator.refused(replace(scope, known={**document, life.member: state})):
                yield state


def busy() -> Conflict:
    """Another change of the same subject takes longer than this request waits."""
    return Conflict("Another request is changing the same resource; repeat this one in a moment", headers=_SOON)


def in_doubt_elsewhere() -> Conflict:
    """Another change of the same subject is in doubt, and no probe can tell."""
    text = "It is not known yet what became of another change of the same resource; repeat this one when that is settled"
    return Conflict(text, headers=_LATER)
