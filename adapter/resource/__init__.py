"""The lives of the standard's resources, as data: states, transitions, roll-up of items, events. One YAML file per resource."""

from adapter.resource.machine import Advance, Event, Resource, Unexpected

__all__ = ["Advance", "Event", "Resource", "Unexpected"]
