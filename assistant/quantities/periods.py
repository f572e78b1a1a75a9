"""Dates and reporting periods in running text: 2025E, 4QFY25, 12M25, 1H25, 2025年第二季度, 截至11月13日."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from assistant.quantities.quantity import Period, PeriodKind
from assistant.quantities.vocabulary import CURRENCY, SCALE, SPACE, UNIT

_ = SPACE
Y4 = "(?:19[89]|20[0-5])[0-9]"
Y2 = "(?:1[5-9]|2[0-9]|3[0-5])"
YEAR = f"(?P<year>{Y4}|{Y2})"
TO = f"{_}[-–—~～至到]{_}"
NO_DIGIT_BEFORE = r"(?<![0-9A-Za-z])(?<![0-9][.,/])"
NO_DIGIT_AFTER = r"(?![0-9A-Za-z])(?![.,][0-9])"
MARK = "(?P<mark>[EFAe](?![A-Za-z]))?"
FISCAL = f"(?P<fiscal>FY{_})?['’]?"
ORDINALS = {"一": 1, "首": 1, "上": 1, "二": 2, "下": 2, "三": 3, "四": 4} | {
    word: i for i, word in enumerate(("first", "second", "third", "fourth"), 1)
}
MONTHS = {
    name: i
    for i, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
MONTH_NAME = (
    "(?P<month_name>(?i:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?"
    "|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?))"
)
ORDINAL_END = "(?:st|nd|rd|th)?"
MONTH = "(?P<month>1[0-2]|0?[1-9])"
DAY = "(?P<day>3[01]|[12][0-9]|0?[1-9])"


_FISCAL_END = re.compile(
    r"[ ]?[(（](?:财年|財年|财政年度|財政年度|(?i:fiscal year ?))"
    r"(?:结于|結於|截至|止于|止於|结束于|(?i:ends?|ending|ended)(?: in)? )[ ]?"
    rf"(?:(?P<month>1[0-2]|[1-9])[ ]?月|{MONTH_NAME})"
)


@dataclass(frozen=True, slots=True)
class _Context:
    """What a rule may know beside its match: the whole text, the month fiscal years end in, the period before."""

    text: str
    fiscal_year_end: int | None
    previous: Period | None

    def fiscal_end(self, m: re.Match[str]) -> int | None:
        """The month in which the fiscal year of the match ends: what a remark right after it says, else as given."""
        remark = _FISCAL_END.match(self.text, m.end())
        if not remark:
            return self.fiscal_year_end
        return int(remark["month"]) if remark["month"] else MONTHS[remark["month_name"][:3].lower()]


_Build = Callable[[re.Match[str], _Context], Period | None]
_RULES: list[tuple[str, _Build]] = []


def _rule(*patterns: str) -> Callable[[_Build], _Build]:
    def keep(build: _Build) -> _Build:
        _RULES.extend((pattern, build) for pattern in patterns)
        return build

    return keep


# ---------------------------------------------------------------- calendar


def _full_year(printed: str) -> int:
    return int(printed) if len(printed) == 4 else 2000 + int(printed)


def _first_day(year: int, month: int) -> str:
    return f"{year}-{month:02d}-01"


def _last_day(year: int, month: int) -> str:
    return f"{year}-{month:02d}-{monthrange(year, month)[1]:02d}"


def _months(year: int, first: int, last: int) -> tuple[str, str]:
    """ISO dates of the months `first` to `last` counted from January of `year`; both may run past 12 or below 1."""
    y1, m1 = divmod(year * 12 + first - 1, 12)
    y2, m2 = divmod(year * 12 + last - 1, 12)
    return _first_day(y1, m1 + 1), _last_day(y2, m2 + 1)


def _period(m: re.Match[str], kind: PeriodKind, dates: tuple[str, str] | None = None) -> Period:
    first, last = dates or (None, None)
    mark = m.groupdict().get("mark") or ""
    return Period(m.group(), m.start(), m.end(), kind, first, last, estimate=mark in ("E", "F", "e"))


def _part_of_year(m: re.Match[str], context: _Context, kind: PeriodKind, part: int, months: int) -> Period:
    """The `part`-th quarter or half of the year that the match names, or of none."""
    groups = m.groupdict()
    fiscal = bool(groups.get("fiscal"))
    if fiscal:
        kind = "fiscal-quarter" if months == 3 else "fiscal-half"
    if not groups.get("year"):
        return _period(m, kind)
    end = context.fiscal_end(m) if fiscal else 12
    if end is None:
        return _period(m, kind)
    shift = end - 12
    first = shift + (part - 1) * months + 1
    return _period(m, kind, _months(_full_year(groups["year"]), first, first + months - 1))


# ---------------------------------------------------------------- rules, the most particular first


@_rule(
    f"{NO_DIGIT_BEFORE}(?P<year>{Y4})[-/.]{MONTH}[-/.]{DAY}(?![0-9])",
    f"{NO_DIGIT_BEFORE}{YEAR}{_}年{_}{MONTH}{_}月{_}{DAY}{_}[日号號]",
    f"{NO_DIGIT_BEFORE}{DAY}{ORDINAL_END}[ ]{MONTH_NAME}\\.?,?[ ](?P<year>{Y4}){NO_DIGIT_AFTER}",
    f"(?<![A-Za-z]){MONTH_NAME}\\.?[ ]{DAY}{ORDINAL_END},?[ ](?P<year>{Y4}){NO_DIGIT_AFTER}",
    f"{NO_DIGIT_BEFORE}{MONTH}{_}月{_}{DAY}{_}[日号號]",
    f"{NO_DIGIT_BEFORE}{DAY}{ORDINAL_END}[ ]{MONTH_NAME}(?![A-Za-z])",
    f"(?<![A-Za-z]){MONTH_NAME}\\.?[ ]{DAY}{ORDINAL_END}{NO_DIGIT_AFTER}(?![ ]?%)",
)
def _day(m: re.Match[str], context: _Context) -> Period | None:
    groups = m.groupdict()
    month = int(groups["month"]) if groups.get("month") else MONTHS[groups["month_name"][:3].lower()]
    if not groups.get("year"):
        return _period(m, "day")
    year, day = _full_year(groups["year"]), int(groups["day"])
    if day > monthrange(year, month)[1]:
        return None
    date = f"{year}-{month:02d}-{day:02d}"
    return _period(m, "day", (date, date))


@_rule(
    f"{NO_DIGIT_BEFORE}{YEAR}{_}年{_}(?P<a>1[0-2]|0?[1-9]){_}月?{TO}(?P<b>1[0-2]|0?[1-9]){_}月",
    f"{NO_DIGIT_BEFORE}{YEAR}{_}年{_}前(?P<quarters>[二三2-3])(?:个|個)?季度?",
    f"{NO_DIGIT_BEFORE}(?P<a>1[0-2]|[1-9]){_}月?{TO}(?P<b>1[0-2]|[1-9]){_}月",
    f"前{_}(?P<quarters>[二三2-3]){_}(?:个|個)?季度?",
)
def _span_of_months(m: re.Match[str], context: _Context) -> Period | None:
    groups = m.groupdict()
    if groups.get("quarters"):
        quarters = ORDINALS.get(groups["quarters"]) or int(groups["quarters"])
        first, last = 1, 3 * quarters
    else:
        first, last = int(groups["a"]), int(groups["b"])
    if last <= first:
        return None
    dates = _months(_full_year(groups["year"]), first, last) if groups.get("year") else None
    return _period(m, "months", dates)


@_rule(
    f"{NO_DIGIT_BEFORE}{YEAR}{_}年{_}{MONTH}{_}月份?",
    f"{NO_DIGIT_BEFORE}(?P<year>{Y4})[-/](?P<month>1[0-2]|0[1-9])(?![0-9A-Za-z/-])(?!\\.[0-9])(?!{_}(?:{UNIT}|{SCALE}))",
    f"{NO_DIGIT_BEFORE}(?P<year>{Y4})\\.(?P<month>1[0-2]|0[1-9])(?![0-9A-Za-z.%])(?!{_}(?:{UNIT}|{SCALE}))",
    f"{NO_DIGIT_BEFORE}(?P<year>{Y4})/(?P<month>[1-9])(?![0-9A-Za-z/.%-])",
    f"(?<![A-Za-z]){MONTH_NAME}[ '’-]+(?P<year>{Y4}){NO_DIGIT_AFTER}",
    f"(?<![A-Za-z]){MONTH_NAME}[-'’](?P<year>{Y2}){NO_DIGIT_AFTER}",
)
def _month(m: re.Match[str], context: _Context) -> Period | None:
    groups = m.groupdict()
    year = _full_year(groups["year"])
    month = int(groups["month"]) if groups.get("month") else MONTHS[groups["month_name"][:3].lower()]
    if re.fullmatch("[0-9]{4}-[0-9]{2}", m.group()) and month == (year + 1) % 100:  # 2010-11 is two years
        return _period(m, "years", (_first_day(year, 1), _last_day(year + 1, 12)))
    return _period(m, "month", _months(year, month, month))


@_rule(
    f"{NO_DIGIT_BEFORE}(?P<month>1[0-2]|[1-9]){_}月份?(?!{_}[0-9])",
    f"(?<=[0-9][/、])(?P<month>1[0-2]|[1-9]){_}月份?(?!{_}[0-9])",
)
def _bare_month(m: re.Match[str], context: _Context) -> Period | None:
    """A month without its year; in a list such as 2025 年 5 月/7 月 it has the year of the month before it."""
    before = context.previous
    between = context.text[before.end : m.start()].strip() if before else None
    if before and before.kind == "month" and before.first and between in ("/", "、", "和", "及", "至", "與", "与"):
        return _period(m, "month", _months(int(before.first[:4]), int(m["month"]), int(m["month"])))
    return _period(m, "month")


@_rule(
    f"{NO_DIGIT_BEFORE}(?P<part>[1-4]){_}Q{_}{FISCAL}{YEAR}{MARK}(?![0-9])",
    f"(?<![A-Za-z0-9])Q(?P<part>[1-4])[ ,]{{0,2}}(?:of )?{FISCAL}{YEAR}{MARK}(?![0-9%]|[.,][0-9])",
    f"(?<![A-Za-z0-9])Q(?P<part>[1-4])[ ,]{{0,2}}(?:of )?{FISCAL}(?P<year>{Y4}){MARK}(?![0-9])",
    f"(?<![A-Za-z0-9]){FISCAL}{YEAR}{_}Q(?P<part>[1-4])(?![0-9]){MARK}",
    f"{NO_DIGIT_BEFORE}{YEAR}{_}年?{_}(?:财年|財年|年)?{_}第?{_}(?P<part>[首一二三四1-4]){_}(?:季度|季)",
    f"第{_}(?P<part>[一二三四1-4]){_}(?:季度|季)",
    f"(?<![第0-9个個几幾两兩前后後连連过過去近未来來每各多])(?P<part>[首一二三四]){_}季度?(?!会)",
    f"(?i:(?P<part>first|second|third|fourth)[ -]quarter(?: of (?P<year>{Y4}))?)",
    "(?<![A-Za-z0-9.])(?:(?P<part>[1-4])Q|Q(?P<part2>[1-4]))(?![A-Za-z0-9])",
)
def _quarter(m: re.Match[str], context: _Context) -> Period | None:
    groups = m.groupdict()
    printed = (groups.get("part") or groups["part2"]).lower()
    return _part_of_year(m, context, "quarter", ORDINALS.get(printed) or int(printed), 3)


@_rule(
    f"{NO_DIGIT_BEFORE}(?P<part>[12]){_}H{_}{FISCAL}{YEAR}{MARK}(?![0-9])",
    f"(?<![A-Za-z0-9])H(?P<part>[12])[ ,]{{1,2}}(?:of )?{FISCAL}{YEAR}{MARK}(?![0-9%]|[.,][0-9])",
    f"(?<![A-Za-z0-9]){FISCAL}{YEAR}{_}H(?P<part>[12])(?![0-9]){MARK}",
    f"{NO_DIGIT_BEFORE}{YEAR}{_}年?{_}(?P<part>[上下])半年",
    f"(?i:(?P<part>first|second)[ -]half(?: of (?P<year>{Y4})))",
    "(?P<part>[上下])半年",
)
def _half(m: re.Match[str], context: _Context) -> Period | None:
    return _part_of_year(m, context, "half", ORDINALS.get(m["part"].lower()) or int(m["part"]), 6)


@_rule(f"(?<![A-Za-z0-9.])(?P<n>1[0-2]|[1-9])M{YEAR}{MARK}(?![0-9A-Za-z])")
def _month_number(m: re.Match[str], context: _Context) -> Period | None:
    """3M25, 6M25 and 9M25 are the months from January on; 2M25 and 12M25 single months, as in Taiwan's reports."""
    year, n = _full_year(m["year"]), int(m["n"])
    if n in (3, 6, 9):
        return _period(m, "months", _months(year, 1, n))
    return _period(m, "month", _months(year, n, n))


