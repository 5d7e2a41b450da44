"""A backend that costs next to nothing: answers every UpdateOrderDetail with the documented booking and a new order number.

.venv/bin/python -m benchmarks.stub_backend [--port 0]
"""

from __future__ import annotations

import argparse
import asyncio
from typing import ClassVar, cast

import uvloop

from benchmarks.order import order

_EXTERNAL_ID = b"temporaryOrderId>"


def answer(items: int = 10) -> bytes:
    """The envelope, with @NUMBER@ (16 digits) and @EXTERNAL@ where they differ from order to order."""
    lines = "".join(
        f"<ord:line><ord:offerCode>{item['id']}</ord:offerCode><ord:serviceCode>{item['product']['id']}</ord:serviceCode>"
        f"<ord:kind>{item['@type'][0]}</ord:kind><ord:action>A</ord:action><ord:quantity>1</ord:quantity>"
        f"<ord:bundle>{str(item['product']['isBundle']).lower()}</ord:bundle></ord:line>"
        for item in order(items)["productOrderItem"]
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
        '<srv:UpdateOrderDetailResponse xmlns:srv="urn:slbos:service:1" xmlns:ord="urn:slbos:order:1">'
        "<srv:result><ord:returnCode>0000</ord:returnCode></srv:result><srv:orderNumber>@NUMBER@</srv:orderNumber>"
        "<srv:order><ord:conversationId>QAHA017633E52B68CF0000</ord:conversationId><ord:channel><ord:channelId>ECOM</ord:channelId>"
        "<ord:lineOfBusiness>FIXED</ord:lineOfBusiness><ord:correlationId>bench</ord:correlationId></ord:channel>"
        "<ord:temporaryOrderId>@EXTERNAL@</ord:temporaryOrderId><ord:accountNumber>190150638551501</ord:accountNumber>"
        "<ord:category>RES</ord:category><ord:houseId>00918424400656</ord:houseId>"
        "<ord:requestedDate>4444-12-31T00:00:00.000Z</ord:requestedDate><ord:reasonCode>SF</ord:reasonCode>"
        "<ord:campaignCode>SIN</ord:campaignCode><ord:requestedFunction>NEW</ord:requestedFunction><ord:creditLimit>100</ord:creditLimit>"
        "<ord:job><ord:type>SF</ord:type><ord:installation>SelfInstall</ord:installation></ord:job>"
        "<ord:telephoneNumber>9395455945</ord:telephoneNumber><ord:party><ord:id>1901506147568</ord:id><ord:name>DEV TESTING001</ord:name>"
        f"<ord:role>Buyer Contact</ord:role><ord:kind>Customer</ord:kind></ord:party>{lines}</srv:order>"
        "<srv:bookedJob><ord:id>@EXTERNAL@0001</ord:id><ord:technician>0710</ord:technician><ord:number>00000</ord:number></srv:bookedJob>"
        "</srv:UpdateOrderDetailResponse></soapenv:Body></soapenv:Envelope>"
    ).encode()


class Stub(asyncio.Protocol):
    """One connection; a request is read to its announced length and answered at once."""

    booked = 1_200_047_552_000_000
    parts: ClassVar = [part.split(b"@EXTERNAL@") for part in answer().split(b"@NUMBER@")]

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without saying so

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            at = head.find(b"content-length:")
            size = end + 4 + (int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0)
            if len(self._buffer) < size:
                return
            request, self._buffer = self._buffer[:size], self._buffer[size:]
            self._transport.write(self._answer(request))

    def _answer(self, request: bytes) -> bytes:
        Stub.booked += 1
        at = request.find(_EXTERNAL_ID)
        external = request[at + len(_EXTERNAL_ID) : request.find(b"<", at)] if at >= 0 else b"0"
        body = b"%d".__mod__(Stub.booked).join(external.join(part) for part in self.parts)
        return b"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


async def main(port: int) -> None:
    """Serves until it is ended."""
    server = await asyncio.get_running_loop().create_server(Stub, "127.0.0.1", port)
    print(f"stub backend listens on {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--port", type=int, default=0)
    uvloop.run(main(arguments.parse_args().port))
