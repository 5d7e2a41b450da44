"""The files of a new market, written together or not at all."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from adapter.bootstrap import read_rules
from adapter.bootstrap.connectors import WAYS
from adapter.contract.json_bytes import write_json
from adapter.contract.shape import OperationContract
from adapter.contract.wsdl import load_contract
from adapter.contract.wsdl_model import SoapContract
from adapter.contract.wsdl_sources import read_sources
from adapter.errors import AdapterError, CheckFailed, ConfigError
from adapter.faces.declaration import Face
from adapter.finding import suggest
from adapter.mapping.cases import CLIENT_REFERENCE, CORRELATION_ID, NOW, UID
from adapter.mapping.scope import Scope
from adapter.market import Market, load_market
from adapter.ports import Document
from adapter.scaffold.examples import example, leaf
from adapter.scaffold.skeleton import OrderId, mapping_text, order_id
from adapter.settings import Home

OPERATION = "productOrder.create"
_LISTED = re.compile(r"^(markets:\s*\[)([^\]]*?)[\s,]*\]", re.MULTILINE)
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_NO_TEXT = ("true", "false", "null")  # values of another kind where they stand bare in a file


@dataclass(frozen=True, slots=True)
class Made:
    """What was written, relative to the project, and the variable that has to hold the backend's address. ``listed``: whether the
    market could be added to ``config/adapter.yaml``; where not, a person has to."""

    files: tuple[str, ...]
    variable: str
    listed: bool


def new_market(home: Home, faces: Sequence[Face], name: str, connector: str, contract: Path, operation: str, title: str = "") -> Made:
    """Writes market file, mapping, codes, a case and a README for one operation of a WSDL (connector soap) or an OpenAPI document (rest).

    What is written passes every check, and its case runs. Raises ConfigError (nothing is left behind): the name is none or taken, the
    contract cannot be read or has no such operation.
    """
    if not _NAME.fullmatch(name) or name in _NO_TEXT:
        raise ConfigError(
            f"'{name}' cannot be the id of a market: it is a letter and then letters, digits and dashes, all lower case; not true or null"
        )
    folder, market_file = home.mapping_folder(name), home.market_file(name)
    for taken in (folder, market_file):
        if taken.exists():
            raise ConfigError(f"{taken.relative_to(home.root)} is there already; choose another id, or remove it first")
    sources = _sources(connector, contract)
    settings_file = home.root / "config" / "adapter.yaml"
    settings_text = settings_file.read_text(encoding="utf-8")
    try:
        ports = _ports(connector, contract, operation)
        legacy = _legacy(home, name, connector, contract, operation, ports)
        _copy(sources, folder / "schema")
        market_file.write_text(_market_text(name, title or name, connector, contract, legacy, ports), encoding="utf-8")
        texts = {
            f"{OPERATION}.yaml": mapping_text(OPERATION, legacy, f"schema/{contract.name}"),
            "codes.yaml": _codes_text(contract),
            "README.md": _readme(name, title or name, contract, legacy),
        }
        for file, text in texts.items():
            (folder / file).write_text(text, encoding="utf-8")
        case = folder / "cases" / "01-create.json"
        case.parent.mkdir()
        case.write_bytes(_cases(home, faces, name, legacy))
    except (AdapterError, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        market_file.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise ConfigError(f"{error.filename}: {error.strerror}; nothing was left behind") from error
        raise
    changed, listed = _LISTED.subn(lambda found: f"{found[1]}{', '.join(filter(None, (found[2], name)))}]", settings_text, count=1)
    settings_file.write_text(changed, encoding="utf-8")
    written = sorted(str(path.relative_to(home.root)) for path in folder.rglob("*") if path.is_file())
    return Made((str(market_file.relative_to(home.root)), *written), _variable(name), bool(listed))


def _sources(connector: str, contract: Path) -> Mapping[Path, Path]:
    """The contract's files by where they go, relative to the market's folder of schemas."""
    if not contract.is_file():
        raise ConfigError(f"{contract}: there is no such file")
    if connector != "soap":
        return {Path(contract.name): contract}
    root, found = contract.resolve().parent, read_sources(contract).texts
    outside = [path for path in found if not path.is_relative_to(root)]
    if outside:
        raise ConfigError(f"{outside[0]} is imported from outside of {root}; put all files of the contract beneath the folder of the WSDL")
    return {path.relative_to(root): path for path in found}


def _copy(sources: Mapping[Path, Path], folder: Path) -> None:
    for place, source in sources.items():
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _ports(connector: str, contract: Path, operation: str) -> Mapping[str, SoapContract]:
    """The ports that have to be named: the first, and those that have operations which it has not. Where an operation of theirs has the
    name of another one, only the one that takes the order; without any, the first is all there is."""
    if connector != "soap" or not (first := load_contract(contract)).elsewhere:
        return {}
    ports = {first.port: first, **{name: load_contract(contract, port=name) for name in first.elsewhere.values()}}
    names = [each for port in ports.values() for each in port.operations]
    if len(set(names)) == len(names):
        return ports
    return {name: port for name, port in ports.items() if name == first.elsewhere.get(operation, first.port)}


def _legacy(home: Home, name: str, connector: str, contract: Path, operation: str, ports: Mapping[str, SoapContract]) -> OperationContract:
    declared = dict.fromkeys(ports, "")
    market = Market(
        market=name,
        title=name,
        connector=connector,
        endpoint="http://localhost/",
        contract=contract.resolve(),
        ports=declared,
        operations={},
    )
    known = WAYS[connector].contracts(market, home.path(contract.resolve()), None)  # the backend's own, and none of ours
    there = f"there are {', '.join(sorted(known))}" if known else "it has none that a backend is called by"
    if not operation:
        raise ConfigError(f"{contract}: name the operation that takes an order with --operation; {there}")
    if operation not in known:
        raise ConfigError(f"{contract}: there is no operation '{operation}'; {suggest(operation, sorted(known), 'there are') or there}")
    return known[operation]


def _variable(name: str) -> str:
    return f"ADAPTER_{name.upper().replace('-', '_')}_ENDPOINT"


def _market_text(
    name: str, title: str, connector: str, contract: Path, legacy: OperationContract, ports: Mapping[str, SoapContract]
) -> str:
    listed = [
        f"  {port}: {orjson.dumps(urlsplit(one.address).path).decode()}    # {', '.join(one.operations)}" for port, one in ports.items()
    ]
    comment = "# each at a path seen from 'endpoint', or at an address of its own"
    named = "\n".join([f"ports:                          {comment}", *listed, ""]) if listed else ""
    return f"""# Made by 'adapter new market'. docs/configuration.md tells of every key.
