"""Sequences as Mermaid text and as lanes."""

from __future__ import annotations

from adapter.cli.sequence import Arrow, lanes, mermaid, participants

EXCHANGE = [
    Arrow("buyer", "adapter", "POST /productOrder"),
    Arrow("adapter", "backend", "Take"),
    Arrow("backend", "adapter", "HTTP 200", reply=True),
    Arrow("adapter", "buyer", "201", reply=True),
]


def test_who_takes_part_stands_in_the_order_of_appearance_or_as_wanted():
    assert participants(EXCHANGE) == ["buyer", "adapter", "backend"]
    assert mermaid(EXCHANGE, ("backend", "nobody")).splitlines()[2:5] == [
        "    participant p1 as backend",
        "    participant p2 as buyer",
        "    participant p3 as adapter",
    ]


def test_mermaid_tells_messages_from_answers():
    assert mermaid(EXCHANGE).splitlines() == [
        "sequenceDiagram",
        "    autonumber",
        "    participant p1 as buyer",
        "    participant p2 as adapter",
        "    participant p3 as backend",
        "    p1->>p2: POST /productOrder",
        "    p2->>p3: Take",
        "    p3-->>p2: HTTP 200",
        "    p2-->>p1: 201",
    ]


def test_what_mermaid_reads_as_a_mark_is_written_as_an_entity():
    assert "p1->>p2: a#59; b#35;c" in mermaid([Arrow("x", "y", "a; b#c")])


def test_lanes_are_drawn_for_a_terminal():
    assert lanes(EXCHANGE, width=60) == [
        "     buyer                 adapter                backend",
        "       │ 1 POST /productOrder │                      │",
        "       │─────────────────────>│                      │",
        "       │                      │ 2 Take               │",
        "       │                      │─────────────────────>│",
        "       │                      │ 3 HTTP 200           │",
        "       │                      │<╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌│",
        "       │ 4 201                │                      │",
        "       │<╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌│                      │",
    ]


def test_a_long_text_goes_over_the_next_lanes_and_is_cut_at_the_edge():
    text = "ProductOrderAttributeValueChangeEvent " * 4
    above = lanes([Arrow("a", "b", text), Arrow("b", "c", "x")], width=70)[1]
    assert above.startswith("       │ 1 ProductOrderAttributeValueChangeEvent Product")
    assert above.endswith("…")
    assert len(above) == 70


def test_a_message_to_oneself_and_control_characters_do_no_harm():
    drawn = lanes([Arrow("a", "a", "thinks\x1b[2J\nagain")])
    assert drawn[2].strip() == "↺"
    assert "\x1b" not in "".join(drawn)


def test_nothing_is_drawn_for_no_messages():
    assert mermaid([]) == "sequenceDiagram\n    autonumber"
    assert lanes([]) == [""]
