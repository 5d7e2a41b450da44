"""Every key a mapping file and the ``tables`` of a codes file can hold, and what each means."""

from __future__ import annotations

from collections.abc import Set

from adapter.mapping.forms import Either, Entries, Form, Key, Keys, Named, Sequence, Word

OUTCOMES = ("accepted", "rejected", "unavailable", "inDoubt", "absent")
MISSES = ("pass", "reject")

TEXT = Word("text", "text")
EXPRESSION = Word("expression", "one expression, such as request['billingAccount.id'] or 'a constant in quotes'")
CONDITION = Word("condition", "an expression that is true or false, such as reply.orderNumber is present")
PATH = Word("path", "a path, such as note[@type=JobType].text")
LIST_PATH = Word("list path", "the path of a list, such as order.line[]")
LEGACY_PATH = Word("legacy path", "a path of the legacy document, then any converters: order.line.kind | code(lineKind)")
NAME = Word("name", "a name", pattern=r"[A-Za-z_][\w.\-]*")
OPERATION = Word("operation", "resource.verb, such as productOrder.create", pattern=r"[A-Za-z]\w*\.[A-Za-z]\w*")
PARENT = Word("parent", "a market, or market/operation", pattern=r"[A-Za-z0-9][\w\-]*(/[A-Za-z]\w*\.[A-Za-z]\w*)?")
STATUS = Word("status", "an HTTP status from 200 to 599", pattern=r"[2-5][0-9][0-9]")
OUTCOME = Word("outcome", "accepted, rejected, unavailable, inDoubt or absent")
REFUSAL_STATUS = Word("status of a refusal", "400, 409 or 422", pattern="400|409|422")

_NOTE = Key("note", TEXT, "what to tell the operator when this branch is taken")
_DEFAULT = Key("default", EXPRESSION, "the value where there is none")

BRANCH = Keys(
    "a branch",
    "A value, and the condition under which it is taken.",
    (
        Key("when", CONDITION, "the condition", required=True),
        Key("value", EXPRESSION, "the value", required=True),
        _NOTE,
    ),
)
OTHERWISE = Keys(
    "the last branch",
    "The value where no condition held.",
    (Key("otherwise", EXPRESSION, "the value", required=True), _NOTE),
)
VALUE = Keys(
    "a value rule",
    "One value, with what can be said about it.",
    (
        Key("value", EXPRESSION, "the value"),
        Key(
            "choose",
            Sequence("choose", "Branches; the first whose condition holds gives the value.", Either("branch", "", (BRANCH, OTHERWISE))),
            "branches",
        ),
        Key("when", CONDITION, "write the value only if this holds"),
        _DEFAULT,
        Key("table", NAME, "look the value up in this code table of codes.yaml"),
        _NOTE,
    ),
    one_of=(("value", "choose"),),
)
LIST = Keys(
    "a list rule",
    "One element for each element of another list.",
    (
        Key("each", EXPRESSION, "the list that is walked; its element is 'item'", required=True, inherited=True),
        Key("when", CONDITION, "take only the elements for which this holds"),
        Key("set", Named("rules"), "rules for one element; paths start at the element", required=True),
    ),
)
TWO_WAY = Keys(
    "a two-way rule",
    "A legacy path that holds the same as the TMF path.",
    (
        Key("legacy", LEGACY_PATH, "the legacy path and its converters", required=True, inherited=True),
        Key("default", EXPRESSION, "sent to the legacy side where the TMF document has nothing"),
    ),
    instead={
        "table": "a table is looked up both ways by a converter behind the legacy path: legacy: path | code(table)",
        "value": "a value that is made by an expression goes one way: write the rule into a section of one direction",
        "when": "a condition holds one way: write a rule for each direction",
        "choose": "branches go one way: write a rule for each direction",
    },
)


def _two_way_list(*inner: Key) -> Keys:
    return Keys(
        "a two-way list",
        "Elements that stand for each other on both sides; inner paths start at the element.",
        (Key("legacy", LIST_PATH, "the legacy list", required=True, inherited=True), *inner),
    )


