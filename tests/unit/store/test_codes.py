"""Backend codes are counted together, and written a little later."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from adapter.errors import StoreUnavailable
from adapter.ports import Issue, IssuePart
from adapter.store import CodeRow, counting

WARNING = Issue("ORV59I - no technician", "warning", code="ORV59I", name="order.no-technician")
UNKNOWN = Issue("XYZ99E - what is this", "error", code="XYZ99E")


def test_codes_are_counted_by_market_with_first_last_and_latest_sample(with_store, clock):
    async def scenario(store):
        began = clock.now
        store.count_codes("north", [WARNING, UNKNOWN, WARNING])
        clock.now += 5
        store.count_codes("south", [UNKNOWN])
        store.count_codes("north", [replace(UNKNOWN, text="XYZ99E - again"), Issue("no code at all", "error")])
        first = await store.codes()
        clock.now += 5
        store.count_codes("north", [WARNING])
        return began, first, (await store.codes())[0]

    began, first, later = with_store(scenario)
    assert first == [
        CodeRow("north", "ORV59I", "order.no-technician", "warning", 2, began, began, "ORV59I - no technician"),
        CodeRow("north", "XYZ99E", "", "error", 2, began, began + 5, "XYZ99E - again"),
        CodeRow("north", "no code at all", "", "error", 1, began + 5, began + 5, "no code at all"),
        CodeRow("south", "XYZ99E", "", "error", 1, began + 5, began + 5, "XYZ99E - what is this"),
    ]
    assert (later.count, later.first_seen, later.last_seen) == (3, began, began + 10)


def test_counts_are_written_by_themselves_and_at_the_end(with_store, monkeypatch):
    monkeypatch.setattr(counting, "FLUSH_SECONDS", 0.0)
    written = asyncio.Event()

    async def first(store):
        write = store.tx

        async def tell(function, *arguments):
            result = await write(function, *arguments)
            if function is counting.codes.write_counts:
                written.set()
            return result

        monkeypatch.setattr(store, "tx", tell)
        store.count_codes("north", [WARNING])
        async with asyncio.timeout(10):
            await written.wait()
        monkeypatch.undo()
        store.count_codes("north", [])
        store.count_codes("north", [UNKNOWN])

    async def second(store):
        return [(row.code, row.count) for row in await store.codes()]

    with_store(first)
    assert with_store(second) == [("ORV59I", 1), ("XYZ99E", 1)]


def test_counts_that_cannot_be_written_now_are_kept_for_the_next_time(with_store, monkeypatch):
    def refuse(_, __):
        raise StoreUnavailable("the disk is full")

    async def scenario(store):
        monkeypatch.setattr(counting, "FLUSH_SECONDS", 0.0)
        with monkeypatch.context() as patched:
            patched.setattr(counting.codes, "write_counts", refuse)
            store.count_codes("north", [WARNING])
            writing = asyncio.create_task(store.codes())
            await asyncio.sleep(0)
            store.count_codes("north", [WARNING, UNKNOWN])
            with pytest.raises(StoreUnavailable):
                await writing
            while store._counts.waiting:
                await store.ready()
        store.count_codes("north", [WARNING])
        return [(row.code, row.count) for row in await store.codes()]

    assert with_store(scenario) == [("ORV59I", 3), ("XYZ99E", 1)]


def test_every_entry_of_a_text_is_counted_and_texts_without_a_code_stay_apart(with_store):
    parts = (
        IssuePart("ALRT", "ABC01A", "BOOKED OVER", "order.override"),
        IssuePart("ALRT", "NEW02E", "WHAT IS THIS"),
        IssuePart("", None, "words"),
    )
    several = Issue(
        "ALRT,ABC01A-BOOKED OVER,NEW02E-WHAT IS THIS,words", "warning", None, "ALRT", "ABC01A", name="order.override", parts=parts
    )
    known_by_field = Issue("OTG 17", "warning", parts=(IssuePart("OTG", None, "17", "outage"),))
    blank = Issue("", "error", parts=(IssuePart(),))
    long = "no such thing " * 20

    async def scenario(store):
        store.count_codes("north", [several, Issue("house unknown", "error"), Issue("system closed", "error"), Issue(long, "error")])
        store.count_codes("north", [several, known_by_field, replace(known_by_field, text="OTG 18"), blank])
        return {row.code: (row.name, row.count, row.sample) for row in await store.codes()}

    assert with_store(scenario) == {
        "ABC01A": ("order.override", 2, several.text),
        "NEW02E": ("", 2, several.text),
        "words": ("", 2, several.text),
        "house unknown": ("", 1, "house unknown"),
        "system closed": ("", 1, "system closed"),
        long[:80]: ("", 1, long),
        "OTG": ("outage", 2, "OTG 18"),
        "": ("", 1, ""),
    }
