"""WS-Security UsernameToken (OASIS UsernameToken Profile 1.1.1, sections 3 and 4)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from connectors.soap.envelope import NAMESPACES
from connectors.xml_text import escape

_BASE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
_PROFILE = f"{_BASE}-username-token-profile-1.0"


@dataclass(frozen=True, slots=True)
class UsernameToken:
    """Credentials of a backend. ``digest``: the password leaves only as a digest with nonce and time."""

    username: str
    password: str = field(repr=False)
    digest: bool = False
    must_understand: bool = False


def security_header(token: UsernameToken, version: str, clock: Callable[[], float], nonce: Callable[[], bytes]) -> str:
    """The ``wsse:Security`` element. ``clock`` gives seconds since the epoch, ``nonce`` fresh random bytes."""
    created = datetime.fromtimestamp(clock(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    fresh = nonce()
    password, kind = token.password, "PasswordText"
    if token.digest:
        # SHA-1 is what the profile prescribes
        made = hashlib.sha1(fresh + created.encode() + token.password.encode(), usedforsecurity=False).digest()
        password, kind = base64.b64encode(made).decode(), "PasswordDigest"
    understood = ""
    if token.must_understand:
        understood = f' xmlns:s="{NAMESPACES[version]}" s:mustUnderstand="{"1" if version == "1.1" else "true"}"'
    return (
        f'<wsse:Security xmlns:wsse="{_BASE}-wssecurity-secext-1.0.xsd"{understood}>'
        f"<wsse:UsernameToken><wsse:Username>{escape(token.username)}</wsse:Username>"
        f'<wsse:Password Type="{_PROFILE}#{kind}">{escape(password)}</wsse:Password>'
        f'<wsse:Nonce EncodingType="{_BASE}-soap-message-security-1.0#Base64Binary">{base64.b64encode(fresh).decode()}</wsse:Nonce>'
        f'<wsu:Created xmlns:wsu="{_BASE}-wssecurity-utility-1.0.xsd">{created}</wsu:Created>'
        "</wsse:UsernameToken></wsse:Security>"
    )
