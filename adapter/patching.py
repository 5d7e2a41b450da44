"""What a PATCH wants changed: the members of the resource that get another value, each whole, null where one is to go.

Pure. A merge patch and a JSON patch come to the same; both are about the resource as the caller's face shows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any, NamedTuple

import jsonpatch
import jsonpointer

from adapter.errors import CallerError, Conflict, InvalidMessage, Problem
from adapter.ports import Document, Message
from adapter.resource import Advance, Event, Resource, Unexpected
from adapter.resource.merging import patch

MOST_OPERATIONS = 1_000
"""Operations of one JSON patch."""
MOST_COPIED = 100_000
"""Values and characters of text that the operations of one JSON patch may copy: copies of copies double each time."""
DEEPEST = 200
"""Objects and lists inside each other in what a JSON patch makes: operations can nest what no body could."""
_TOO_DEEP = f"The JSON patch makes a resource that is nested deeper than {DEEPEST} levels"


def changes_of(shown: Document, message: Message) -> Document:
    """The members that are to differ from what the caller is shown, with their whole new values; {} where nothing is to change.

    Raises InvalidMessage for what is no patch, Conflict for one that does not fit the resource as it is.
    """
    wanted = patch(shown, message.body) if message.patch is None else _operated(shown, message.patch)
    names = [*shown, *(name for name in wanted if name not in shown)]
    return {name: wanted.get(name) for name in names if shown.get(name) != wanted.get(name)}


def _operated(shown: Document, operations: tuple[Document, ...]) -> Document:
    if len(operations) > MOST_OPERATIONS:
        raise InvalidMessage(f"A JSON patch has at most {MOST_OPERATIONS} operations here; this one has {len(operations)}")
    document: Any = deepcopy(shown)
    copied = 0
    for number, operation in enumerate(operations):
        where = f"[{number}]"
        if operation.get("op") == "copy" and (copied := copied + _size(document, operation.get("from"), MOST_COPIED)) > MOST_COPIED:
            raise InvalidMessage(problems=[Problem(where, f"a JSON patch may copy {MOST_COPIED} values and characters here, no more")])
        try:
            document = jsonpatch.JsonPatch([deepcopy(operation)]).apply(document, in_place=True)
        except (jsonpatch.InvalidJsonPatch, jsonpointer.JsonPointerException) as error:
            raise _unfit(where, operation, error) from error
        except jsonpatch.JsonPatchTestFailed as error:
            raise Conflict("The resource is not as the JSON patch takes it to be", [Problem(f"{where}.path", "the test fails")]) from error
        except jsonpatch.JsonPatchConflict as error:
            text = f"{operation.get('op')} cannot be done there: {error}"
            raise Conflict("The JSON patch does not fit the resource as it is", [Problem(f"{where}.path", text)]) from error
        except (TypeError, ValueError, AttributeError, KeyError, IndexError) as error:
            raise InvalidMessage(problems=[Problem(where, "is no operation of a JSON patch (RFC 6902)")]) from error
        except RecursionError:
            raise InvalidMessage(_TOO_DEEP) from None
    if not isinstance(document, dict):
        raise InvalidMessage("A JSON patch cannot replace the resource as a whole by something else than an object")
    if not _flat(document):
        raise InvalidMessage(_TOO_DEEP)
    return document


def _size(document: Any, pointer: Any, enough: int) -> int:
    """Values and characters at a place, counted no further than beyond ``enough``; 0 where there is none."""
    try:
        waiting, size = [jsonpointer.resolve_pointer(document, pointer)], 0
    except (jsonpointer.JsonPointerException, TypeError, ValueError, AttributeError, KeyError, IndexError):
        return 0  # what is wrong with it is said where it is carried out
    while waiting and size <= enough:
        value = waiting.pop()
        size += 1 + (len(value) if isinstance(value, str) else 0)
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return size


def _flat(document: Any) -> bool:
    level = [document]
    for _ in range(DEEPEST):
        level = [part for one in level for part in (one.values() if isinstance(one, dict) else one) if isinstance(part, dict | list)]
        if not level:
            return True
    return False


def _unfit(where: str, operation: Document, error: Exception) -> CallerError:
    """A pointer that leads nowhere is well formed: then it is the resource that is another one than the caller thinks."""
    if isinstance(error, jsonpointer.JsonPointerException) and all(_is_pointer(operation.get(name, "")) for name in ("path", "from")):
        text = f"'{operation.get('path')}' leads nowhere"
        return Conflict("The JSON patch does not fit the resource as it is", [Problem(f"{where}.path", text)])
    return InvalidMessage(problems=[Problem(where, f"is no operation of a JSON patch (RFC 6902): {error}")])


def _is_pointer(text: object) -> bool:
    if not isinstance(text, str):
        return False
    try:
        jsonpointer.JsonPointer(text)
    except jsonpointer.JsonPointerException:
        return False
    return True


class Place(NamedTuple):
    """A place of a resource: its path with indices (``note[1].text``), and the names of the members on the way there."""

    path: str
    way: tuple[str, ...]


_WHOLE = Place("", ())


def differences(before: Document, changes: Document) -> Iterator[Place]:
    """The places at which members get another value, as deep down as one can tell. An element of a list is compared with the one of its
    ``id``, else with the one at its place; what it does not say at all is no difference, as lists are sent whole."""
    for name, value in changes.items():
        yield from _differing(before.get(name), value, _below(_WHOLE, name), whole=True)


def _differing(before: Any, after: Any, place: Place, *, whole: bool) -> Iterator[Place]:
    if before == after:
        return
    if isinstance(after, dict) and after:
        known = before if isinstance(before, dict) else {}
        gone = [name for name in known if name not in after] if whole else []
        for name in (*gone, *after):
            yield from _differing(known.get(name), after.get(name), _below(place, name), whole=whole)
    elif isinstance(after, list) and (told := list(_of_elements(before if isinstance(before, list) else [], after, place))):
        yield from told
    else:
        yield place


def _of_elements(before: list[Any], after: list[Any], place: Place) -> Iterator[Place]:
    for number, element in enumerate(after):
        if element not in before:
            yield from _differing(_same(before, element, number), element, Place(f"{place.path}[{number}]", place.way), whole=False)


def _same(before: list[Any], element: Any, number: int) -> Any:
    if isinstance(element, dict) and "id" in element:
        return next((one for one in before if isinstance(one, dict) and one.get("id") == element["id"]), None)
    return before[number] if number < len(before) else None


def _below(place: Place, name: str) -> Place:
    return Place(f"{place.path}.{name}" if place.path else name, (*place.way, name))


def applied(document: Document, changes: Document) -> Document:
    """The document with the members of ``changes`` in place of its own."""
    merged = {**document, **changes}
    return {name: value for name, value in merged.items() if value is not None or name not in changes}


def revised(life: Resource, current: Document, changes: Document, reported: Document, at: str) -> Advance | Unexpected:
    """What an accepted change makes of the resource: the members that the client changed, and over them what the backend reports.

    The state is what the backend reports, whatever the client asked for. ``at``: the time of the change, as the standard writes it.
    """
    own = {name: value for name, value in changes.items() if name != life.member}
    parts = life.life.items.member if life.life.items is not None else ""
    listed = applied(current, {parts: own[parts]}) if parts in own else current
    told = {name: _difference(current.get(name), value) for name, value in own.items() if name != parts}
    taken = life.advance(listed, {**told, **reported}, at)
    if isinstance(taken, Unexpected) or listed is current or listed.get(parts) == current.get(parts):
        return taken
    names = life.events.attribute
    fields = [parts, *(field for event in taken.events if event.type == names for field in event.field_path.split(",") if field != parts)]
    others = tuple(event for event in taken.events if event.type != names)
    events = (Event(names, ",".join(fields)), *others) if names else others
    return replace(taken, events=events)


def _difference(before: Any, after: Any) -> Any:
    """The merge patch that makes ``after`` of ``before``."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    gone = {name: None for name in before if name not in after}
    return gone | {name: _difference(before.get(name), value) for name, value in after.items() if before.get(name) != value}
