"""The adapter: orders of TM Forum APIs on one side, legacy systems on the other, declared rules in between.

The engine names no market and no backend. Imports point one way, from the top of this list down (``pyproject.toml`` has the exact order,
and a module that is not in it fails the check):

what starts and joins
    ``cli`` the commands · ``scaffold`` a new market's files · ``bootstrap`` builds every part from what is declared
what calls in, and what goes on by itself
    ``faces`` HTTP from front-ends, backends and operators · ``work`` due tasks: submit, reconcile, poll, timer, delivery
the straight line of a request
    ``routing`` which of several markets takes it · ``pipeline`` prepare, record, call, judge, map back, record, answer · ``exchange``
    one call of a backend, judged · ``conclusion`` its end: what the caller is told, and the row · ``intake`` key, fingerprint and scope of
    a message · ``showing``, ``reading`` requests that change nothing · ``deferral`` callers who were answered before the backend
    was asked · ``doubt`` calls whose fate is not known
a change of what is on record, and tasks about it
    ``aims`` what a message is about · ``patching`` what a PATCH changes · ``altering`` whether it may · ``carrying`` whether it gets to
    the backend · ``revising`` what its end makes of the subject
what a backend tells
    ``following``, ``reports`` the question for a state, and its answer · ``receiving``, ``arriving``, ``making`` its own messages
how an order goes on
    ``recorded`` it is read back · ``changing`` what happened becomes a change of its row · ``agenda`` what is to be done later
the parts
    ``backend`` one market's parts, joined · ``mapping`` the language: read, check, compile, run, explain · ``codes`` warnings and errors
    → normalised codes · ``wire`` the only sockets towards backends · ``store`` the record · ``redaction`` what may not be kept
what is declared
    ``settings`` the service · ``market``, with ``inbound``, ``schedule``, ``channel`` its parts · ``resource`` the lives of the standard's
    resources · ``declared``, ``wrong_value``, ``yaml_text`` how files are read, and what is said of a mistake
what all of them speak
    ``ports`` the values of the straight line, and what a connector is · ``recording`` the operation that calls nobody · ``contract`` what
    may be written where · ``errors`` all that can go wrong · ``finding`` what a check says · ``logs``, ``tracing``, ``clock``,
    ``frozen``, ``loopback``, ``tallies``
"""
