"""What may be written where. TMF models (``tmf``), JSON Schema, OpenAPI documents and WSDL all become one ``Shape`` (``shape``): paths
(``path``) lead through it, and documents are checked against it (``validation``). JSON is read and written here, too (``json_text``,
``json_bytes``).
"""