@_rule(
    f"(?<![A-Za-z0-9])(?P<fiscal>FY){_}['’]?(?P<a>{Y4}|{Y2}){_}[-–—~至]{_}(?:FY)?(?P<b>{Y4}|{Y2}){MARK}(?![0-9])",
    f"{NO_DIGIT_BEFORE}(?P<a>{Y4})[EFA]?{_}年?{TO}(?P<b>{Y4})(?![0-9%]|[.,][0-9]){MARK}(?:{_}年)?",
    f"{NO_DIGIT_BEFORE}(?P<a>{Y4})[-–](?P<b>{Y2}){MARK}(?![0-9A-Za-z/-])(?![.,%][0-9]?)(?:{_}年)?",
    f"{NO_DIGIT_BEFORE}(?P<a>{Y2}){_}年?{TO}(?P<b>{Y2}){_}年",
    f"{NO_DIGIT_BEFORE}(?P<a>{Y2})[EFA]?[-–](?P<b>{Y2})(?P<mark>[EF])(?![A-Za-z])",
)
def _years(m: re.Match[str], context: _Context) -> Period | None:
    first, last = _full_year(m["a"]), _full_year(m["b"])
    if last <= first:
        return None
    if not m.groupdict().get("fiscal"):
        return _period(m, "years", (_first_day(first, 1), _last_day(last, 12)))
    end = context.fiscal_end(m)
    return _period(m, "years", _months(first, end - 11, (last - first) * 12 + end) if end else None)