market: {name}
title: {orjson.dumps(title).decode()}
connector: {connector}
endpoint: ${{{_variable(name)}}}
contract: mappings/{name}/schema/{contract.name}
{named}timezone: UTC                   # the backend's own, e.g. Europe/Berlin

limits:
  slots: 16                     # calls at one time
  total: 20                     # seconds for one whole call

operations:
  {OPERATION}:                  # {legacy.name}
    message: The backend could not take the order
    # An order whose fate is not known waits for a person, until a probe is declared here and mapped in productOrder.probe.yaml:
    # probe: productOrder.probe
    # settle: 5
    # authoritative: true       # only where a probe that finds nothing proves that nothing was done
"""


def _codes_text(contract: Path) -> str:
    return f"""# The backend's warnings and errors, and code tables (docs/mapping-language.md).
# A code that is not listed passes, is kept and counted.
source: "schema/{contract.name}"

messages: {{}}
"""


def _readme(name: str, title: str, contract: Path, legacy: OperationContract) -> str:
    return f"""# {name}: {title}

Made from `schema/{contract.name}`, operation `{legacy.name}`. It passes `adapter check {name}` and `adapter test {name}` as it is,
and sends examples: `grep -rn REPLACE mappings/{name}` lists what is yours to write.

| step | file | how it is checked |
| --- | --- | --- |
| where the backend is: `{_variable(name)}` | `config/markets/{name}.yaml` | `adapter serve` refuses to start without it |
| what goes out, required and optional elements with their types | `{OPERATION}.yaml`, `request:` | `adapter check {name}` |
| what comes back | the same, `reply:` | `adapter check {name}` |
| how the backend says yes or no | the same, `outcome:` | a case with a refusal |
| its messages | `codes.yaml` | `adapter codes` shows those that were seen and are not listed |
| real exchanges as cases | `cases/` | `adapter test {name}` names every rule that none uses |
| who may send orders to it | `config/clients.yaml`, `markets:` of a client | `adapter check` |

## What the interface is, and where its facts come from

`schema/` is as the backend's owner gave it, and is never edited. Write down here what it does not say.

## Oddities

None are known yet.
"""


def _cases(home: Home, faces: Sequence[Face], name: str, legacy: OperationContract) -> bytes:
    """Cases that use every rule; what they expect is what the rules make of an example. Raises CheckFailed where files do not fit."""
    market = load_market(home.market_file(name), {_variable(name): "http://localhost/"})
    rules = read_rules(home, market, faces)
    if not rules.usable:
        raise CheckFailed([finding for finding in rules.findings if finding.severity == "error"])
    translator = rules.translators()[OPERATION]
    request: Document = {"externalId": "EXAMPLE-1", "productOrderItem": [{"id": "1", "action": "add"}]}
    scope = Scope(request=request, correlation_id=CORRELATION_ID, client_reference=CLIENT_REFERENCE, now=NOW, uid=UID)
    case: Document = {
        "title": "the least order, and the least answer that the contract allows",
        "operation": OPERATION,
        "request": request,
        "legacy": translator.request(scope).document,
    }
    doubtful = []
    if not legacy.one_way:
        found = order_id(legacy.output)
        if found is not None and found.optional:
            title = "a reply without the order's number leaves it in doubt"
            doubtful = [{"title": title, "operation": OPERATION, "reply": example(legacy.output), "outcome": {"is": "inDoubt"}}]
        reply = _numbered(example(legacy.output), found)
        scope = Scope(request=request, reply=reply, correlation_id=CORRELATION_ID, client_reference=CLIENT_REFERENCE, now=NOW, uid=UID)
        case |= {"reply": reply, "outcome": {"is": "accepted"}, "answer": translator.reply(scope).document}
    unnumbered = {"productOrderItem": request["productOrderItem"]}
    without: Document = {
        "title": "an order without a number of its own is refused, and nothing is sent",
        "operation": OPERATION,
        "request": unnumbered,
        "problems": ["externalId"],
    }
    pretty: bytes = orjson.dumps(
        orjson.loads(write_json([case, without, *doubtful])), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    )
    return pretty


def _numbered(reply: Document, found: OrderId | None) -> Document:
    """The reply with the member that the order's number is read from, also where the contract does not require it."""
    place = reply
    for step in found.path.split(".")[:-1] if found is not None else ():
        place = place.setdefault(step, {})
    if found is not None:
        place.setdefault(found.path.rpartition(".")[2], leaf(found.shape))
    return reply
