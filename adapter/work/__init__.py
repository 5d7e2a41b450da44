"""What goes on by itself: due tasks of the record, one ``lane`` for each market and kind (``submit``, ``reconcile``, ``poll``, ``timer``),
``delivery`` to listeners, and small jobs that come round (``housekeeping``). All state that has to survive is in the record.
"""