@_rule(
    f"(?<![A-Za-z0-9]){YEAR}[EF]?{_}-?{_}(?P<growth>(?i:YoY|QoQ|MoM|CAGR))",
    f"(?<![A-Za-z])(?P<growth>(?i:YoY|QoQ|MoM))-{YEAR}(?![0-9%])",
)
def _growth_header(m: re.Match[str], context: _Context) -> Period | None:
    year = _full_year(m["year"])
    return replace(_period(m, "year", _months(year, 1, 12)), growth_of=m["growth"].lower())


@_rule(
    f"(?<![A-Za-z0-9])FY{_}['’]?{YEAR}(?:/(?P<second>[0-9]{{2}}))?{MARK}(?![0-9])",
    f"{NO_DIGIT_BEFORE}{YEAR}(?:/(?P<second>[0-9]{{2,4}}))?{_}(?:财年|財年|财政年度|財政年度)",
)
def _fiscal_year(m: re.Match[str], context: _Context) -> Period | None:
    year, end = _full_year(m["year"]) + bool(m["second"]), context.fiscal_end(m)
    return _period(m, "fiscal-year", _months(year, end - 11, end) if end else None)


@_rule(f"{NO_DIGIT_BEFORE}(?P<year>{Y4}|{Y2}){_}年{_}(?P<point>年?初|年?底|年?末|年?中旬?)(?![国國文心型小性])")
def _point_of_year(m: re.Match[str], context: _Context) -> Period | None:
    """The beginning, middle or end of a year: one date, the first of January, 30 June or 31 December."""
    year, point = _full_year(m["year"]), m["point"][-1]
    date = f"{year}-01-01" if point == "初" else f"{year}-12-31" if point in "底末" else f"{year}-06-30"
    return _period(m, "as-of", (date, date))


