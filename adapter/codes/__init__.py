"""Warnings and errors of a backend → normalised codes, by a market's codes file (``grammar``, ``messages``, ``reference``).

The engine knows no system's texts: how a text is taken apart, what each code means and what the caller should do is declared.
The code tables of the same file (``tables``) belong to the mapping language and are not looked at here.
"""

from __future__ import annotations

from adapter.codes.catalogue import Catalogue, Meaning
from adapter.codes.load import catalogue_in, load_catalogue, read_catalogue
from adapter.codes.reference import ReferenceTable

__all__ = ["Catalogue", "Meaning", "ReferenceTable", "catalogue_in", "load_catalogue", "read_catalogue"]
