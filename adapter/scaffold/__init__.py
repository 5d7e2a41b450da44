"""A new market from a contract: files that are complete, pass every check and run at once, and say what a person has to replace."""

from adapter.scaffold.market import Made, new_market

__all__ = ["Made", "new_market"]