@_rule(f"{NO_DIGIT_BEFORE}{YEAR}{_}年?{_}(?:YTD|ytd|年初至今)", "(?<![A-Za-z])(?:YTD|ytd)(?![A-Za-z])")
def _year_to_date(m: re.Match[str], context: _Context) -> Period | None:
    year = m.groupdict().get("year")
    return replace(_period(m, "year-to-date"), first=_first_day(_full_year(year), 1) if year else None)


@_rule(f"{NO_DIGIT_BEFORE}{YEAR}{_}年{_}至今")
def _since(m: re.Match[str], context: _Context) -> Period | None:
    return replace(_period(m, "since"), first=_first_day(_full_year(m["year"]), 1))


NOT_A_DURATION = "(?<![近去过過来來约約长長达達满滿期第逾超这這后後前最])"


@_rule(
    f"{NO_DIGIT_BEFORE}(?P<year>{Y4}){_}年(?:度)?",
    f"(?<![A-Za-z0-9])(?:CY)?(?P<year>{Y4})(?P<mark>[EFAe])(?![A-Za-z0-9])",
    f"(?<![A-Za-z0-9])CY{_}{YEAR}{MARK}(?![0-9])",
    f"{NO_DIGIT_BEFORE}{NOT_A_DURATION}(?<![近去过過来來约約长長达達][ ])(?P<year>{Y2}){_}年"
    "(?![来來期内內间間后後历歷经經合轮輪]|以(?![来來]))",
    f"(?<![A-Za-z0-9])(?P<year>{Y2})(?P<mark>[EF])(?![A-Za-z0-9])",
)
def _year(m: re.Match[str], context: _Context) -> Period | None:
    year = _full_year(m["year"])
    return _period(m, "year", _months(year, 1, 12))


