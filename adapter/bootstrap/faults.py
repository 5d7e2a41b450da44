"""What a market says of a backend's faults, against the faults that its contract declares.

K214, a warning: a backend may answer with a code of its own, but a name that nothing declares is a slip more often than not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from adapter.contract.shape import OperationContract
from adapter.declared import Mistake
from adapter.finding import suggest
from adapter.market import Market


def check_faults(market: Market, contracts: Iterable[OperationContract], codes: Collection[str]) -> Iterator[Mistake]:
    """Names below ``outcomes.fault`` that are neither a declared fault nor one of the protocol's own ``codes``."""
    known = [*dict.fromkeys((*(name for contract in contracts for name in contract.faults), *codes))]
    for name in market.outcomes.fault:
        if name not in known:
            text = "the contract declares no such fault, so it may be that this holds for none, and what it is meant for stays in doubt"
            hint = suggest(name, known, "there are") or "take it away, if the backend does not send it as a code of its own"
            yield Mistake(("outcomes", "fault", name), text, hint, "K214", severity="warning")
