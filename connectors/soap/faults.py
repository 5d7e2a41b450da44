"""SOAP faults that we answer with, in the form of either version."""

from __future__ import annotations

from adapter.errors import InvalidMessage
from connectors.soap.envelope import NAMESPACES, head, sealed
from connectors.xml_text import escape

_SENDER, _RECEIVER = {"1.1": "Client", "1.2": "Sender"}, {"1.1": "Server", "1.2": "Receiver"}


class VersionMismatch(InvalidMessage):
    """The envelope is of another SOAP version than the port takes."""


class NotUnderstood(InvalidMessage):
    """A header block has to be understood, and the contract does not have it."""


def fault(version: str, text: str, *, ours: bool = False, code: str = "", takes: str = "") -> bytes:
    """The envelope of a fault. ``ours``: the mistake is not the sender's. ``code`` goes before what that stands for; ``takes`` is the
    version that the port takes, where the sender has to be told."""
    code = code or (_RECEIVER if ours else _SENDER)[version]
    start, header = head(version, {}), _upgrade(takes) if takes else ""
    if version == "1.1":
        return sealed(
            start, header, f"<soap:Fault><faultcode>soap:{code}</faultcode><faultstring>{_plain(text)}</faultstring></soap:Fault>"
        )
    return sealed(
        start,
        header,
        f"<soap:Fault><soap:Code><soap:Value>soap:{code}</soap:Value></soap:Code>"
        f'<soap:Reason><soap:Text xml:lang="en">{_plain(text)}</soap:Text></soap:Reason></soap:Fault>',
    )


def _upgrade(takes: str) -> str:
    """The header block by which SOAP 1.2 names the versions that would do (Part 1, section 5.4.7); it is always of SOAP 1.2."""
    return (
        f'<up:Upgrade xmlns:up="{NAMESPACES["1.2"]}"><up:SupportedEnvelope qname="s:Envelope" xmlns:s="{NAMESPACES[takes]}"/></up:Upgrade>'
    )


def _plain(text: str) -> str:
    """The text without the characters that XML cannot carry: it may repeat what a sender sent."""
    return escape("".join(sign if sign.isprintable() else " " for sign in text)[:2000])
