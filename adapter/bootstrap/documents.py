"""What a market's file names in documents and in faces: paths against the canonical model, events, headers.

A path is followed like those of mappings (M201, M301, M302, M303). K202-K209 are told by the market itself; here are K208 an event that no
face tells of, and K211 an owner that no message names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from adapter.contract.path import Path, PathError, Step, parse_path
from adapter.contract.shape import Kind, Place, Shape
from adapter.contract.tmf import Resource
from adapter.declared import At, Mistake, Places, check_path
from adapter.faces.declaration import Face
from adapter.finding import Finding, suggest
from adapter.mapping.catalogue import finding
from adapter.mapping.check.places import place_of
from adapter.mapping.model import Direction, MappingFile, PathText
from adapter.market import Market
from adapter.resource import LifeExtension


def check_documents(
    market: Market, places: Places, resources: Mapping[str, Resource], mappings: Mapping[str, MappingFile], faces: Collection[Face]
) -> list[Finding]:
    """Everything that a market's file names and that is not there."""
    check = _Check(places)
    for key, member in (("visibleTo", market.visible_to), ("related", market.related)):
        if member:
            check.of_any((key,), member, [each.full for each in resources.values()])
    for name, message in market.messages.items():
        for at, path in message.owned_by.items():
            check.owner(("inbound", "operations", name, *at), path, resources[name.partition(".")[0]].full, mappings.get(name))
        for kind in message.belongs_to:
            check.kind(("inbound", "operations", name, "belongsTo", kind), kind, resources)
    for name, more in market.lives.items():
        if name in resources:
            check.life(("lives", name), more, resources[name].full, _events(faces, name))
    headers = sorted({header for face in faces for header in face.headers})
    for name, operation in market.operations.items():
        if operation.expires is not None:
            check.header(("operations", name, "expires", "header"), operation.expires.header, headers)
    return check.found


def _events(faces: Iterable[Face], kind: str) -> list[str]:
    """The types of events about one kind of resource that listeners can hear of."""
    types = (types for face in faces if face.events is not None for types in face.events.types.items())
    return list(dict.fromkeys(name for name, one in types if one.resource == kind))


