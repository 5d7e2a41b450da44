"""What a market adds to a life, seen as a graph: names of states that there are, steps that lead somewhere, rows that can be asked.

K202 a state that there is not, K203 a contradiction, K204 a state that nothing comes to or that leads to no end, K205 a row of the
roll-up that is never asked, K209 what has no effect (a warning).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from adapter.declared import At, Mistake
from adapter.finding import suggest
from adapter.resource.declaration import Life, Row
from adapter.resource.extension import LifeExtension

Edges = Mapping[str, Collection[str]]


def check_life(life: Life, more: LifeExtension, subject: Collection[str] | None = None) -> list[Mistake]:
    """Everything that is wrong with the extension, places seen from it. ``subject`` are the states of what a task is about, where they
    are known."""
    found = [*_contradictions(life, more), *_names(life, more, subject)]
    if not found:  # a misspelt state is not on the way, either
        found += [*_ways(life, more), *_rows(life, more)]
    return [*found, *_idle(life, more)]


def unknown_state(at: At, state: str, known: Collection[str], *, key: bool = False) -> Mistake:
    """The finding of a state that is none of those that there are."""
    return Mistake(at, f"there is no state '{state}'", _near(state, known), "K202", value=not key)


def _near(state: str, known: Collection[str]) -> str:
    names = sorted(known)
    return suggest(state, names) or f"there are: {', '.join(names)}"


def _contradictions(life: Life, more: LifeExtension) -> Iterator[Mistake]:
    name = life.resource
    for state in sorted(more.states.keys() & life.states.keys()):
        yield Mistake(("states", state), f"{name} has the state '{state}' already", "only new states are declared here", "K203")
    for state in sorted(more.without & life.states.keys()) if life.items is not None else ():
        text = f"'{state}' is no new state, and what the standard says of its parts stays"
        yield Mistake(("without", state), text, "take it away", "K203", value=True)
    unused = {
        "without": more.without and life.items is None,
        "rollUp": more.roll_up and life.items is None,
        "concluded": more.concluded and life.subject is None,
        "left": more.left and life.subject is None,
        "tells": more.tells and life.subject is None,
        "repeated": more.repeated and life.items is None,
    }
    for key in (key for key, wrong in unused.items() if wrong):
        what = "is about no other resource" if key in ("concluded", "left", "tells") else "has no parts with states of their own"
        yield Mistake((key,), f"{name} {what}", f"take '{key}' away", "K203")
    for state, declared in more.states.items():
        if declared.end and more.edges.get(state):
            yield Mistake(
                ("edges", state), f"'{state}' is declared as an end, which nothing leaves", "take 'end: true' or its steps away", "K203"
            )
    for state, targets in more.edges.items():
        if not targets:
            yield Mistake(("edges", state), f"no step is named that leaves '{state}'", "name one, or take the line away", "K203")
        for number, target in enumerate(targets):
            if target == state:
                yield Mistake(("edges", state, number), f"'{state}' cannot follow upon itself", "take it away", "K203")


def _names(life: Life, more: LifeExtension, subject: Collection[str] | None) -> Iterator[Mistake]:
    """Every state that is named, against those that there are."""
    known = life.states.keys() | more.states.keys()
    of_parts = known - more.without - (life.items.without if life.items else frozenset())
    keys: list[tuple[str, Iterable[str], Collection[str] | None]] = [
        ("edges", more.edges, known),
        ("concluded", more.concluded, subject),
        ("left", more.left, subject),
    ]
    for where, states, there in keys:
        yield from (unknown_state((where, state), state, there, key=True) for state in states if there is not None and state not in there)
    for state in sorted(more.patch.states.keys() - known):
        yield unknown_state(("patch", "states", state), state, known, key=True)
    values: list[tuple[At, str, Collection[str]]] = [
        *((("edges", state, number), to, known) for state, targets in more.edges.items() for number, to in enumerate(targets)),
        *(((name,), state, known) for name in ("refused", "doubtful") if (state := getattr(more, name))),
        *((("without", state), state, known) for state in sorted(more.without)),
        *(((where, state), to, known) for where in ("concluded", "left") for state, to in getattr(more, where).items()),
    ]
    for number, row in enumerate(more.roll_up):
        values += [(("rollUp", number, key, state), state, of_parts) for key in ("all", "some") for state in sorted(getattr(row, key))]
        values.append((("rollUp", number, "is"), row.is_, known))
    for at, state, there in values:
        if state in there:
            continue
        if state in known and at[0] == "rollUp":
            text = f"no part is ever in the state '{state}'"
            yield Mistake(at, text, _near(state, there), "K203", value=True)
        else:
            yield unknown_state(at, state, there)


def _ways(life: Life, more: LifeExtension) -> Iterator[Mistake]:
    """Whether each new state lies on a way from the standard's to an end, as far as the resource has ends at all."""
    edges = {state: {*life.edges.get(state, ()), *more.edges.get(state, ())} for state in life.states | more.states}
    ends = _ends(life, more)
    reached, leading = _closure(life.states, edges), _closure(ends, _turned(edges)) if ends else set(edges)
    for state in more.states:
        at = ("states", state)
        if state not in reached:
            yield Mistake(at, f"nothing leads to '{state}'", "name it under 'edges' of the states it follows upon", "K204")
        elif state not in leading and not edges[state]:
            hint = f"write '{state}: {{end: true}}', or name under 'edges' what follows upon it"
            yield Mistake(at, f"nothing follows upon '{state}', and it is no end", hint, "K204")
        elif state not in leading:
            yield Mistake(at, f"no end is ever reached from '{state}'", "name under 'edges' the step that leads on to one", "K204")