_TO_CANONICAL = "rules of one element, legacy to TMF only"
TWO_WAY_LIST = _two_way_list(
    Key("both", Named("both"), "two-way rules of one element"),
    Key("request", Named("rules"), "rules of one element, TMF to legacy only"),
    Key("reply", Named("rules"), _TO_CANONICAL),
)
REPORTED_LIST = _two_way_list(
    Key("both", Named("reported"), "rules of one element that only copy or convert"), Key("report", Named("rules"), _TO_CANONICAL)
)
REQUIRE = Keys(
    "a requirement",
    "What must be there, and when.",
    (
        Key("path", PATH, "a TMF path"),
        Key("header", Word("header", "the name of a header"), "a header"),
        Key("query", Word("query parameter", "the name of a query parameter"), "a query parameter"),
        Key("when", CONDITION, "required only if this holds"),
    ),
    one_of=(("path", "header", "query"),),
)
REFUSE = Keys(
    "a refusal",
    "A business reason not to send a request.",
    (
        Key("when", CONDITION, "the request is refused where this holds", required=True),
        Key("text", EXPRESSION, "what the caller is told", required=True),
        Key("status", REFUSAL_STATUS, "the HTTP status, 409 if not given"),
        Key("code", TEXT, "the code of the error"),
    ),
)
DROP = Keys(
    "a drop",
    "A TMF path that is deliberately not forwarded.",
    (Key("path", PATH, "the TMF path", required=True), Key("why", TEXT, "the reason, for the reader", required=True)),
)
JUDGEMENT = Keys(
    "an outcome rule",
    "How a reply is judged; the first rule that holds counts.",
    (
        Key("when", CONDITION, "the condition; without it the rule always holds"),
        Key("is", OUTCOME, "what became of the call", required=True),
        Key("texts", EXPRESSION, "the backend's warnings (accepted) or errors (else)"),
        Key("message", EXPRESSION, "the headline of the errors"),
        Key("status", STATUS, "an HTTP status for the caller instead of the default"),
    ),
)

RULE = Either("rule", "An expression, a value rule or a list rule.", (EXPRESSION, VALUE, LIST))
BOTH_RULE = Either("two-way rule", "A legacy path, or a block.", (LEGACY_PATH, TWO_WAY, TWO_WAY_LIST))

REPORTED_RULE = Either("reported rule", "A legacy path, or a list block.", (LEGACY_PATH, REPORTED_LIST))


def _head(operation: Key, inherit: Key) -> tuple[Key, ...]:
    return (
        Key("operation", OPERATION, "the operation: resource.verb", required=True, inherited=True),
        operation,
        Key("source", TEXT, "where the facts come from"),
        Key("like", PARENT, "start from the mapping of another market (market, or market/operation)"),
        inherit,
        Key(
            "without",
            Sequence("without", "Rules of the parent that are left out: section.path.", PATH),
            "rules of the parent that are left out",
        ),
    )


CALL = Keys(
    "a mapping file",
    "One operation of one market that calls the backend, both directions.",
    (
        *_head(
            Key(
                "legacy",
                Word("legacy operation", "the name of an operation of the legacy contract"),
                "the legacy operation that is called",
                required=True,
                inherited=True,
            ),
            Key(
                "inherit",
                Word("direction", "request or reply", words=("request", "reply")),
                "take one direction of the parent only (reply, subject, view, or require, refuse, request, drop), and that way of both",
            ),
        ),
        Key(
            "require",
            Sequence("require", "What must be there before anything is sent.", Either("requirement", "", (PATH, REQUIRE))),
            "what a request must hold",
        ),
        Key("refuse", Sequence("refuse", "Business reasons not to send a request.", REFUSE), "when a request is refused, and how"),
        Key("both", Named("both"), "TMF path: legacy path; one line serves both directions"),
        Key("request", Named("rules"), "legacy path: expression; TMF to legacy only"),
        Key("reply", Named("rules"), "TMF path: expression; legacy to TMF only"),
        Key("subject", Named("rules"), "TMF path of what the task or change is about: expression; what an accepted call makes of it"),
        Key("drop", Sequence("drop", "TMF paths that are deliberately not forwarded.", DROP), "TMF paths that are not forwarded, and why"),
        Key("outcome", Sequence("outcome", "How replies are judged.", JUDGEMENT), "how a reply is judged"),
        Key(
            "view",
            Entries("view", "What a face shows differently from the answer.", Word("face", "the name of a face"), Named("rules")),
            "per face, what it shows differently",
        ),
    ),
    elsewhere={
        "receives": "a file calls an operation (legacy) or receives a message (receives), never both",
        "report": "what the backend answers is mapped in 'reply'",
        "answer": "the backend is sent what stands in 'request'",
        "identity": "only messages that the backend sends have one",
    },
)
RECEIVED = Keys(
    "the file of a received message",
    "One message that the backend of a market sends of its own accord.",
    (
        *_head(
            Key(
                "receives",
                Word("legacy operation", "the name of an operation that the backend calls"),
                "the message that the backend sends",
                required=True,
                inherited=True,
            ),
            Key(
                "inherit",
                Word("direction", "report or answer", words=("report", "answer")),
                "take one direction of the parent only (identity, both and report, or answer)",
            ),
        ),
        Key("identity", EXPRESSION, "what is the same when the backend sends the message again; without it, its whole body"),
        Key("both", Named("reported"), "TMF path: legacy path of the message, with its converters"),
        Key("report", Named("rules"), "TMF path: expression; what the message says of the resource"),
        Key("answer", Named("rules"), "legacy path: expression; what the backend is answered"),
    ),
    elsewhere={
        "legacy": "a file calls an operation (legacy) or receives a message (receives), never both",
        "request": "the backend is answered what stands in 'answer'",
        "reply": "what the message says is mapped in 'report', what the backend is answered in 'answer'",
        "subject": "what the message says is mapped in 'report'",
        "require": "a message of the backend is taken as its contract says; choose in 'report'",
        "refuse": "'answer' tells the backend what became of its message",
        "outcome": "the adapter judges what became of the message; read outcome.kind and outcome.text in 'answer'",
        "view": "what a face shows is in the mappings of its own operations",
        "drop": "only callers are told what is not forwarded",
    },
)
OF_RECEIVED = {key.name for key in RECEIVED.keys} - {key.name for key in CALL.keys}


