"""Cases: documents with what must become of them, and what they cover of a market's mappings."""

from adapter.mapping.cases.compare import Difference, compare
from adapter.mapping.cases.file import Case, load_cases, read_cases
from adapter.mapping.cases.run import CaseResult, Report, run_cases
from adapter.mapping.cases.sections import CLIENT_REFERENCE, CORRELATION_ID, NOW, UID, Read
from adapter.mapping.cases.writing import written_case

__all__ = [
    "CLIENT_REFERENCE",
    "CORRELATION_ID",
    "NOW",
    "UID",
    "Case",
    "CaseResult",
    "Difference",
    "Read",
    "Report",
    "compare",
    "load_cases",
    "read_cases",
    "run_cases",
    "written_case",
]
