"""SOAP 1.1 and 1.2 by WSDL, both ways: document and rpc literal, WS-Security UsernameToken, basic authentication."""

from connectors.soap.codec import SoapCodec
from connectors.soap.connector import SoapConnector
from connectors.soap.ports import SoapPorts
from connectors.soap.receiver import SoapReceiver
from connectors.soap.security import UsernameToken

__all__ = ["SoapCodec", "SoapConnector", "SoapPorts", "SoapReceiver", "UsernameToken"]
