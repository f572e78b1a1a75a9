"""Whether two dates are the same, or one holds the other."""

from __future__ import annotations

import re

from assistant.grounding.wording import bare
from assistant.language import fold
from assistant.quantities import Period

_POINTS: frozenset[str] = frozenset({"day", "as-of", "since", "year-to-date"})
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_ENGLISH = re.compile(
    rf"(?:(?P<day>\d{{1,2}})\s+)?(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?(?:\s+(?P<day2>\d{{1,2}})(?!\d))?(?:,?\s+(?P<year>(?:19|20)\d\d))?"
)
_PARTS = re.compile(
    r"(?:(?P<year>(?:19|20)\d\d)\D{0,2})?(?P<month>1[0-2]|[1-9])\s*月(?:\s*(?P<day>\d{1,2})\s*[日号號])?"
)


def same_period(a: Period, b: Period) -> bool:
    """Whether two periods are the same as far as their print tells: a day is the day of any year left out."""
    if a.first and b.first and a.last and b.last:
        return (a.first, a.last) == (b.first, b.last)
    if a.first and b.first and a.kind == b.kind and a.last is None and b.last is None:
        return a.first == b.first
    x, y = _parts(a), _parts(b)
    if x and y:
        return all(p == q for p, q in zip(x, y, strict=True) if p is not None and q is not None)
    return bare(a.text) == bare(b.text)


def holds_date(wide: Period, narrow: Period) -> bool:
    """Whether the wider period holds the narrower one, or ends with it."""
    if wide.kind in ("year", "fiscal-year") and wide.first and wide.last and narrow.last:
        return wide.first <= (narrow.first or narrow.last) and narrow.last <= wide.last
    if wide.kind == "years" and wide.first and wide.last and narrow.first and narrow.last:
        return wide.first <= narrow.first and narrow.last <= wide.last
    if wide.last and narrow.last and narrow.kind in _POINTS:
        return wide.last[:7] == narrow.last[:7]
    return bool(wide.kind == "year-to-date" and wide.first and narrow.first and wide.first[:4] == narrow.first[:4])


def _parts(p: Period) -> tuple[str | None, ...] | None:
    """(year, month, day) as far as printed."""
    if p.first and p.last and p.kind in ("day", "as-of") and p.first == p.last:
        return p.first[:4], str(int(p.first[5:7])), str(int(p.first[8:]))
    if p.first and p.kind == "month":
        return p.first[:4], str(int(p.first[5:7])), None
    m = _PARTS.search(fold(p.text))
    if m:
        return m["year"], m["month"], m["day"]
    m = _ENGLISH.search(fold(p.text))
    return (m["year"], str(_MONTHS.index(m["month"]) + 1), m["day"] or m["day2"]) if m else None
