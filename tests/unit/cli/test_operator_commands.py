"""What operators do on the command line, beside a running service and on the record it left: same words, same effect."""

from __future__ import annotations

import asyncio
import getpass
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
import typer
from sqlalchemy import update
from typer.testing import CliRunner, Result

from adapter.changing import attention_to
from adapter.cli.main import app
from adapter.cli.running import operator, with_query
from adapter.errors import Conflict, InvalidMessage, NotFound
from adapter.store import OrderQuery, Store
from adapter.store.advancing import advance
from adapter.store.connection import Statement
from adapter.store.schema import resource_order
from tests.admin_kit import LOST, changed, listening, parked_stream, parked_task, patient_home
from tests.service_kit import ROOT, Running, home_with, pr_order, running

Work = Callable[[Store], Awaitable[Any]]


class Desk:
    """The command line on one data folder, and the record behind it, with or without a service."""

    def __init__(self, home: str, data: Path, service: Running | None, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home, self.data, self.service, self._monkeypatch = home, data, service, monkeypatch

    def call(self, *arguments: str) -> Result:
        self._monkeypatch.setenv("ADAPTER_DATA", str(self.data))
        self._monkeypatch.setenv("ADAPTER_HOME", self.home)
        return CliRunner().invoke(app, arguments)

    def says(self, *arguments: str) -> str:
        result = self.call(*arguments)
        assert result.exit_code == 0, (result.output, result.exception)
        alone = f"no service is running here: the record is {self.data / 'adapter.db'}\n"
        assert result.stderr == ("" if self.service is not None else alone), "where no service answers, it says which record it opened"
        return result.stdout

    def refuses(self, kind: type[Exception], *arguments: str) -> str:
        result = self.call(*arguments)
        assert isinstance(result.exception, kind), (result.output, result.exception)
        return str(result.exception)

    def on_record(self, work: Work) -> Any:
        """Runs ``work`` on the record, in the service's loop while it runs."""
        if self.service is not None:
            return asyncio.run_coroutine_threadsafe(work(self.service.hosted.service.store), self.service.loop).result(30)

        async def alone() -> Any:
            store = await Store.open(f"sqlite:///{self.data / 'adapter.db'}")
            try:
                return await work(store)
            finally:
                await store.close()

        return asyncio.run(alone())

    def newest(self) -> Any:
        async def first(store: Store) -> Any:
            return (await store.orders(OrderQuery(limit=1)))[0]

        return self.on_record(first)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> str:
    return patient_home(tmp_path_factory.mktemp("home") / "h")


@pytest.fixture(params=["beside a service", "without one"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, home: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Two orders in doubt and one that is well are on record."""
    data = tmp_path / "data"
    with running(data, {"ADAPTER_HOME": home}) as service:
        assert service.place(pr_order(), correlation="well").status_code == 201
        for _ in range(2):
            service.slbos.once("UpdateOrderDetail", LOST)
            assert service.place(pr_order()).status_code == 504
        if request.param == "beside a service":
            yield Desk(home, data, service, monkeypatch)
    if request.param == "without one":
        yield Desk(home, data, None, monkeypatch)


def test_orders_in_doubt_are_found_settled_and_gone_from_the_list(desk):
    heads, *lines = desk.says("orders", "--in-doubt").splitlines()
    assert heads.split("  ")[0] == "since"
    assert len(lines) == 2
    found, absent = (line.split()[2] for line in lines)
    told = desk.says("orders", "settle", found, "--as", "accepted", "--reference", "4711", "--why", "desk said so")
    assert told.startswith(f"order {found} is accepted as 4711; repeats get that answer")
    told = desk.says("orders", "settle", absent, "--as", "absent")
    assert told.startswith(f"order {absent} is free: attempt 1 had no effect")
    assert desk.says("orders", "--in-doubt") == "no order is in doubt\n"
    shown = desk.says("orders", "show", "4711")
    assert f"{getpass.getuser()}: order.settle" in shown
    assert "attempt 1: accepted as 4711: desk said so" in shown
    refused = desk.refuses(Conflict, "orders", "settle", found, "--as", "absent")
    assert "attempt 1 is settled already: accepted as 4711 since" in refused
    assert "needs the backend's number" in desk.refuses(InvalidMessage, "orders", "settle", found, "--as", "accepted")
    assert "there is no order 'nothing'" in desk.refuses(NotFound, "orders", "settle", "nothing", "--as", "absent")
    assert desk.call("orders", "settle", found, "--as", "perhaps").exit_code == 2


def test_a_number_that_another_order_has_is_taken_only_where_somebody_insists(desk):
    first, second = (line.split()[2] for line in desk.says("orders", "--in-doubt").splitlines()[1:])
    desk.says("orders", "settle", first, "--as", "accepted", "--reference", "4711")
    refused = desk.refuses(Conflict, "orders", "settle", second, "--as", "accepted", "--reference", "4711")
    assert f"order {second}: 4711 is the backend's number of {first} (acknowledged) in market pr already; nothing was changed" in refused
    assert f"'adapter orders {first}'" in refused
    assert second in desk.says("orders", "--in-doubt")
    told = desk.says("orders", "settle", second, "--as", "accepted", "--reference", "4711", "--shared")
    assert told.startswith(f"order {second} is accepted as 4711")


@pytest.mark.parametrize("other", ["market", "resource"])
def test_the_same_number_in_another_market_or_of_another_kind_is_another_thing(desk, other):
    moved = Statement(update(resource_order).where(resource_order.c.outcome == "accepted").values(backend_ref="4711", **{other: "other"}))
    desk.on_record(lambda store: store.tx(lambda c: c.change(moved, {})))
    first = desk.says("orders", "--in-doubt").splitlines()[1].split()[2]
    told = desk.says("orders", "settle", first, "--as", "accepted", "--reference", "4711")
    assert told.startswith(f"order {first} is accepted as 4711")


def test_a_routed_market_means_those_it_stands_for(desk):
    moved = Statement(update(resource_order).where(resource_order.c.outcome == "accepted").values(market="jm-cerillion"))
    desk.on_record(lambda store: store.tx(lambda c: c.change(moved, {})))
    for market in ("jm", "jm-cerillion"):
        [row] = desk.says("orders", "--market", market).splitlines()[1:]
        assert " jm-cerillion " in row
    assert desk.says("orders", "--market", "jm-liberate") == "no orders of market jm-liberate on record\n"
    assert desk.says("orders", "--state", "held", "--market", "jm") == "no orders of market jm in state held on record\n"
    for listed in (("orders",), ("orders", "--attention")):  # a slip of the hand is no calm
        assert "there is no market 'nowhere' (there are: pr, jm, " in desk.refuses(NotFound, *listed, "--market", "nowhere")


def test_an_order_is_shown_with_and_without_its_bodies_by_either_way_of_asking(desk):
    [row] = [line for line in desk.says("orders", "--market", "pr").splitlines() if " accepted " in line]
    identifier = row.split()[2]
    whole = desk.says("orders", identifier)
    assert whole == desk.says("orders", "show", identifier)
    [number] = [line.split()[1] for line in whole.splitlines() if line.startswith("externalId ")]
    by_number = desk.says("orders", "show", number)
    assert f"externalId         {number}\n" in by_number
    assert "there is no order 'C-0'" in desk.refuses(NotFound, "orders", "show", "C-0")
    refused = desk.refuses(NotFound, "orders", "settle", number, "--as", "absent")
    assert f"there is no order '{number}' by our id or the backend's; " in refused, "only by what is one's own"
    assert f"that of {identifier} (market pr, " in refused
    brief = desk.says("orders", "show", identifier, "--brief")
    order = [line for line in brief.splitlines() if line[:2] == "20" or line[:3] == "now"]
    kinds = [line.split()[1] for line in order if line[:2] == "20"]
    assert sorted(kinds[:4]) == ["accepted", "attempt", "message", "message"], "what was asked, and what is about to be sent"
    assert kinds.count("message") == 4
    times = [line.split()[0] for line in order if line[:2] == "20"]
    assert times == sorted(times)
    assert "[rules " in brief
    assert "UpdateOrderDetail" in brief
    assert "clientReference>" in whole
    assert "clientReference>" not in brief


def test_a_number_that_several_orders_of_a_market_have_shows_the_newest_and_names_the_others(tmp_path, home, monkeypatch):
    """Decision 3: other content under the same number is a correction."""
    with running(tmp_path / "data", {"ADAPTER_HOME": home}) as service:
        for category in ("RES", "BUS", "VIP"):
            assert service.place(pr_order(externalId="E-7", category=category)).status_code == 201
        desk = Desk(home, tmp_path / "data", service, monkeypatch)
        newest, *older = [line.split()[2] for line in desk.says("orders").splitlines()[1:]]
        shown = desk.says("orders", "show", "E-7", "--brief").splitlines()
        assert shown[0] == f"id                 {newest}"
        others = [line for line in shown if line.startswith("same number, older ")]
        assert [line.split()[4].rstrip(",") for line in others] == older
        assert "same number" not in desk.says("orders", "show", older[0])


def test_a_number_of_several_orders_is_refused_where_it_is_not_clear_which_one_is_meant(desk):
    rows = desk.on_record(lambda store: store.orders(OrderQuery()))
    numbered = update(resource_order).values(backend_ref="LAB-000001", external_id="E-1")
    desk.on_record(lambda store: store.tx(lambda c: c.change(Statement(numbered), {})))
    refused = desk.refuses(Conflict, "orders", "settle", "LAB-000001", "--as", "absent")
    assert "'LAB-000001' is the number of several orders; name the one that is meant by its own id: " in refused
    assert [f"{row.id} (market pr, " in refused for row in rows] == [True] * 3
    assert "of several orders" in desk.refuses(Conflict, "orders", "dismiss", "LAB-000001", "--why", "x")
    assert f"id                 {rows[0].id}\n" in desk.says("orders", "show", "LAB-000001")
    elsewhere = update(resource_order).where(resource_order.c.id == rows[1].id).values(market="lab", backend_ref="")
    desk.on_record(lambda store: store.tx(lambda c: c.change(Statement(elsewhere), {})))
    assert f"id                 {rows[0].id}\n" in desk.says("orders", "show", "LAB-000001"), "no order of the other market has it"
    blank = update(resource_order).values(backend_ref="")
    desk.on_record(lambda store: store.tx(lambda c: c.change(Statement(blank), {})))
    assert f"{rows[1].id} (market lab, " in desk.refuses(Conflict, "orders", "show", "E-1")


def test_tasks_are_listed_and_redriven_alone_or_by_lane(desk):
    for number in range(3):
        desk.on_record(lambda store, number=number: parked_task(store, f"poll:T{number}", "poll:nobody", f"reason {number}"))
    listed = desk.says("tasks", "--parked", "--lane", "poll:nobody")
    assert [line.split()[-1] for line in listed.splitlines()[1:]] == ["0", "1", "2"]
    assert desk.says("tasks", "redrive", "poll:T1") == "poll:T1 is due now\n"
    redriven = desk.says("tasks", "redrive", "--lane", "poll:nobody").splitlines()
    assert sorted(redriven) == ["poll:T0 is due now", "poll:T2 is due now"]
    assert desk.says("tasks", "redrive", "--lane", "poll:nobody") == "nothing stands still there\n"
    assert desk.says("tasks", "--parked", "--lane", "poll:nobody") == "no parked tasks in lane poll:nobody on record\n"
    assert "there is no task 'poll:T9'" in desk.refuses(NotFound, "tasks", "redrive", "poll:T9")
    assert desk.says("tasks", "redrive", "--lane", "timer:pr") == "nothing stands still there\n", "a lane of a market that is declared"
    for mistyped in ("pol:nobody", "poll:nobdy"):
        assert "did you mean 'poll:nobody'?" in desk.refuses(NotFound, "tasks", "redrive", "--lane", mistyped), mistyped
    assert "there is no lane 'zz'; it is KIND:MARKET" in desk.refuses(NotFound, "tasks", "redrive", "--lane", "zz")
    assert desk.says("tasks", "--lane", "poll:nobody", "--order", "O-1") == (
        "no tasks in lane poll:nobody of order O-1 on record; --order takes our id, as 'adapter orders' lists it\n"
    )
    assert desk.call("tasks", "redrive").exit_code == 2
    assert desk.call("tasks", "redrive", "poll:T1", "--lane", "x").exit_code == 2


def test_dead_letters_are_listed_redriven_and_skipped(desk):
    order = desk.newest()

    async def prepared(store: Store) -> None:
        await parked_task(store, "poll:T1", reason="no such order")
        await listening(store, market=order.market)
        fresh = await store.order(order.id)
        await changed(store, fresh, "held", b'{"state":"held"}')
        await parked_stream(store, "L1", "HTTP 500")

    assert "poll:T1" not in desk.says("dead-letters")
    desk.on_record(prepared)
    stream = f"L1/{order.id}"
    lines = desk.says("dead-letters").splitlines()
    assert any("poll:T1" in line and "no such order" in line for line in lines)
    assert any(stream in line and "HTTP 500" in line and "event 1 of 1" in line for line in lines)
    assert "L1" in desk.says("listeners")
    assert desk.says("dead-letters", "redrive", "poll:T1") == "poll:T1 is due now\n"
    assert desk.says("dead-letters", "skip", stream, "--why", "not wanted") == "event 1 is left out, 0 more follow\n"
    assert "there is nothing to redrive" in desk.refuses(Conflict, "dead-letters", "redrive", stream)
    assert desk.says("dead-letters", "redrive", "--listener", "L1") == "nothing stands still there\n"
    mistyped = desk.refuses(NotFound, "dead-letters", "redrive", "--listener", "L11")
    assert mistyped == "there is no listener 'L11'; did you mean 'L1'? 'adapter listeners' lists them"
    assert desk.call("dead-letters", "redrive").exit_code == 2
    shown = desk.says("orders", order.id, "--brief")
    assert "delivery.skip" in shown
    assert "event 1: ProductOrderStateChangeEvent" in shown
    assert "listener L1: 0 of 1 events are sent, 1 left out" in shown


def test_listeners_are_listed_and_resumed(desk):
    assert desk.says("listeners") == "nobody listens\n"
    desk.on_record(listening)
    heads, line = desk.says("listeners").splitlines()
    assert heads.split()[0] == "id"
    assert line.split()[:4] == ["L1", "pr", "shop", "well"]
    assert desk.says("listeners", "resume", "L1") == "listener L1 is sent to again\n"
    assert "there is no listener 'L9'" in desk.refuses(NotFound, "listeners", "resume", "L9")


def test_nothing_is_purged_that_is_young(desk):
    assert desk.says("purge", "--dry-run") == "nothing is past its age\n"
    assert desk.says("purge") == "nothing is past its age\n"


def test_what_is_past_its_age_is_counted_and_goes(tmp_path, monkeypatch):
    section = "clients: config/clients.yaml\nretention: {orders: 0.0000001, messages: null, events: null, audit: null}\n"
    home = home_with(tmp_path / "home", {"config/adapter.yaml": ("clients: config/clients.yaml\n", section)})
    with running(tmp_path / "data", {"ADAPTER_HOME": home}) as service:
        assert service.place(pr_order(house="00918424400911")).status_code == 400
        desk = Desk(home, tmp_path / "data", service, monkeypatch)
        looked = desk.says("purge", "--dry-run").removeprefix("would go:\n").splitlines()
        assert ["1", "orders"] in [line.split() for line in looked]
        assert ["1", "keys"] in [line.split() for line in looked]
        assert desk.says("purge").removeprefix("gone:\n").splitlines() == looked
        assert "no orders on record" in desk.says("orders")


def test_what_a_neighbour_logs_meanwhile_is_no_part_of_what_a_command_says():
    command = typer.Typer()

    @command.command()
    def say() -> None:
        structlog.get_logger("neighbour").warning("something.else")
        typer.echo("said")

    said = CliRunner().invoke(command)
    assert (said.stdout, said.stderr) == ("said\n", "")


def test_what_is_set_makes_the_query_and_who_asks_is_known(monkeypatch):
    assert with_query("/a", limit=3, state="", parked=True, other=False, name="a b&c") == "/a?limit=3&parked=1&name=a+b%26c"
    monkeypatch.delenv("SUDO_USER", raising=False)
    assert operator() == getpass.getuser()
    monkeypatch.setenv("SUDO_USER", "ann")
    assert operator() == f"{getpass.getuser()} (sudo by ann)"


TMF = "/tmf-api/productOrderingManagement/v4"


def placed_at_the_lab(service: Running, external_id: str) -> str:
    document = {"externalId": external_id, "productOrderItem": [{"id": "1", "action": "add"}]}
    answer = service.http.post(f"{TMF}/productOrder", json=document)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    data = tmp_path / "data"
    with running(
        data, {"ADAPTER_LAB_INBOUND_PASSWORD": "demo-secret", "ADAPTER_SIMULATOR_SPEED": "0.01", "ADAPTER_LAB_POLL": "3600"}
    ) as service:
        yield Desk(str(ROOT), data, service, monkeypatch)


def row_of(listed: str, *words: str) -> dict[str, str]:
    """The cells of the one line that holds all these words, by the heads of their columns."""
    heads, *lines = listed.splitlines()
    [line] = [line for line in lines if all(word in line.split() for word in words)]
    starts = [match.start() for match in re.finditer(r"(?<!\S)\S+(?: \S+)*", heads)]
    ends = [*starts[1:], None]
    return {heads[a:b].strip(): line[a:b].strip() for a, b in zip(starts, ends, strict=True)}


def test_changes_of_an_order_are_told_in_lists_in_its_way_and_in_their_own(lab):
    assert lab.service is not None
    number = placed_at_the_lab(lab.service, "CH-1")
    order = lab.newest().id
    assert lab.service.http.patch(f"{TMF}/productOrder/{number}", json={"note": [{"text": "ring twice"}]}).status_code == 200
    patch = lab.newest().id
    assert lab.service.http.post(f"{TMF}/cancelProductOrder", json={"productOrder": {"id": number}}).status_code == 201
    cancel = lab.newest().id
    listed = lab.says("orders", "--market", "lab")
    assert [row_of(listed, "accepted", name)["about"] for name in ("productOrder.create", "productOrder.update")] == ["-", order]
    assert row_of(listed, "cancelProductOrder.create")["id"] == cancel
    whole = lab.says("orders", number, "--brief")
    changes = [line.split(maxsplit=2)[2] for line in whole.splitlines() if line.split()[1:2] == ["change"]]
    assert changes == [
        f"productOrder.update {patch} from demo-open: accepted",
        f"cancelProductOrder.create {cancel} from demo-open: accepted, done",
    ]
    own = lab.says("orders", patch, "--brief")
    assert f"subject            {order}\n" in own
    assert f", about {order}\n" in own.replace("  [rules", "\n")
    assert f"about     productOrder {order}, the backend's {number}: cancelled" in own


NOTICE = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
<NotifyOrder xmlns="urn:lab:notices:1"><noticeNo>N-1</noticeNo><orderNo>{number}</orderNo><status>ASLEEP</status></NotifyOrder>
</s:Body></s:Envelope>"""


def test_what_a_message_calls_attention_to_is_listed_with_the_reason_and_dismissed(lab):
    assert lab.service is not None
    assert lab.says("orders", "--attention") == "nothing needs a person\n"
    number = placed_at_the_lab(lab.service, "AT-1")
    sent = lab.service.http.post(
        "/inbound/lab", content=NOTICE.format(number=number), auth=("lab-desk", "demo-secret"),
        headers={"content-type": "text/xml", "SOAPAction": '"urn:lab:notices:1/NotifyOrder"'},
    )  # fmt: skip
    assert sent.status_code == 200, sent.text
    order = lab.newest().id
    row = row_of(lab.says("orders", "--attention"), order)
    assert (row["request"], row["external id"], row["stands still"]) == ("productOrder.create", "AT-1", "-")
    assert "ASLEEP" in row["reason"]
    assert lab.says("orders", "--attention", "--market", "pr") == "nothing of market pr needs a person\n"
    assert row_of(lab.says("orders", "--attention", "--market", "lab"), order) == row
    metrics = lab.service.http.get("/metrics").text
    assert 'adapter_orders_attention{market="lab"} 1.0' in metrics
    assert lab.call("orders", "dismiss", order).exit_code == 2, "why is needed"
    told = lab.says("orders", "dismiss", number, "--why", "the desk's people know")
    assert told.startswith(f"order {order} calls for nobody any more; it said: ")
    assert lab.says("orders", "--attention") == "nothing needs a person\n"
    shown = lab.says("orders", order)
    assert f"{getpass.getuser()}: order.dismiss" in shown
    assert "ASLEEP" in shown.partition("order.dismiss")[2]
    assert ": the desk's people know" in shown
    assert "calls for nobody's attention" in lab.refuses(Conflict, "orders", "dismiss", order, "--why", "again")
    assert "there is no order 'nothing'" in lab.refuses(NotFound, "orders", "dismiss", "nothing", "--why", "x")


def test_all_that_stands_still_is_in_the_list_of_attention_once(desk):
    order, reason = desk.newest(), "in doubt: nobody can tell"

    async def prepared(store: Store) -> None:
        assert await store.tx(advance, attention_to(await store.order(order.id), reason, await store.now()))
        await parked_task(store, f"reconcile:{order.id}", "reconcile:nobody", reason, order.id)
        [well] = [each for each in await store.orders(OrderQuery()) if each.outcome == "accepted"]
        await parked_task(store, f"timer:{well.id}", "timer:nobody", "taken 10 times without an end", well.id)
        await parked_task(store, "poll:gone", "poll:nobody", "of an order that is not on record", "GONE")
        await listening(store, market=well.market)
        await changed(store, await store.order(well.id), "held", b'{"state":"held"}')
        assert await parked_stream(store, "L1", "HTTP 500") == well.id

    desk.on_record(prepared)
    listed = desk.says("orders", "--attention")
    rows = [row_of(listed, word) for word in (f"reconcile:{order.id}", "10", "500")]
    assert [row["reason"] for row in rows] == [reason, "taken 10 times without an end", "event 2: HTTP 500"]
    assert rows[2]["stands still"] == f"L1/{rows[2]['id']}"
    assert len(listed.splitlines()) == 4
    assert len(desk.says("orders", "--attention", "--limit", "1").splitlines()) == 2
    refused = desk.refuses(Conflict, "orders", "dismiss", order.id, "--why", "x")
    assert f"settle it with 'adapter orders settle {order.id}'" in refused
    refused = desk.refuses(Conflict, "orders", "dismiss", rows[1]["id"], "--why", "x")
    assert f"redrive it with 'adapter tasks redrive timer:{rows[1]['id']}'" in refused


@pytest.mark.parametrize(
    "given",
    [("--in-doubt", "--market", "pr"), ("--in-doubt", "--state", "held"), ("--in-doubt", "--attention"), ("--attention", "--state", "x")],
)
def test_a_narrowing_that_a_list_does_not_know_is_refused_and_not_left_out(given, monkeypatch):
    monkeypatch.setenv("ADAPTER_HOME", str(ROOT))
    result = CliRunner().invoke(app, ["orders", *given])
    assert result.exit_code == 2
    assert "it goes with --limit only" in result.output
