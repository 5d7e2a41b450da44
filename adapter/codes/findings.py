"""What can be wrong with a codes file, by stable code: what it is, and how to mend it. The end of ``docs/findings.md``."""

from __future__ import annotations

FINDINGS: dict[str, tuple[str, str]] = {
    "C101": ("broken YAML", "Close the quote or bracket, or mend the indentation."),
    "C102": ("duplicate key", "Remove one of the two."),
    "C103": ("YAML feature not allowed", "Write the value out, without alias or tag; every scalar is text."),
    "C104": ("file cannot be read", "Correct the name, create the file, or save it as UTF-8."),
    "C105": ("unknown key", "Correct the spelling, or remove the key."),
    "C106": ("key missing", "Add the key."),
    "C107": ("wrong kind of value", "Write text, a list or `key: value` lines, as the message says."),
    "C108": ("value not allowed", "Use one of the values the message names."),
    "C111": ("broken expression", "Mend the regular expression; between single quotes no backslash is doubled."),
    "C112": ("unknown fragment", "Declare the fragment under `grammar.fragments`, or correct its name."),
    "C113": ("groups of an expression", "Name the groups as the message says."),
    "C121": ("sample read differently", "Mend the sample, the code, or the grammar."),
    "C131": ("reference row", "Give each row its key columns, and each key once."),
}


def reference() -> str:
    """The section of ``docs/findings.md`` about these."""
    lines = [
        "## C: warnings and errors of a backend",
        "",
        "C101 to C104 are about a file in YAML that a market names (an OpenAPI document, its `extension`), the others about `codes.yaml`,",
        "but for its `tables`. All are errors.",
        "",
        "| code | finding | remedy |",
        "| --- | --- | --- |",
    ]
    rows = (f"| {code} | {title} | {remedy} |" for code, (title, remedy) in FINDINGS.items())
    return "\n".join([*lines, *rows, ""])
