"""What is declared about time: how often and when a backend may be called, how its orders are followed, and timers.

Durations are seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from adapter.declared import At, Declared, Mistake, Mistakes
from adapter.finding import suggest
from adapter.resource import Resource, unknown_state

LongSeconds = Annotated[float, Field(gt=0, le=366 * 86_400)]


class Rate(Declared):
    """How often a backend may be called: ``per_second`` on average, ``burst`` at once; ``reserve`` of these only orders may take."""

    per_second: float = Field(gt=0, le=100_000)
    burst: int = Field(1, ge=1, le=100_000)
    reserve: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _something_is_left(self) -> Self:
        if self.reserve >= self.burst:
            raise ValueError(
                f"reserve: of {self.burst} permits at once (burst) {self.reserve} are kept for orders, so no state is ever asked for; "
                f"make reserve smaller than burst"
            )
        return self


class Window(Declared):
    """A time in which the backend is closed: begins at ``cron`` (minute hour day month weekday, the market's time zone)."""

    cron: str
    minutes: int = Field(gt=0, le=7 * 24 * 60)


class Breaker(Declared):
    """After so many ``failures`` in a row the backend is left alone for ``pause`` seconds."""

    failures: int = Field(ge=1, le=10_000)
    pause: float = Field(gt=0, le=86_400)


class Pace(Declared):
    """One row of a cadence: an order in ``state`` (left out: any), younger than ``until`` (left out: of any age), is asked for ``every``
    so often. The first row that fits counts."""

    state: str = ""
    until: LongSeconds | None = None
    every: LongSeconds


class Bulk(Declared):
    """The operation that asks for many orders at once, and for how ``most``."""

    operation: str
    most: int = Field(ge=2, le=10_000)


class Follow(Declared):
    """How the orders of one operation are followed to their end: ``by`` asks for the state of one, as often as the first fitting row
    of ``cadence`` says, +- the share ``jitter``. Older than ``at_most`` it is a case for a person."""

    by: str
    cadence: tuple[Pace, ...]
    jitter: float = Field(0.1, ge=0, le=0.5)
    at_most: LongSeconds = 30 * 86_400.0
    bulk: Bulk | None = None

    @field_validator("cadence")
    @classmethod
    def _every_order_has_a_row(cls, rows: tuple[Pace, ...]) -> tuple[Pace, ...]:
        if not rows or rows[-1].state or rows[-1].until is not None:
            text = "the last row must have neither state nor until, so that every open order is asked for"
            raise Mistakes([Mistake((len(rows) - 1,) if rows else (), text)])
        for number, row in enumerate(rows):
            for first, before in enumerate(rows[:number]):
                if before.state in ("", row.state) and (before.until is None or (row.until is not None and row.until <= before.until)):
                    raise Mistakes(
                        [Mistake((number,), f"this row is never reached: row {first + 1} takes all that it is about", "move it up")]
                    )
        return rows


class Timer(Declared):
    """What happens to an order that stays in the state ``when`` for ``after`` seconds: a person is told (``attention``), or it goes on
    to ``state``."""

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")
    when: str
    after: LongSeconds
    attention: str = ""
    state: str = ""

    @model_validator(mode="after")
    def _one_thing_happens(self) -> Self:
        if bool(self.attention) is bool(self.state):
            raise ValueError("write either attention (the text for the operator) or state (where the order goes on to)")
        return self


def check_follow(
    follow: Mapping[str, Follow], made: Collection[str], questions: Mapping[str, bool], lives: Mapping[str, Resource]
) -> Iterator[Mistake]:
    """K207: operations that are not there (``made`` are those that make resources) or cannot be asked again and again (``questions``:
    whether each may be). K202, K206: rows for a state that there is not, or that nothing comes after. ``lives`` is by resource."""
    for name, one in follow.items():
        if name not in made:
            yield unknown_operation(("follow", name), name, made, key=True)
        kind = name.partition(".")[0]
        yield from _question(("follow", name, "by"), one.by, kind, questions)
        if one.bulk is not None:
            yield from _question(("follow", name, "bulk", "operation"), one.bulk.operation, kind, questions)
        for number, row in enumerate(one.cadence if kind in lives else ()):
            if row.state:
                yield from _going_on(("follow", name, "cadence", number, "state"), row.state, [lives[kind]])


def unknown_operation(at: At, name: str, known: Collection[str], *, key: bool = False) -> Mistake:
    """The finding of an operation that the file does not have."""
    return Mistake(
        at,
        f"there is no operation '{name}' in this file",
        suggest(name, known, "there are") or "declare it under 'operations'",
        "K207",
        value=not key,
    )


def _question(at: At, name: str, kind: str, questions: Mapping[str, bool]) -> Iterator[Mistake]:
    if name not in questions:
        yield unknown_operation(at, name, [each for each in questions if each.startswith(f"{kind}.")])
    elif not name.startswith(f"{kind}."):
        yield Mistake(at, f"{name} asks for another resource, and what is followed is {kind}", f"name an operation of {kind}", "K207", True)
    elif not questions[name]:
        hint = f"declare {name} with 'idempotent: true', if that is so"
        yield Mistake(at, f"{name} would be asked again and again, and is not declared as one that changes nothing", hint, "K207", True)


def check_timers(timers: Sequence[Timer], lives: Sequence[Resource]) -> Iterator[Mistake]:
    """K202: states that there are not. K206: what can never happen to a resource in that state. ``lives`` are those of the market's
    resources; a timer is for all that have its state."""
    for number, timer in enumerate(timers):
        if timer.name in [other.name for other in timers[:number]]:
            text = "there are two timers of this name, and the name tells them apart in the record"
            yield Mistake(("timers", number, "name"), text, "give one of them another name", value=True)
        wrong = list(_going_on(("timers", number, "when"), timer.when, lives))
        yield from wrong
        if timer.state and not wrong:
            yield from _step(("timers", number, "state"), timer, [one for one in lives if timer.when in one.open_states])


def _going_on(at: At, state: str, lives: Sequence[Resource]) -> Iterator[Mistake]:
    """Whether something still comes after a state."""
    known = frozenset[str]().union(*(one.states for one in lives))
    open_states = frozenset[str]().union(*(one.open_states for one in lives))
    if state not in known:
        yield unknown_state(at, state, open_states)
    elif state not in open_states:
        text = f"'{state}' is an end, which nothing comes after"
        yield Mistake(at, text, f"something comes after {', '.join(sorted(open_states))}", "K206", value=True)


def _step(at: At, timer: Timer, lives: Sequence[Resource]) -> Iterator[Mistake]:
    known = frozenset[str]().union(*(one.states for one in lives))
    if timer.state not in known:
        yield unknown_state(at, timer.state, known)
        return
    going = {one.name: one.life.edges.get(timer.when, ()) for one in lives}
    refused = [name for name, states in going.items() if timer.state not in states]
    for name in refused:
        text = f"{name} does not go from '{timer.when}' to '{timer.state}'"
        hint = f"it goes on to {', '.join(sorted(going[name]))}; another step is declared under 'lives'"
        yield Mistake(at, text, hint, "K206", True, "error" if len(refused) == len(going) else "warning")
