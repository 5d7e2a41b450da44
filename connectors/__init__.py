"""Ways of speaking to a backend: documents ↔ bytes, as ``adapter.ports`` has a Connector and a Receiver. Pure: no socket, no clock of their
own, nothing kept between calls. Strict with what is written, tolerant of what is read.
"""
