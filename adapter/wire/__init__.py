"""The only sockets towards backends: one `Wire` per backend, bounded in callers, in time and in size."""

from adapter.wire.client import Wire
from adapter.wire.declared import settings_of
from adapter.wire.observer import Unobserved, WireObserver
from adapter.wire.settings import WireSettings
from adapter.wire.tls import check_endpoint

__all__ = ["Unobserved", "Wire", "WireObserver", "WireSettings", "check_endpoint", "settings_of"]
