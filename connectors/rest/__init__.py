"""JSON, XML and forms over HTTP by an OpenAPI 3.1 document, both ways."""

from connectors.rest.connector import RestConnector
from connectors.rest.receiver import RestReceiver

__all__ = ["RestConnector", "RestReceiver"]
