"""Brings the supplier's messages to the buyers' endpoint: in order, and again and again until each is acknowledged."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import httpx
from lxml import etree

from simulators.calling import Listener
from simulators.envelope import MEDIA_TYPES, SoapFaultError, read_envelope, write_envelope
from simulators.spri.messages import NAMESPACE, Message

_PAUSE = 0.1  # seconds before the second attempt; each further one waits twice as long
_LONGEST = 5.0
_KEPT = 2_000
_SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_TAKEN = frozenset({"ANGENOMMEN", "DUPLIKAT"})


@dataclass(slots=True)
class Sent:
    """A message and what became of it: ``status`` is the one of the receipt, ``FEHLER`` for a fault that says it is no use to send it
    again, "" while it is on its way."""

    message: Message
    envelope: str
    attempts: int = 0
    status: str = ""
    text: str = ""
    failures: list[str] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """As ``GET /callbacks`` shows it."""
        told = self.message
        return {
            "number": told.number,
            "type": told.kind,
            "order": told.order,
            "attempts": self.attempts,
            "status": self.status,
            "text": self.text,
            "failures": list(self.failures),
            "envelope": self.envelope,
        }


class Courier:
    """Sends to the ``listener``; messages wait until there is one."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._progress = asyncio.Condition()
        self.sent: deque[Sent] = deque(maxlen=_KEPT)

    async def bring(self, message: Message, times: int = 1) -> Sent:
        """Sends the message until it is acknowledged or refused for good, and then ``times - 1`` times more."""
        envelope = write_envelope("1.1", message.payload)
        sent = Sent(message, envelope.decode())
        self.sent.append(sent)
        for _ in range(times):
            pause = _PAUSE
            while not await self._attempt(sent, envelope):
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST)
            async with self._progress:
                self._progress.notify_all()
        return sent

    async def told(self, kind: str, order: str = "") -> Sent:
        """The last message of this type (about this order), as soon as there is one that was acknowledged or refused."""
        async with self._progress:
            while (found := self._ended(kind, order)) is None:
                await self._progress.wait()
            return found

    def _ended(self, kind: str, order: str) -> Sent | None:
        about = (one for one in reversed(self.sent) if one.message.kind == kind and order in ("", one.message.order))
        return next((one for one in about if one.status), None)

    async def _attempt(self, sent: Sent, envelope: bytes) -> bool:
        """Whether this was the last one that is needed."""
        await self._listener.known()
        operation = etree.QName(sent.message.payload).localname
        headers = {"content-type": f"{MEDIA_TYPES['1.1']}; charset=utf-8", "soapaction": f'"{NAMESPACE}/{operation}"'}
        sent.attempts += 1
        try:
            reply = await self._listener.post(headers=headers, content=envelope)
        except httpx.HTTPError as error:
            sent.failures.append(f"{type(error).__name__}: {error}")
            return False
        return _judged(sent, reply)


def _judged(sent: Sent, reply: httpx.Response) -> bool:
    """A receipt ends it, and so does a fault that is the sender's own; anything else is worth another attempt."""
    try:
        payload = read_envelope(reply.content).payload
    except SoapFaultError as error:
        sent.failures.append(f"HTTP {reply.status_code}, {error}")
        return False
    if payload.tag == f"{_SOAP}Fault":
        code, text = payload.findtext("faultcode", ""), payload.findtext("faultstring", "")
        if code.rpartition(":")[2] != "Client":
            sent.failures.append(f"HTTP {reply.status_code}, {code}: {text}")
            return False
        sent.status, sent.text = "FEHLER", text
        return True
    status = payload.findtext(f"{{{NAMESPACE}}}status", "")
    # What was acknowledged stays so: a repetition is answered as one.
    sent.status = sent.status if sent.status in _TAKEN else status
    sent.text = payload.findtext(f"{{{NAMESPACE}}}text", "")
    return True
