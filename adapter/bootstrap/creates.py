"""What the mapping of an operation that makes a resource has to tell, beyond what its contracts ask for.

K114, a warning: no rule judges a reply as rejected, so every refusal stays in doubt. K115: the answer has no id of the backend's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adapter.contract.shape import OperationContract
from adapter.finding import Finding
from adapter.mapping.model import Direction, MappingFile
from adapter.market import Market, RoutedMarket

_CREATE = "create"


def check_creates(market: Market, mappings: Mapping[str, MappingFile], legacy: Mapping[str, OperationContract]) -> Iterator[Finding]:
    """Of mappings that were read without an error. Tasks have ids of the adapter's own, and a routed market asks others."""
    if isinstance(market, RoutedMarket):
        return
    for name, file in mappings.items():
        contract = legacy.get(file.legacy.value)
        if file.received or not name.endswith(f".{_CREATE}") or contract is None or contract.one_way:
            continue
        at = file.places.get("outcome", file.legacy.at)
        if file.outcome and not any(rule.kind.value == "rejected" or rule.when is None for rule in file.outcome):
            text = "no rule of 'outcome' is rejected, so every order that the backend refuses stays in doubt"
            yield Finding("K114", text, at, "add a rule '- {when: …, is: rejected, texts: …}'", "warning")
        life = market.life(name)
        if life.subject is None and life.life.identity not in _written(file):
            text = f"no rule writes '{life.life.identity}', so nothing tells by which id the backend knows what it made"
            at = file.places.get("reply", file.places.get("both", file.legacy.at))
            yield Finding(
                "K115", text, at, "add a rule for it to 'reply' or 'both'; a backend that tells no number knows it by ours: clientReference"
            )


def _written(file: MappingFile) -> set[str]:
    """The members of the answer that some rule writes."""
    both = (rule.canonical for rule in file.both if rule.only is not Direction.REQUEST)
    return {str(target.path) for target in (*both, *(rule.target for rule in file.rules["reply"]))}
