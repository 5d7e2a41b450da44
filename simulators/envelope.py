"""SOAP 1.1 and 1.2 envelopes, read strictly and written plainly, with lxml alone."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

ENVELOPES = {"1.1": "http://schemas.xmlsoap.org/soap/envelope/", "1.2": "http://www.w3.org/2003/05/soap-envelope"}
MEDIA_TYPES = {"1.1": "text/xml", "1.2": "application/soap+xml"}
_VERSION_OF = {namespace: version for version, namespace in ENVELOPES.items()}
_UNDERSTOOD = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}Security"
_CODES_12 = {"Client": "Sender", "Server": "Receiver"}
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class SoapFaultError(Exception):
    """A fault to answer with. ``code`` is Client, Server, VersionMismatch or MustUnderstand, whatever the SOAP version."""

    def __init__(self, code: str, text: str, detail: etree._Element | None = None) -> None:
        self.code, self.text, self.detail = code, text, detail
        super().__init__(f"{code}: {text}")


@dataclass(frozen=True, slots=True)
class Envelope:
    """A request read: its SOAP version and the one element of its body."""

    version: str
    payload: etree._Element


def read_envelope(text: bytes) -> Envelope:
    """Reads a request. No DTD, no entities, no network. Raises SoapFaultError for whatever is no SOAP request."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        raise SoapFaultError("Client", f"The request is no XML: {error}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise SoapFaultError("Client", "The request has a document type declaration, which SOAP forbids")
    name = etree.QName(root)
    version = _VERSION_OF.get(name.namespace or "")
    if version is None or name.localname != "Envelope":
        raise SoapFaultError("VersionMismatch", f"{root.tag} is no SOAP envelope")
    soap = f"{{{name.namespace}}}"
    parts = list(root)
    if parts and parts[0].tag == soap + "Header":
        for block in parts.pop(0):
            if block.get(soap + "mustUnderstand") in ("1", "true") and block.tag != _UNDERSTOOD:
                raise SoapFaultError("MustUnderstand", f"The header {block.tag} is not understood")
    if len(parts) != 1 or parts[0].tag != soap + "Body" or len(parts[0]) != 1:
        raise SoapFaultError("Client", "The envelope must hold one Body with one element")
    return Envelope(version, parts[0][0])


def write_envelope(version: str, payload: etree._Element, prefix: str = "soapenv") -> bytes:
    """An envelope with ``payload`` as its body."""
    namespace = ENVELOPES[version]
    envelope = etree.Element(f"{{{namespace}}}Envelope", nsmap={prefix: namespace})
    etree.SubElement(envelope, f"{{{namespace}}}Body").append(payload)
    return etree.tostring(envelope, encoding="UTF-8", xml_declaration=True)


def write_fault(version: str, fault: SoapFaultError) -> bytes:
    """An envelope with a fault, in the form of the SOAP version."""
    namespace = ENVELOPES[version]
    soap = f"{{{namespace}}}"
    element = etree.Element(soap + "Fault", nsmap={"soapenv": namespace})
    if version == "1.1":
        etree.SubElement(element, "faultcode").text = f"soapenv:{fault.code}"
        etree.SubElement(element, "faultstring").text = fault.text
        detail = "detail"
    else:
        code = etree.SubElement(element, soap + "Code")
        etree.SubElement(code, soap + "Value").text = f"soapenv:{_CODES_12.get(fault.code, fault.code)}"
        reason = etree.SubElement(element, soap + "Reason")
        etree.SubElement(reason, soap + "Text", {_XML_LANG: "en"}).text = fault.text
        detail = soap + "Detail"
    if fault.detail is not None:
        etree.SubElement(element, detail).append(fault.detail)
    return write_envelope(version, element)


def fault_status(version: str, code: str) -> int:
    """SOAP 1.1 answers every fault with 500, SOAP 1.2 the sender's mistakes with 400."""
    return 400 if version == "1.2" and code == "Client" else 500


def oddly(version: str, payload: etree._Element) -> bytes:
    """The same answer as a backend gives it that does not keep to its own WSDL: prefixes of its own, an element nobody
    declared, and the members of every element in reversed order (members of one name keep theirs)."""
    namespaces = sorted({etree.QName(element).namespace or "" for element in payload.iter()} - {""})
    nsmap = {f"ns{40 + index}": namespace for index, namespace in enumerate(namespaces)}
    odd = _reordered(payload, nsmap)
    extra = etree.Element("{urn:example:audit}auditTrail", nsmap={"aud": "urn:example:audit"})
    etree.SubElement(extra, "{urn:example:audit}node").text = "N17"
    odd.insert(0, extra)
    return write_envelope(version, odd, prefix="e")


def _reordered(element: etree._Element, nsmap: dict[str, str]) -> etree._Element:
    copy = etree.Element(element.tag, nsmap=nsmap)
    for name, value in element.items():
        copy.set(name, value)
    copy.text = element.text
    names = list(dict.fromkeys(str(child.tag) for child in element))
    for name in reversed(names):
        copy.extend([_reordered(child, nsmap) for child in element if child.tag == name])
    return copy
