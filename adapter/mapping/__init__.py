"""The mapping language. ``parse`` reads files with places, ``check`` proves them against both contracts, ``compile`` makes Python of them,
``translator`` runs them, ``explain`` says which rule made which field. ``keys`` has every key, ``catalogue`` every finding.
"""
