"""A resource that a backend's message makes: its row, whom it belongs to, and what begins with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapter.agenda import chance, first_question, timers_of, watched
from adapter.arriving import Arrived, Said
from adapter.changing import told
from adapter.contract.json_bytes import write_json
from adapter.contract.path import parse_path
from adapter.errors import MappingFailed
from adapter.mapping.runtime import ABSENT, reach
from adapter.ports import Document
from adapter.store import MessageRow, OrderRow
from adapter.store.outbox import audience_of
from adapter.store.receiving import Made, Wanted

Owners = Mapping[tuple[str, str], str]
"""The client that a party stands for, by market and the party's id."""

_CAME_BY_ITSELF = write_json({"request": {}, "header": {}, "query": {}, "path": {}})


def related_to(arrived: Arrived, said: Said) -> list[Wanted]:
    """What is on record, if it is there, whose client the resource of a message belongs to."""
    market, found = arrived.market, []
    for resource, path in arrived.declared.belongs_to.items():
        number = reach(said.document, parse_path(path).steps)
        if number is not ABSENT and number is not None:
            found.append(Wanted(market, resource, str(number)))
    return found


def made_of(
    arrived: Arrived, said: Said, owners: Owners, related: Sequence[OrderRow], messages: tuple[MessageRow, ...], order_id: str
) -> Made:
    """The resource that a message tells of, under ``order_id``; ``related``: what there is of ``related_to``.

    Raises MappingFailed for a state that is none.
    """
    market, wanted, at = arrived.backend.market, arrived.wanted, arrived.at
    resource = market.life(wanted.resource)
    document: Document = {"id": order_id, **said.document}
    state = str(document.setdefault(resource.member, resource.initial))
    if state not in resource.states:
        raise MappingFailed(f"a message of the backend makes a {wanted.resource} of state '{state}', which is none of its states")
    canonical, done = write_json(document), resource.ended(state)
    client, attention = _owner(arrived, said.document, owners)
    if not client and (clients := [each.client for each in related if each.client]):
        client, attention = clients[0], ""
    tasks = () if done else first_question(market, arrived.operation, order_id, state, at, chance)
    return Made(
        wanted,
        {
            "id": order_id,
            "market": wanted.market,
            "operation": arrived.operation,
            "resource": wanted.resource,
            "client": client,
            "face": arrived.inbound.face,
            "correlation_id": arrived.scope.correlation_id,
            "external_id": wanted.external_id,
            "state": state,
            "backend_ref": wanted.reference,
            "rule_version": arrived.translator.version,
            "request": _CAME_BY_ITSELF,
            "answer": canonical,
            "created_at": at,
            "updated_at": at,
            "legacy_state": said.word,
            "attention": attention,
            "done_at": at if done or not watched(market, arrived.operation, state) else None,
        },
        events=(told(resource.events.create, canonical),) if resource.events.create else (),
        tasks=() if done else (*tasks, *timers_of(market, order_id, state, at)),
        messages=messages,
        audience=audience_of(client, private=market.private),
    )


def _owner(arrived: Arrived, report: Document, owners: Owners) -> tuple[str, str]:
    """The client that it belongs to, and what a person has to look at where that cannot be told."""
    path, named = arrived.declared.owner, " and ".join(sorted({*arrived.declared.owned_by.values()}))
    if not named:
        return "", ""
    party = reach(report, parse_path(path).steps) if path else ABSENT
    if party is ABSENT or party is None:
        return "", f"the message names nothing on record at {named}, so this belongs to no client"
    client = owners.get((arrived.market, str(party)), "")
    return client, "" if client else f"it belongs to the party '{party}', which no client of config/clients.yaml names under 'parties'"
