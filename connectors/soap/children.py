"""The children of an element as a reader expects them: their order, which of them are lists, which of them must be there."""

from __future__ import annotations

from collections.abc import Iterator

from adapter.contract.wsdl_model import AnyElement, ComplexType, Element, Group, particles


def clark(name: str, namespace: str) -> str:
    """The name as lxml writes it: ``{namespace}name``."""
    return f"{{{namespace}}}{name}" if namespace else name


def rows_of(found: ComplexType) -> Iterator[tuple[Element, int, bool]]:
    """Each element with its place in the order of the contract (equal where the order is free) and whether it is a list."""
    place = 0

    def walk(group: Group, *, free: bool) -> Iterator[tuple[Element, int, bool]]:
        nonlocal place
        free = free or group.order == "all" or group.repeated
        for item in group.items:
            if isinstance(item, Group):
                yield from walk(item, free=free)
            elif isinstance(item, Element):
                place += not free
                yield item, place, item.many or group.repeated
        place += 1

    if found.content is not None:
        yield from walk(found.content, free=False)


def required_of(found: ComplexType) -> tuple[frozenset[str], list[tuple[str, ...]]]:
    """The members that are always required, and the choices of which one must be there."""
    names = {f"@{one.name}" for one in found.attributes if one.required}
    choices: list[tuple[str, ...]] = []

    def walk(group: Group) -> None:
        if group.least == 0:
            return
        if group.order == "choice":
            if not group.emptiable and not any(isinstance(item, AnyElement) for item in particles(group)):
                choices.append(tuple(item.name for item in particles(group) if isinstance(item, Element)))
            return
        for item in group.items:
            if isinstance(item, Group):
                walk(item)
            elif isinstance(item, Element) and item.least > 0:
                names.add(item.name)

    if found.content is not None:
        walk(found.content)
    return frozenset(names), choices
