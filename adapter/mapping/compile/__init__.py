"""Mapping files become Python functions, once, when they are loaded.

One generator makes two forms of each function: the plain one, and one that also tells which rule wrote what.
"""

from adapter.mapping.compile.lookup import MissHook, no_hook
from adapter.mapping.compile.program import COMPILER_VERSION, Compiled, Program, compile_mapping

__all__ = ["COMPILER_VERSION", "Compiled", "MissHook", "Program", "compile_mapping", "no_hook"]
