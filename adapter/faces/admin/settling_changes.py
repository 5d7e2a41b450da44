"""Settling by hand a change of something on record, or a task about it: its subject moves as if the backend had answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from adapter.aims import Aim, aim_of
from adapter.backend import Rules
from adapter.deferral import reconciling
from adapter.errors import ConfigError, Conflict, InvalidMessage, MappingFailed
from adapter.ports import Message, Outcome, OutcomeKind, Reply, Result
from adapter.recorded import message_of
from adapter.revising import Effect, Reported, Untaken, effect_of, with_effect
from adapter.store import Fresh, OrderRow, Response, Settlement


def change_by_hand(
    renderers: Mapping[str, Callable[[Message, Result], Reply]],
    rules: Rules,
    order: OrderRow,
    subject: OrderRow | None,
    verdict: str,
    reference: str,
    evidence: str,
    now: int,
) -> Settlement:
    """What settles ``order``, a request about ``subject``: accepted, that takes the members that were asked for, and stays in its state.
    ``reference`` is the backend's own number of a task. Raises InvalidMessage, Conflict, ConfigError."""
    if verdict == "absent":
        return Settlement(OutcomeKind.ABSENT, now, evidence=evidence, withdraws=reconciling(order.id))
    if subject is None:
        raise Conflict(f"{order.subject}, which {order.id} is about, is not on record any more; only absent can be said of it")
    message, task = message_of(order), aim_of(order.operation) is Aim.TASK
    if reference and not task:
        raise InvalidMessage("a change has no number of its own; leave --reference out")
    renderer = renderers.get(order.face)
    if renderer is None:
        raise ConfigError(f"face {order.face} of {order.id} is not declared; declare it until its requests are settled")
    own = {**message.body, **({"id": reference} if reference else {})} if task else {}
    effect = _effect(rules, order, message, subject, Reported(own), now)
    result = Result(Outcome(OutcomeKind.ACCEPTED), effect.shown, order_id=effect.order_id, created_at=effect.created_at)
    reply = renderer(message, result)
    settlement = Settlement(
        OutcomeKind.ACCEPTED,
        now,
        evidence=evidence,
        response=Response(reply.status, reply.body, reply.headers),
        withdraws=reconciling(order.id),
        private=rules.market.private,
    )
    return with_effect(settlement, effect)


def _effect(rules: Rules, order: OrderRow, message: Message, subject: OrderRow, reported: Reported, now: int) -> Effect:
    fresh = Fresh(order.id, order.attempt, order.client_reference, order.created_at)
    try:
        return effect_of(rules, message, fresh, subject, reported, now)
    except Untaken as error:
        raise Conflict(f"{order.id}: {error}") from error
    except MappingFailed as error:
        raise ConfigError(f"{order.id}: face {order.face} cannot show what the adapter knows of it: {error}") from error