_NUMBER_CELL = re.compile(r"[\t|][ ]*\(?[-+]?[0-9][0-9,]*(?:\.[0-9]+)?[%)]*[ ]*(?=[\t|\n]|$)")


@_rule(
    f"(?<![0-9A-Za-z.,/])(?P<year>{Y4}|{Y2})(?=(?:[/、](?:{Y4}|{Y2}))+[EF]?{_}年)",
    f"(?<=[0-9][/、])(?P<year>{Y4}|{Y2})(?:(?=(?:[/、](?:{Y4}|{Y2}))+[EF]?{_}年)|{MARK}{_}年)",
)
def _listed_year(m: re.Match[str], context: _Context) -> Period | None:
    """The years of 2025/26/27年, each its own."""
    before = context.previous
    if context.text[m.start() - 1 : m.start()] in ("/", "、") and not (before and before.end == m.start() - 1):
        return None
    return _period(m, "year", _months(_full_year(m["year"]), 1, 12))


@_rule(f"(?<![0-9A-Za-z.,/])(?P<month>1[0-2]|[1-9])(?=(?:[/、](?:1[0-2]|[1-9]))+{_}月)")
def _listed_month(m: re.Match[str], context: _Context) -> Period | None:
    return _period(m, "month")


@lru_cache(maxsize=4)
def _holds_numbers(row: str) -> bool:
    """Whether a table row holds a number that can't be a year."""
    return any(not re.fullmatch(Y4, cell.group().strip("\t| ")) for cell in _NUMBER_CELL.finditer(row))


