"""Builds every part from what is declared, and joins them. The only package that knows all of them."""

from __future__ import annotations

from adapter.bootstrap.rules import MarketRules, read_rules
from adapter.bootstrap.service import Service, open_service

__all__ = ["MarketRules", "Service", "open_service", "read_rules"]
