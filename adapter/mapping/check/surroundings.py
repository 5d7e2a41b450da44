"""What a mapping file is checked against: the contracts, tables, settings and faces around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapter.contract.shape import OperationContract, Shape
from adapter.mapping.tables import CodeTable
from adapter.mapping.types import Contracts


@dataclass(frozen=True, slots=True)
class Canonical:
    """The canonical side of one operation: ``request`` is what a front-end may send, ``resource`` what is written: the full resource, or a
    part of it.

    ``supplied`` are members of the resource that the adapter itself writes, so that no rule has to. ``answers`` is what a face
    shows, by its name, where that differs from the resource. ``asked`` is there where one call asks for many orders. ``known`` is the
    document on record that the operation is about, ``subject`` the part of it that an accepted task or change may write. ``identities`` are
    members of which one has to tell which document a message is about; of the answer of what makes a document, which one was made.
    """

    request: Shape
    resource: Shape
    supplied: frozenset[str] = frozenset()
    answers: Mapping[str, Shape] = field(default_factory=dict)
    asked: Shape | None = None
    known: Shape | None = None
    subject: Shape | None = None
    identities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is around the mapping of one operation of a market.

    ``canonical`` is by operation (``productOrder.update``) or by resource (``productOrder``), the operation first; ``received`` is that
    of messages from the backend. ``legacy`` is by the name of the legacy operation, ``inbound`` by that of the message. ``header``,
    ``query`` and ``path`` are the names that faces declare for it; the parameters in a path are always there. ``elsewhere`` are legacy
    operations that the market does not call as it is declared, each with what has them.
    """

    canonical: Mapping[str, Canonical]
    legacy: Mapping[str, OperationContract]
    tables: Mapping[str, CodeTable] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    faces: frozenset[str] = frozenset()
    header: frozenset[str] = frozenset()
    query: frozenset[str] = frozenset()
    path: frozenset[str] = frozenset()
    received: Mapping[str, Canonical] = field(default_factory=dict)
    inbound: Mapping[str, OperationContract] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    def of(self, operation: str, *, received: bool = False) -> Canonical | None:
        """The canonical contract of an operation, None where no such resource is offered."""
        by = self.received if received else self.canonical
        return by.get(operation) or by.get(operation.partition(".")[0])

    def legacy_of(self, *, received: bool) -> Mapping[str, OperationContract]:
        """The legacy operations that can be called, or the messages that can come."""
        return self.inbound if received else self.legacy

    def contracts(self, canonical: Canonical, legacy: OperationContract, *, received: bool = False) -> Contracts:
        """Both sides of one operation. No caller is behind a message of the backend or a question about many orders, so these have no
        headers or parameters."""
        callers = canonical.asked is None and not received
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
            known=canonical.known,
            subject=canonical.subject,
            received=received,
        )