@_rule(
    rf"(?<![A-Za-z0-9#$+])(?<![0-9][.,/-])(?<![A-Za-z]-)(?P<year>{Y4}){NO_DIGIT_AFTER}"
    rf"(?!{_}(?:{UNIT}|{SCALE}|{CURRENCY}))(?![-–]?[0-9])(?![+])"
)
def _bare_year(m: re.Match[str], context: _Context) -> Period | None:
    """Four digits that look like a year. In a table row they are one only if the row holds no other numbers."""
    text = context.text
    line_start, line_end = text.rfind("\n", 0, m.start()) + 1, text.find("\n", m.end())
    line = text[line_start : line_end if line_end >= 0 else len(text)]
    if ("\t" in line or "|" in line) and _holds_numbers(line):
        return None
    year = int(m["year"])
    return _period(m, "year", _months(year, 1, 12))


# ---------------------------------------------------------------- the scan


# How any rule's match begins: it spares most characters the trial of every rule.
_FIRST_LOOK = (
    "(?<![0-9A-Za-z])[0-9]|(?<![A-Za-z0-9])(?:[QH][1-4]|[FC]Y|YTD|ytd|[YQMyqm]o[YQMyqm]-)"
    f"|第|前{SPACE}[二三23]|[上下]半|[首一二三四]{SPACE}季"
    "|(?i:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}[.]?[ '’-]|(?i:first|second|third|fourth)[ -]"
)


@cache
def _scan() -> re.Pattern[str]:
    """All rules as one alternation; group k<i> says which rule matched."""
    plain = (re.sub(r"\(\?P<[a-z_0-9]+>", "(?:", pattern) for pattern, _build in _RULES)
    rules = "|".join(f"(?P<k{i}>{pattern})" for i, pattern in enumerate(plain))
    return re.compile(f"(?={_FIRST_LOOK})(?:{rules})")


@cache
def _rule_pattern(index: int) -> re.Pattern[str]:
    return re.compile(_RULES[index][0])


_AS_OF = re.compile(r"(?:截至|截止(?:至|到)?|(?i:as (?:of|at)))[ ]?$")


def find_periods(text: str, fiscal_year_end: int | None = None) -> list[Period]:
    """Every date and period in `text`, in order, with ISO dates where the print settles them.

    `fiscal_year_end` is the month (1-12) in which the issuer's fiscal year ends; a remark right after the period, as
    in "FY26(财年结于3月)", goes before it. FY26 ending in March runs from April 2025 to March 2026. With neither, a
    fiscal period has no dates.
    """
    return list(_found(text, fiscal_year_end))


@lru_cache(maxsize=64)
def _found(text: str, fiscal_year_end: int | None) -> tuple[Period, ...]:
    """What was found, kept for a moment: figures and dates of a text are asked for one after the other."""
    return tuple(_periods(text, fiscal_year_end))


def _periods(text: str, fiscal_year_end: int | None) -> Iterator[Period]:
    previous: Period | None = None
    scan, position = _scan(), 0
    while hit := scan.search(text, position):
        index = int((hit.lastgroup or "k0")[1:])
        exact = _rule_pattern(index).match(text, hit.start())
        built = _RULES[index][1](exact, _Context(text, fiscal_year_end, previous)) if exact else None
        if built is None:
            position = hit.start() + 1
            continue
        remark = _FISCAL_END.match(text, built.end)
        position = remark.end() if remark else built.end
        previous = built
        yield _as_of(text, built)


def _as_of(text: str, period: Period) -> Period:
    """The period together with a 截至 or "as of" before it: then it is its last day that counts."""
    prefix = _AS_OF.search(text, max(0, period.start - 8), period.start)
    if not prefix:
        return period
    return replace(
        period, text=text[prefix.start() : period.end], start=prefix.start(), kind="as-of", first=period.last
    )
