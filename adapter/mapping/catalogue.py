"""Every kind of finding about a mapping, its code and how to mend it: the source of ``docs/findings.md``.

A code never changes its meaning and is never given to another one. M1 the file and its syntax, M2 names and paths,
M3 kinds and sizes, M4 what is written and how often, M5 two-way rules, M6 code tables, M7 overlays, M8 expressions.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapter.finding import Finding, Position


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of finding. ``remedy`` is what to do about it; ``example`` a line that causes it."""

    title: str
    meaning: str
    example: str
    remedy: str
    severity: str = "error"


def finding(code: str, text: str, at: Position, hint: str = "") -> Finding:
    """A finding with the severity of its kind. Raises KeyError for a code that is not in the catalogue."""
    return Finding(code, text, at, hint, CATALOGUE[code].severity)


def reference() -> str:
    """``docs/findings.md`` but for its end: every kind of finding with its meaning, an example and the remedy."""
    lines = [
        "# Findings",
        "",
        "What `adapter check` says about mapping files and code tables. A code never changes its meaning. An error keeps a mapping",
        "from being loaded; a warning does not. Each code that begins with M has a folder in `tests/diagnostics/` that shows it with its",
        "frame. Codes that begin with F or K are about the files in `config/`:",
        "[configuration.md](configuration.md#what-is-declared-and-where).",
        "",
    ]
    for letter, title in _GROUPS.items():
        lines += [
            f"## {letter}: {title}",
            "",
            "| code | finding | severity | meaning | example | remedy |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        for code, entry in CATALOGUE.items():
            if code.startswith(letter):
                example = f"`{entry.example}`" if entry.example else ""
                cells = [code, entry.title, entry.severity, entry.meaning, example, entry.remedy]
                lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        lines.append("")
    return "\n".join(lines)


_GROUPS = {
    "M1": "the file and its syntax",
    "M2": "names and paths",
    "M3": "kinds and sizes",
    "M4": "what is written, and how often",
    "M5": "two-way rules",
    "M6": "code tables",
    "M7": "overlays",
    "M8": "expressions",
}

CATALOGUE: dict[str, Entry] = {
    # -- M1: the file and its syntax
    "M101": Entry(
        "broken YAML",
        "The text cannot be read as YAML from this place on.",
        'legacy: "PlaceOrder',
        "Close the quote or bracket, or mend the indentation.",
    ),
    "M102": Entry("tab", "YAML is indented with blanks; a tab has no width.", "\\tid: reply.id", "Replace the tab by blanks."),
    "M103": Entry(
        "duplicate key",
        "The same key, or two spellings of the same path, stands twice in one block; only one could count.",
        "state: \"'a'\" … state: \"'b'\"",
        "Remove one, or join both in one `choose`.",
    ),
    "M104": Entry(
        "YAML feature not allowed",
        "Anchors, aliases, tags and merge keys hide where a value comes from.",
        "id: &number reply.id",
        "Write the value out; use `like:` to share between files.",
    ),
    "M105": Entry("several documents", "One file holds one mapping.", "---", "Move what follows `---` to a file of its own."),
    "M106": Entry(
        "not a block of keys", "The file, or this part of it, must be `key: value` lines.", "- request", "Write `key: value` lines."
    ),
    "M107": Entry(
        "encoding",
        "The file is not UTF-8, or holds control characters, or a rule would write one, which no message carries.",
        "a file saved as Latin-1",
        "Save the file as UTF-8 without a byte order mark, and remove the character.",
    ),
    "M108": Entry(
        "too large",
        "The file is larger or nested deeper than a mapping can sensibly be.",
        "a 5 MB file",
        "Split the file; move tables to codes.yaml.",
    ),
    "M109": Entry(
        "file missing",
        "The file does not exist or cannot be read.",
        "mappings/north/productOrder.creat.yaml",
        "Create it, or correct the name.",
    ),
    "M110": Entry("unknown key", "The key means nothing here.", "requets:", "Correct the spelling, or remove the key."),
    "M111": Entry("key missing", "The block cannot be understood without this key.", "{table: kinds}", "Add the key."),
    "M112": Entry(
        "wrong form",
        "Here stands a value, a list or a block where one of the others is wanted.",
        "request: text",
        "Write the form that the text names.",
    ),
    "M113": Entry("empty value", "The key has no value.", "id:", "Write an expression; '' is the empty text."),
    "M114": Entry("keys exclude each other", "Both keys answer the same question.", "{value: x, choose: []}", "Keep one of them."),
    "M115": Entry("expression syntax", "The expression cannot be read.", "request.id |", "Mend the expression at the caret."),
    "M116": Entry(
        "construct not allowed",
        "Expressions hold paths, constants, operators, filters, tests and inline conditions; nothing is called.",
        "request.id.upper()",
        "Use a filter, or `choose`, `each` and `table`.",
    ),
    "M117": Entry("path syntax", "The text is no path.", "note[@type].text", "Write name.name, name[] or name[key=value]."),
    "M118": Entry(
        "converter syntax", "After the legacy path only ` | name(constant, …)` may stand.", "order.id | code(", "Write `| name(argument)`."
    ),
    "M119": Entry(
        "value not allowed", "The word or number is not one of those that can stand here.", "status: 99", "Choose one of the named values."
    ),
    "M120": Entry(
        "section of another kind of file",
        "A file that calls an operation (`legacy`) and that of a received message (`receives`) have different sections.",
        "receives: StatusMessage … reply: …",
        "Use the section that the text names.",
    ),
    # -- M2: names and paths
    "M201": Entry("unknown canonical path", "The TMF contract has no such member.", "billingAcount.id: …", "Correct the path."),
    "M202": Entry("unknown legacy path", "The legacy contract has no such member.", "order.acountNumber: …", "Correct the path."),
    "M203": Entry(
        "undefined name", "No such name exists in this section.", "id: replay.orderNumber", "Use one of the names of the section."
    ),
    "M204": Entry("unknown filter", "There is no such filter.", "request.id | uper", "Use one of the documented filters."),
    "M205": Entry("unknown test", "There is no such test.", "request.id is presnt", "Use one of the documented tests."),
    "M206": Entry("unknown converter", "There is no such converter.", "order.kind | cod(kinds)", "Use one of the documented converters."),
    "M207": Entry(
        "wrong arguments",
        "Number or kind of the arguments does not fit.",
        "request.id | replace('a')",
        "Give the arguments that the text names.",
    ),
    "M208": Entry(
        "unknown setting",
        "The market declares no such setting.",
        "setting['selfInstal']",
        "Declare it in the market file, or correct the name.",
    ),
    "M209": Entry("unknown legacy operation", "The legacy contract has no such operation.", "legacy: PlaceOrdr", "Correct the name."),
    "M210": Entry(
        "unknown operation", "No resource or verb of this name is offered.", "operation: productOrdr.create", "Write resource.verb."
    ),
    "M211": Entry("unknown face", "No face of this name is declared.", "view: {hybrs: …}", "Correct the name, or declare the face."),
    "M212": Entry("unknown outcome", "A call is accepted, rejected, unavailable, inDoubt or absent.", "is: acepted", "Use one of these."),
    "M213": Entry(
        "file name",
        "File name and `operation` differ, so the mapping would not be found.",
        "operation: productOrder.retrieve  (in productOrder.create.yaml)",
        "Rename the file or correct the key.",
    ),
    "M214": Entry(
        "no subject",
        "Only tasks and changes are about another document, or one on record.",
        "subject: {state: \"'cancelled'\"}  (in productOrder.create.yaml)",
        "Move the rules to `reply`, or remove the section.",
    ),
    "M215": Entry(
        "nobody is answered",
        "The legacy operation is one-way, so there is no document to write or to read.",
        "answer: {code: \"'0'\"}  (of a one-way message)",
        "Remove the section.",
    ),
    # -- M3: kinds and sizes
    "M301": Entry("kind does not fit", "The value is of another kind than its place.", "quantity: \"'one'\"", "Convert it with a filter."),
    "M302": Entry(
        "list into one", "The value is a list, the place takes one.", "id: request['item[].id']", "Pick one: [key=value], first or join."
    ),
    "M303": Entry(
        "one into list",
        "The value is one, the place takes a list.",
        "order.line: request.id",
        "Use a list block, or pick the element to write.",
    ),
    "M304": Entry("no condition", "A condition must be true or false.", "when: request.id", "Compare it, or ask `is present`."),
    "M305": Entry(
        "value not in the enumeration",
        "The contract lists the values that may stand here.",
        "state: \"'done'\"",
        "Use a listed value, or a code table.",
    ),
    "M306": Entry(
        "length does not fit",
        "The constant is longer or shorter than the contract allows.",
        "code: \"'TOOLONG'\"",
        "Use a value of that length.",
    ),
    "M307": Entry(
        "pattern does not fit", "The constant does not match the pattern of its place.", "account: \"'x'\"", "Use a value that matches."
    ),
    "M308": Entry(
        "may be too long",
        "The source may be longer than its place.",
        "code: request.name",
        "Shorten it, or make the contracts equal.",
        "warning",
    ),
    "M309": Entry(
        "may be absent",
        "The filter or operator cannot take a value that is not there.",
        "request.name | upper",
        "Add `| default(…)`, or `require` it.",
    ),
    "M310": Entry("null does not fit", "The place cannot be null.", "id: none", "Write a value, or `absent`."),
    "M311": Entry("number does not fit", "The constant is outside of the contract's range.", "quantity: 0", "Use a number in the range."),
    "M312": Entry(
        "shape does not fit",
        "A copied object or list does not fit its place.",
        "order.party: request.note",
        "Write the members one by one.",
    ),
    "M313": Entry(
        "may be null where null does not fit",
        "The source may be null, its place takes no null, and the rule has nothing to write instead.",
        "remark: request.comment",
        "Add `| default(absent)` to leave it out, `| default(…)`, or the key `default`; a two-way rule leaves it out by itself.",
    ),
    # -- M4: what is written, and how often
    "M401": Entry(
        "required, never written",
        "The contract requires this place and no rule writes it.",
        "order.line[]: {each: …, set: {quantity: …}}  (no code)",
        "Add a rule.",
    ),
    "M402": Entry(
        "required, not always written",
        "The rule may leave a required place unwritten.",
        "id: request.externalId",
        "Add a default, or `require` the source.",
    ),
    "M403": Entry(
        "written twice",
        "Two rules write the same place.",
        "order.number in both and in request",
        "Remove one, or join both in one `choose`.",
    ),
    "M404": Entry(
        "inside a copied subtree",
        "Another rule copies the whole object around this place.",
        "note: request.note … note[@type=Job].text: …",
        "Remove one of the two rules.",
    ),
    "M405": Entry(
        "choice written twice",
        "The contract takes only one of these members.",
        "contact.phone: … contact.email: …",
        "Keep one, or make the rules exclude each other.",
    ),
    "M406": Entry(
        "dropped and used",
        "The path is declared as not forwarded, and a rule uses it.",
        "drop: item[].quantity … quantity: item.quantity",
        "Remove the drop or the rule.",
    ),
    "M407": Entry(
        "never accepted",
        "No rule of `outcome` is `accepted`, so no order can succeed.",
        "outcome: [{is: rejected}]",
        "Add an accepted rule.",
    ),
    "M408": Entry("constant condition", "The condition does not depend on the message.", "when: true", "Remove the condition.", "warning"),
    "M409": Entry("unreachable", "Nothing gets past the line before.", "otherwise: … then when: …", "Move it up, or remove it."),
    "M410": Entry(
        "identical branches", "Two branches do the same, or ask the same.", "when: a … value: x, otherwise: x", "Join them.", "warning"
    ),
    "M411": Entry(
        "absent outside of a probe", "Only a probe can say that an order is certainly absent.", "is: absent", "Use rejected or inDoubt."
    ),
    "M412": Entry(
        "required twice", "The same place is required twice.", "- billingAccount.id … - billingAccount.id", "Remove one.", "warning"
    ),
    "M413": Entry(
        "list cannot be walked here",
        "`[]` on the left needs a list block.",
        "order.line[].id: …",
        "Write `order.line[]:` with each and set.",
    ),
    "M414": Entry("no effect", "The part can never have an effect.", "default on a constant", "Remove it.", "warning"),
    # -- M5: two-way rules
    "M501": Entry(
        "converter does not fit",
        "The converter does not take or give the kind of this place.",
        "quantity: line.count | prefixed('x')",
        "Use another converter.",
    ),
    "M502": Entry(
        "not in the reply",
        "The reply has no such place, so the rule has no way back.",
        "externalId: channel",
        "Move the rule to `request`.",
    ),
    "M503": Entry(
        "no inverse",
        "The way back is not unique.",
        "kind: line.kind | code(kinds)",
        "Make the table one to one, or write two one-way rules.",
    ),
    "M504": Entry(
        "kinds differ",
        "Both sides of a two-way rule must be of the same kind, or have a converter.",
        "quantity: line.text",
        "Add a converter.",
    ),
    "M505": Entry("not in the request", "The request has no such place.", "id: order.number", "Move the rule to `reply`."),
    # -- M6: code tables
    "M601": Entry("unknown table", "codes.yaml has no such table.", "table: lineKnd", "Correct the name, or add the table."),
    "M602": Entry("unused table", "No rule uses the table.", "tables: {lineKind: …}  (used nowhere)", "Remove it.", "warning"),
    "M603": Entry(
        "table gap",
        "A value that the contract allows has no row, and a miss is refused.",
        "rows: {RES: R}  (the value can be BUS too)",
        "Add the row, or an on_miss rule.",
    ),
    "M604": Entry(
        "row does not fit",
        "A row gives a value that its place cannot hold.",
        "BUS: BUSINESS  (the place takes R and B)",
        "Correct the row.",
    ),
    "M605": Entry(
        "row never used",
        "The contract has no such value; or the table is only read, and an earlier row has the code already.",
        "GOV: G  (no such canonical value)",
        "Remove or correct the code.",
        "warning",
    ),
    "M606": Entry("empty table", "The table has no rows.", "rows: {}", "Add rows, or remove the table."),
    "M607": Entry(
        "code read twice",
        "A legacy code behind the first of its row is there to be read; it stands in the table a second time.",
        "completed: [DONE, CLOSED] … cancelled: CLOSED",
        "Keep it in the row that it means.",
    ),
    # -- M7: overlays
    "M701": Entry("missing parent", "The mapping named by `like` does not exist.", "like: nort", "Correct the name."),
    "M702": Entry("cycle", "The mappings start from each other.", "like: north", "Let one of them stand alone."),
    "M703": Entry("overrides nothing", "The override says what the parent says.", "state: …  (the same as in the parent)", "Remove it."),
    "M704": Entry("removes nothing", "The parent has no such rule.", "without: [reply.stat]", "Correct the path, or remove the line."),
    "M705": Entry("no parent", "`without` and partial blocks need `like`.", "without: [reply.id]", "Add `like`, or remove it."),
    "M706": Entry(
        "changes nothing", "The overlay has no rule of its own.", "like: north", "Add what differs, or remove the file.", "warning"
    ),
    # -- M8: expressions
    "M801": Entry(
        "undeclared header or parameter",
        "No face declares this header, query or path parameter, so it never arrives.",
        "header['X-Conversatoin-Id']",
        "Correct the name, or declare it in the face.",
    ),
    "M802": Entry(
        "may be null", "The filter or operator cannot take null.", "request.comment | upper", "Add `| default(…)`, which replaces null too."
    ),
    "M803": Entry(
        "never equal",
        "The two values can never be equal, so the comparison has one result only.",
        "request.quantity == '1'",
        "Compare values of one kind.",
    ),
    "M804": Entry(
        "key missing", "header, query, path and setting are read by key, never as a whole.", "id: header", "Write header['Name']."
    ),
    "M805": Entry("division by zero", "The divisor is the constant 0.", "request.quantity // 0", "Divide by something else."),
    "M806": Entry(
        "another spelling of a setting",
        "A setting is compared with what is all but its value in the market's file. Other values are no mistake: a switch has several.",
        "setting['selfInstallDate'] == 'forced'",
        "Correct the spelling here, or in the market's `settings`.",
        "warning",
    ),
}
