"""What a mapping file is checked against: the contracts, tables, settings and faces around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapter.contract.shape import OperationContract, Shape
from adapter.mapping.tables import CodeTable
from adapter.mapping.types import Contracts


@dataclass(frozen=True, slots=True)
class Canonical:
    """One canonical resource: ``request`` is what a front-end may send, ``resource`` the full resource.

    ``supplied`` are members of the resource that the adapter itself writes, so that no rule has to. ``answers`` is what a face
    shows, by its name, where that differs from the resource. ``asked`` is there where one call asks for many orders.
    """

    request: Shape
    resource: Shape
    supplied: frozenset[str] = frozenset()
    answers: Mapping[str, Shape] = field(default_factory=dict)
    asked: Shape | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is around the mapping of one operation of a market.

    ``canonical`` is by operation (``productOrder.patch``) or by resource (``productOrder``), the operation first;
    ``legacy`` by the name of the legacy operation. ``header``, ``query`` and ``path`` are the names that faces
    declare for it; the parameters in a path are always there.
    """

    canonical: Mapping[str, Canonical]
    legacy: Mapping[str, OperationContract]
    tables: Mapping[str, CodeTable] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    faces: frozenset[str] = frozenset()
    header: frozenset[str] = frozenset()
    query: frozenset[str] = frozenset()
    path: frozenset[str] = frozenset()

    def of(self, operation: str) -> Canonical | None:
        """The canonical contract of an operation, None where no such resource is offered."""
        return self.canonical.get(operation) or self.canonical.get(operation.partition(".")[0])

    def contracts(self, canonical: Canonical, legacy: OperationContract) -> Contracts:
        """Both sides of one operation. A question about many orders comes from no caller, so it has no headers or parameters."""
        callers = canonical.asked is None
        return Contracts(
            request=canonical.request,
            resource=canonical.resource,
            legacy=legacy,
            header=self.header if callers else frozenset(),
            query=self.query if callers else frozenset(),
            path=self.path if callers else frozenset(),
            setting=self.settings,
            answers=canonical.answers,
            asked=canonical.asked,
        )
