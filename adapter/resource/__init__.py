"""The lives of the standard's resources, as data: states, transitions, roll-up of items, events. One YAML file per resource."""

from adapter.resource.extension import LifeExtension
from adapter.resource.graph import check_life, unknown_state
from adapter.resource.machine import Advance, Event, Resource, Unexpected, resources
from adapter.resource.subject import SUBJECT, Subject

__all__ = [
    "SUBJECT",
    "Advance",
    "Event",
    "LifeExtension",
    "Resource",
    "Subject",
    "Unexpected",
    "check_life",
    "resources",
    "unknown_state",
]