class _Check:
    """One run over one market's file."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self.found: list[Finding] = []

    def of_any(self, at: At, path: str, documents: Iterable[Shape]) -> None:
        """A path into one document at least: nothing is wrong with resources that have no such member."""
        tried = [self._place(at, path, document) for document in documents]
        there = [each for each in tried if isinstance(each, Place)]
        if there:
            self._one_value(at, there[0], text=True)
        else:
            self.found += sorted((each for each in tried if isinstance(each, Finding)), key=lambda each: each.at)[-1:]

    def owner(self, at: At, path: str, document: Shape, message: MappingFile | None) -> None:
        """A path into what the message reports, that some rule of its mapping writes to."""
        if not self._value_at(at, path, document) or message is None:
            return
        member = parse_path(path).steps[0].name
        if member not in _written(message):
            text = f"no rule of {message.operation.at.file} writes '{member}', so what the message makes belongs to nobody"
            self._mistake(Mistake(at, text, "add the rule to its 'report', or name the member that has the party", "K211", value=True))

    def kind(self, at: At, kind: str, resources: Collection[str]) -> None:
        """A resource that this market has."""
        if kind not in resources:
            text = f"this market has no {kind}, so nothing of that kind is ever on record"
            self._mistake(Mistake(at, text, suggest(kind, resources, "there are"), "K211"))

    def life(self, at: At, more: LifeExtension, document: Shape, events: Collection[str]) -> None:
        """The members that a life names, and its events."""
        for name, path in more.lists.items():
            member = self._member((*at, "lists", name), name, document, key=True)
            if member is not None and not member.many and member.shape.kind is not Kind.ANY:
                self._mistake(Mistake((*at, "lists", name), f"'{name}' is no list", "take it away: it is reported as a whole", "K203"))
            elif member is not None:
                self._value_at((*at, "lists", name), path, member.shape)
        for state, members in more.patch.states.items():
            for name in sorted(members) if not isinstance(members, str) else ():
                self._member((*at, "patch", "states", state, name), name, document)
        for name in sorted(more.events.with_state):
            self._member((*at, "events", "withState", name), name, document)
        for name, event in more.events.members.items():
            self._member((*at, "events", "members", name), name, document, key=True)
            if events and event not in events:
                text = f"no face tells its listeners of '{event}'"
                hint = suggest(event, events) or "declare it under 'events.types' of a face"
                self._mistake(Mistake((*at, "events", "members", name), text, hint, "K208", value=True))
        self._kept(at, more, document)
        if more.information is not None:
            self._value_at((*at, "information", "path"), more.information.path, document, text=True)

    def _kept(self, at: At, more: LifeExtension, document: Shape) -> None:
        """The members that are kept of a change: dates, a history, and why a task went on with its subject."""
        for name in more.tells:
            self._member((*at, "tells", name), name, document, key=True)
        if more.dates is not None:
            for key, names in (("changed", more.dates.changed), ("state", more.dates.state)):
                for number, name in enumerate(names):
                    self._member((*at, "dates", key, number), name, document)
            for state, name in more.dates.states.items():
                self._member((*at, "dates", "states", state), name, document)
        if more.history is not None:
            self._member((*at, "history", "member"), more.history.member, document)

    def header(self, at: At, name: str, declared: Collection[str]) -> None:
        """A header that comes with requests."""
        if name not in declared:
            text = f"{_dotted(at)}: no face declares the header '{name}', so nothing is ever too old"
            self.found.append(finding("M801", text, self._places.at(at, value=True), suggest(name, declared, "declared are")))

    def _value_at(self, at: At, path: str, document: Shape, *, text: bool = False) -> bool:
        place = self._place(at, path, document)
        if isinstance(place, Finding):
            self.found.append(place)
            return False
        return self._one_value(at, place, text=text)

    def _member(self, at: At, name: str, document: Shape, *, key: bool = False) -> Place | None:
        path = PathText(name, Path((Step(name, length=len(name)),)), self._places.at(at, value=not key))
        found = place_of(document, path, "M201")
        if isinstance(found, Finding):
            self.found.append(_of(at, found))
            return None
        return found

    def _place(self, at: At, path: str, document: Shape) -> Place | Finding:
        try:
            parsed = parse_path(path)
        except PathError:
            return self._places.finding(next(check_path(at, path)))
        found = place_of(document, PathText(path, parsed, self._places.at(at, value=True)), "M201")
        return _of(at, found) if isinstance(found, Finding) else found

    def _one_value(self, at: At, place: Place, *, text: bool = False) -> bool:
        """Whether a path leads to one value; ``text``: nothing but text will do."""
        where, kind = self._places.at(at, value=True), place.shape.kind
        if place.many:
            self.found.append(finding("M302", f"{_dotted(at)}: this leads to a list, not to one value", where, "pick one: [key=value]"))
        elif kind is Kind.OBJECT or (text and kind not in (Kind.TEXT, Kind.ANY)):
            wanted = "a text" if text else "one value"
            hint = suggest("", place.shape.members, "its members are")
            self.found.append(finding("M301", f"{_dotted(at)}: this leads to {_a(kind)}, not to {wanted}", where, hint))
        else:
            return True
        return False

    def _mistake(self, mistake: Mistake) -> None:
        self.found.append(self._places.finding(mistake))


def _of(at: At, found: Finding) -> Finding:
    return replace(found, text=f"{_dotted(at)}: {found.text}")


def _a(kind: Kind) -> str:
    return f"an {kind}" if kind in (Kind.OBJECT, Kind.INTEGER) else f"a {kind}"


def _dotted(at: At) -> str:
    return ".".join(map(str, at))


def _written(message: MappingFile) -> set[str]:
    """The members of the report that some rule writes to."""
    both = (rule.canonical for rule in message.both if rule.only is not Direction.REQUEST)
    return {target.path.steps[0].name for target in (*both, *(rule.target for rule in message.rules["report"]))}
