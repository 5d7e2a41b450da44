"""The supplier of both lines: takes orders in the style of S/PRI, and sends its messages by itself."""

from simulators.spri.server import spri

__all__ = ["spri"]
