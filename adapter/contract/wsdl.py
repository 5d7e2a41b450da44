"""A WSDL as a contract: ``load_contract`` gives plain data, from the cache where nothing has changed.

With a warm cache zeep is not imported, which alone takes half a second.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from pydantic import TypeAdapter

from adapter.contract.cache import cached
from adapter.contract.shape import OperationContract
from adapter.contract.wsdl_model import SoapContract
from adapter.contract.wsdl_shape import Shapes
from adapter.contract.wsdl_sources import read_sources

COMPILER = "2"  # raised whenever the model or its reader changes, so that old cache files are not used


def load_contract(wsdl_path: Path | str, cache_dir: Path | str | None = None, port: str | None = None) -> SoapContract:
    """The contract of a SOAP port of the WSDL (of the first where ``port`` is None).

    Reads files only. Raises ConfigError: a file is missing or no XML, an import names a network address, the WSDL has no
    such port, or zeep cannot load it.
    """
    sources = read_sources(Path(wsdl_path))
    digest = sources.digest(COMPILER, version("zeep"), port or "")

    def make() -> SoapContract:
        from adapter.contract.wsdl_zeep import read_contract  # noqa: PLC0415  (half a second that a warm start saves)

        return read_contract(sources, digest, port)

    directory = Path(cache_dir) if cache_dir is not None else None
    contract = cached(directory, f"{sources.wsdl.stem}-{digest[:32]}", _adapter(), make)
    # a copied tree shares its cache
    return contract if contract.location == str(sources.wsdl) else replace(contract, location=str(sources.wsdl))


def operation_contracts(contract: SoapContract) -> Mapping[str, OperationContract]:
    """The operations with the Shapes of their documents."""
    shapes = Shapes(contract)
    return {name: shapes.operation(operation) for name, operation in contract.operations.items()}


@functools.cache
def _adapter() -> TypeAdapter[SoapContract]:
    return TypeAdapter(SoapContract)
