"""TLS towards a backend: whom we trust, who we say we are, and where verification may be off.

The certificates under certs/ are made by certs/make.sh; they are static, so that no tool is needed to run the tests.
"""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from adapter.errors import ConfigError, NotSent, WireError
from adapter.ports import WireReply, WireRequest
from adapter.wire.client import Wire
from adapter.wire.settings import TlsSettings, WireSettings
from adapter.wire.tls import check_endpoint, tls_context
from tests.unit.wire.raw_backend import CERTS, Peer, RawBackend, obliging, server_tls

CA = CERTS / "ca.pem"


async def call(tls: TlsSettings, certificate: str = "server", *, ask_client: bool = False, host: str = "localhost") -> WireReply:
    async with RawBackend(obliging, tls=server_tls(certificate, ask_client=ask_client)) as backend:
        wire = Wire(WireSettings(tls=tls))
        try:
            return await wire.send(backend.post(scheme="https", host=host))
        finally:
            await wire.close()
            call.requests = backend.requests


def test_a_backend_of_the_declared_authority_is_trusted(run):
    assert run(call(TlsSettings(ca_file=CA))).body == b"<ok/>"


@pytest.mark.parametrize(
    ("tls", "certificate", "text"),
    [
        (TlsSettings(), "server", "unable to get local issuer certificate"),
        (TlsSettings(ca_file=CA), "other", "Hostname mismatch"),
        (TlsSettings(ca_file=CA, server_name="elsewhere.example"), "server", "Hostname mismatch"),
        (TlsSettings(ca_file=CA), "expired", "certificate has expired"),
    ],
)
def test_another_backend_is_not_and_nothing_is_sent(run, tls, certificate, text):
    with pytest.raises(NotSent, match=f"localhost:.*the certificate of the backend is not accepted .*{text}.*; nothing was sent"):
        run(call(tls, certificate))
    assert call.requests == []


def test_the_declared_server_name_is_the_one_that_counts(run):
    assert run(call(TlsSettings(ca_file=CA, server_name="backend.example"), "other")).status == 200


@pytest.mark.parametrize(
    "identity",
    [
        {"certificate_file": CERTS / "client.pem"},
        {"certificate_file": CERTS / "client-certificate.pem", "key_file": CERTS / "client-key-encrypted.pem", "key_password": "secret"},
    ],
)
def test_a_client_certificate_is_shown(run, identity):
    assert run(call(TlsSettings(ca_file=CA, **identity), ask_client=True)).status == 200


def test_without_the_client_certificate_the_backend_does_nothing(run):
    # With TLS 1.3 the client has sent before it learns that it was refused, so this is no NotSent.
    with pytest.raises(WireError):
        run(call(TlsSettings(ca_file=CA), ask_client=True))
    assert call.requests == []


def test_a_backend_that_speaks_no_tls_is_not_reached(run):
    async def plain(peer: Peer):
        await peer.reader.read(5)
        await peer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    async def main():
        async with RawBackend(plain) as backend:
            wire = Wire(WireSettings(tls=TlsSettings(ca_file=CA)))
            try:
                await wire.send(backend.post(scheme="https"))
            finally:
                await wire.close()

    with pytest.raises(NotSent, match=r"127.0.0.1:.*the TLS handshake failed \(.*\); nothing was sent"):
        run(main())


def test_verification_may_be_off_on_loopback(run):
    assert run(call(TlsSettings(verify=False), "expired", host="127.0.0.1")).status == 200


def test_verification_may_not_be_off_elsewhere(run):
    async def main():
        wire = Wire(WireSettings(tls=TlsSettings(verify=False)))
        try:
            await wire.send(WireRequest("POST", "https://backend.example:8443/soap?secret=1", {}, b"<order/>"))
        finally:
            await wire.close()

    with pytest.raises(NotSent, match=r"^backend\.example:8443: tls\.verify is off, .* loopback addresses only; nothing was sent$"):
        run(main())


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"ca_file": "no-such.pem"}, "tls.ca_file no-such.pem: No such file or directory; it must be"),
        ({"ca_file": CERTS / "make.sh"}, "tls.ca_file .*make.sh: no certificate or crl found"),
        ({"certificate_file": "no-such.pem"}, "tls.certificate_file, tls.key_file: no-such.pem: No such file"),
        ({"certificate_file": CERTS / "client-certificate.pem"}, "client-certificate.pem: no private key, or not its password; they must"),
        (
            {"certificate_file": CERTS / "client-certificate.pem", "key_file": CERTS / "client-key-encrypted.pem"},
            "client-certificate.pem and .*client-key-encrypted.pem: .*; they must be readable PEM files that belong together",
        ),
        ({"certificate_file": CERTS / "client-certificate.pem", "key_file": CERTS / "server.pem"}, "key values mismatch"),
    ],
)
def test_files_that_cannot_be_used_are_named_at_start(settings, text):
    with pytest.raises(ConfigError, match=text):
        Wire(WireSettings(tls=TlsSettings(**settings)))


def test_a_key_without_certificate_is_refused():
    with pytest.raises(ValidationError, match="declare certificate_file as well"):
        TlsSettings(key_file=CERTS / "client.pem")


def test_the_least_version_is_kept():
    assert tls_context(TlsSettings(minimum_version="1.3")).minimum_version.name == "TLSv1_3"


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("ftp://host/x", "must be a URL such as"),
        ("https:///x", "must be a URL such as"),
        ("http://host:0/x", "must be a URL such as"),
        ("http://[::1/x", "not a valid URL"),
        ("http://host:port/x", "not a valid URL"),
        ("http://user:pass@host/x", "at host holds credentials"),
        ("https://10.0.0.1/x", r"tls\.verify is off for 10\.0\.0\.1"),
    ],
)
def test_an_endpoint_that_would_never_be_called_is_refused_at_start(url, text):
    with pytest.raises(ConfigError, match=text) as caught:
        check_endpoint(url, TlsSettings(verify=False))
    assert "pass@" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://host/x", "https://localhost:8443/", "https://127.8.8.8/", "https://[::1]:1/"])
def test_an_endpoint_that_may_be_called_passes(url):
    check_endpoint(url, TlsSettings(verify=False))