def mapping_form(names: Set[str]) -> Keys:
    """The kind of mapping file that holds these keys. An overlay may leave out what it receives."""
    return RECEIVED if "receives" in names or ("legacy" not in names and names & OF_RECEIVED) else CALL


NAMED: dict[str, Form] = {
    "rules": Entries("rules", "Target path: rule.", PATH, Named("rule")),
    "rule": RULE,
    "both": Entries("two-way rules", "TMF path: legacy path.", PATH, Named("two-way rule")),
    "two-way rule": BOTH_RULE,
    "reported": Entries("reported", "TMF path: legacy path.", PATH, Named("reported rule")),
    "reported rule": REPORTED_RULE,
}

_MISS = Either(
    "on_miss",
    "What to do with a value without a row.",
    (
        Word("on_miss", "pass or reject", words=MISSES),
        Keys("on_miss", "", (Key("default", Word("default", "the code to take", may_be_empty=True), "the code to take", required=True),)),
    ),
)
_CODE = Word("code", "a code", may_be_empty=True)
_LEGACY_CODES = Either(
    "legacy codes",
    "The legacy code; of several the first is sent, and each is read.",
    (_CODE, Sequence("the list of legacy codes", "Legacy codes: the first is sent, each is read.", _CODE, may_be_empty=False)),
)
TABLE = Keys(
    "a code table",
    "Canonical code: legacy code.",
    (
        Key("source", TEXT, "where the codes come from"),
        Key(
            "on_miss",
            Either(
                "on_miss",
                "What to do with a value without a row.",
                (*_MISS.forms, Keys("on_miss", "", (Key("request", _MISS, "TMF to legacy"), Key("reply", _MISS, "legacy to TMF")))),
            ),
            "what to do with a value without a row: pass, reject (if not given) or {default: code}; or {request: …, reply: …}",
        ),
        Key(
            "rows",
            Entries("rows", "Canonical code: legacy code.", _CODE, _LEGACY_CODES),
            "canonical code: legacy code, or the list of those that are read, of which the first is sent",
            required=True,
            inherited=True,
        ),
    ),
)
TABLES = Keys(
    "a codes file",
    "The code tables of one market.",
    (
        Key("like", Word("market", "a market", pattern=r"[a-z][a-z0-9\-]*"), "start from the codes of another market on the same system"),
        Key(
            "without",
            Sequence(
                "without", "What of the parent is left out: section.name.", Word("place", "section.name, such as tables.orderState.held")
            ),
            "what of the parent is left out: messages.E1, tables.orderState, tables.orderState.held",
        ),
        Key("tables", Entries("tables", "Code tables by name.", NAME, TABLE), "code tables by name"),
    ),
    open=True,
)
