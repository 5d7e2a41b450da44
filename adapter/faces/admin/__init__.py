"""The operator's face: what is on record, what stands still, and what people can do about it. The commands ask it, because the
record of a running service on SQLite is open in that process alone.

Every request carries the token that the service wrote into ``service.json`` in its data folder, readable by its user only. What the
routes do is in functions that take the record, so that a command can do the same where no service runs.
"""

from adapter.faces.admin.codes import code_row
from adapter.faces.admin.orders import order_row, show_order
from adapter.faces.admin.routes import admin_routes
from adapter.faces.admin.upkeep import Reloaded

__all__ = ["Reloaded", "admin_routes", "code_row", "order_row", "show_order"]
