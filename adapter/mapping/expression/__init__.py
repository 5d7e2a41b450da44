"""Expressions: one Jinja expression on the right side of a rule, parsed once, typed against the contracts."""

from adapter.mapping.expression.facts import facts_of, outcome_facts, refused_facts
from adapter.mapping.expression.infer import infer, infer_condition
from adapter.mapping.expression.parse import ExpressionError, parse_expression

__all__ = ["ExpressionError", "facts_of", "infer", "infer_condition", "outcome_facts", "parse_expression", "refused_facts"]
