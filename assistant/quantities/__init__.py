"""Numbers, units, scales, currencies and periods in Simplified Chinese, Traditional Chinese and English.

`find_quantities` and `find_periods` read running text, `read_quantity` one value, `read_cell` one table cell under
its header's unit, and `same_quantity` says whether two quantities state the same thing, and if not, why.
"""

from assistant.quantities.cells import read_cell, read_quantity
from assistant.quantities.likeness import same_quantity
from assistant.quantities.periods import find_periods
from assistant.quantities.quantity import Bound, Likeness, Period, PeriodKind, Quantity
from assistant.quantities.scanner import find_quantities

__all__ = [
    "Bound",
    "Likeness",
    "Period",
    "PeriodKind",
    "Quantity",
    "find_periods",
    "find_quantities",
    "read_cell",
    "read_quantity",
    "same_quantity",
]