def _ends(life: Life, more: LifeExtension) -> set[str]:
    return {state for state, one in {**life.states, **more.states}.items() if one.end and not more.edges.get(state)}


def _closure(start: Iterable[str], edges: Edges) -> set[str]:
    """All that ``start`` leads to, itself included."""
    found: set[str] = set()
    todo = list(start)
    while todo:
        state = todo.pop()
        if state not in found:
            found.add(state)
            todo += edges.get(state, ())
    return found


def _turned(edges: Edges) -> dict[str, set[str]]:
    turned: dict[str, set[str]] = {}
    for state, targets in edges.items():
        for target in targets:
            turned.setdefault(target, set()).add(state)
    return turned


def _rows(life: Life, more: LifeExtension) -> Iterator[Mistake]:
    """Rows of the roll-up that never fit, or that leave nothing to those behind them."""
    for number, row in enumerate(more.roll_up):
        at = ("rollUp", number)
        if row.all and (other := sorted(row.some - row.all)):
            text = f"the row never fits: '{other[0]}' is asked of some part, and 'all' does not have it"
            yield Mistake(at, text, "add it to 'all', or take it away from 'some'", "K205", value=True)
        elif not row.all and not row.some:
            text = f"the row takes every combination of parts, so neither those behind it nor those of {life.resource} are ever asked"
            yield Mistake(at, text, "write 'all' or 'some'", "K205", value=True)
        elif (before := next((n for n, one in enumerate(more.roll_up[:number]) if _covers(one, row)), None)) is not None:
            yield Mistake(
                at, f"the row is never asked: row {before + 1} takes all that it is about", "change their order", "K205", value=True
            )


def _covers(before: Row, row: Row) -> bool:
    return (not before.all or bool(row.all and row.all <= before.all)) and before.some <= row.some


def _idle(life: Life, more: LifeExtension) -> Iterator[Mistake]:
    """What is declared, and changes nothing."""
    for state, targets in more.edges.items():
        for number, target in enumerate(targets):
            if target in life.edges.get(state, ()) or target in targets[:number]:
                yield _without_effect(("edges", state, number), f"'{target}' follows upon '{state}' already", value=True)
    ends = _ends(life, more)
    refused = life.patch.never | life.patch.owned | {life.member}
    for state, members in more.patch.states.items():
        if state in ends:
            yield _without_effect(("patch", "states", state), f"'{state}' is an end, in which nothing can be changed")
        for name in sorted(refused & members) if not isinstance(members, str) else ():
            text = f"'{name}' is changed by no client, whatever the state is"
            yield _without_effect(("patch", "states", state, name), text, value=True)
    if more.information is not None and not (life.information.states and life.events.information):
        yield _without_effect(("information",), f"{life.resource} has no state in which somebody has to supply something")


def _without_effect(at: At, text: str, *, value: bool = False) -> Mistake:
    return Mistake(at, f"{text}; this has no effect", "take it away", "K209", value, "warning")
