"""Makes a dictionary for the bodies on record (docs/decisions/0082): all stories are walked against the simulators, the orders of all cases
are placed, and what is on record afterwards is what Zstandard learns from. Times and ids differ from run to run, so that each run makes
another dictionary.

.venv/bin/python -m benchmarks.words 32769

The number is that of the dictionary, which each body packed with it names: 32769 to 65535 (below, Zstandard keeps them for itself; above,
they take more room). One that has shipped is never made again: bodies on record need it. Give the next number, and add what is printed to
adapter/store/words.py.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import uvloop
import zstandard

from adapter.cli.demo_shown import Shown
from adapter.cli.hosting import to_this_machine
from adapter.cli.story import load_story, stories
from adapter.cli.story_walk import Walk, walking
from adapter.logs import configure_logs
from adapter.mapping.cases import load_cases
from adapter.settings import Home, Log, load_settings
from adapter.store.packing import LEVEL, unpack
from adapter.store.words import file_of
from simulators.registry import without_backends

SIZE = 16 << 10  # with 8 kB a body is a tenth to a third larger; with 32, a tenth smaller, and the processor's first cache full
PIECE = 1024  # bytes that are taken at a time: bodies have much in common in a row; with 256, or 2048, they are a tenth to a third larger
OPERATION = "productOrder.create"
_BODIES = (("message", "body"), ("resource_order", "request"), ("resource_order", "answer"), ("idempotency", "body"), ("event", "document"))


def bodies() -> list[bytes]:
    """The distinct bodies on record after all stories. Raises SystemExit where a story does not come out as declared."""
    with tempfile.TemporaryDirectory(prefix="words-") as folder:
        uvloop.run(_walk(Path(folder)))
        record = sqlite3.connect(Path(folder) / "words.db")
        try:
            return list(dict.fromkeys(unpack(packed, place) for place, packed in _packed(record)))
        finally:
            record.close()


def _packed(record: sqlite3.Connection) -> Iterator[tuple[str, bytes]]:
    for table, column in _BODIES:
        for (packed,) in record.execute(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY rowid"):
            yield f"{table}.{column}", packed


async def _walk(folder: Path) -> None:
    environment = without_backends(os.environ)
    home = Home.find(environment)
    declared = load_settings(home, environment)
    alone = {"data": folder, "store": f"sqlite:///{folder}/words.db", "base_url": "", "targets": (), "tracing": None}
    settings = declared.model_copy(update={**alone, "callbacks": to_this_machine(declared.callbacks)})
    console = Shown(full=False)
    console.file = io.StringIO()
    async with walking(console, home, settings, [load_story(home, name) for name in stories(home)], environment) as walks:
        for walk in walks:
            await walk.go()
            await _place_cases(walk)
    if console.failures:
        raise SystemExit("\n".join(console.failures))


async def _place_cases(walk: Walk) -> None:
    """Places the orders of a market's cases as its story places one of them, if it does; refusals are on record, too."""
    routes = walk.running.service.backends.routes.get(walk.story.market)
    first = next((step.send for step in walk.story.steps if step.send is not None and step.send.file is not None), None)
    if first is None:
        return
    headers = walk.story.actors[first.who].headers
    for market in (walk.story.market,) if routes is None else routes.market.routes:
        cases = load_cases(walk.home.mapping_folder(market) / "cases")
        for number, case in enumerate(one for one in cases if one.operation == OPERATION and one.request is not None):
            numbered = {name: f"words-{market}-{number}" if name.lower() == "correlationid" else value for name, value in headers.items()}
            await walk.http.post(first.path, case.request, numbered)


def made(number: int, samples: list[bytes]) -> bytes:
    """A dictionary of that number from samples."""
    return zstandard.train_dictionary(SIZE, list(samples), k=PIECE, d=8, dict_id=number, level=LEVEL).as_bytes()


def main() -> None:
    """Writes the dictionary, and prints its line for adapter/store/words.py."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("number", type=int)
    number = parser.parse_args().number
    file = file_of(number)
    if file.exists() or not 32768 < number < 65536:
        raise SystemExit(f"{number} is taken, or cannot be: choose another number between 32769 and 65535")
    configure_logs(Log(level="error"))
    samples = bodies()
    words = made(number, samples)
    file.write_bytes(words)
    print(f"{file}, from {len(samples)} bodies of {sum(map(len, samples)) // 1000} kB")
    print(f'    {number}: "{hashlib.sha256(words).hexdigest()}",')


if __name__ == "__main__":
    main()
