"""What the words of tables say: periods, units, kinds of cells, and a cell's text without the debris of extraction."""

from __future__ import annotations

import html
import re
import tomllib
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal

Kind = Literal["empty", "missing", "period", "value", "text"]

_CJK = "\u3400-\u9fff\uf900-\ufaff"
_SPACE = re.compile(r"\s+")
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]*(?:\s[^<>]*)?/?>")
_ESCAPE = re.compile(r"\\(?=[\\`*_{}\[\]()#+\-.!|$%&~<>])")
_PICTOGRAPH = re.compile("[\U0001f000-\U0001faff\u2600-\u26ff\ufe0f\u200b-\u200d\ufeff]|\u2191\u2193|\u21c5")
# "OpenAl", "Al应用", "智谱 Al", "AloT": a capital I read as a small L. "Al2O3" and "Al-based" may be aluminium.
_AL = re.compile(r"(?:(?<=[a-z])|(?<![A-Za-z]))Al(?=oT\b|[A-Z]|(?![A-Za-z0-9\-]))")
_DEBRIS = re.compile(r"[<\\&*`]|Al|\s\s|[\t\r\n\u2191\u200b-\u200d\u2600-\u26ff\ufe0f\ufeff\U0001f000-\U0001faff]")
_EMPHASIS = re.compile(r"\*\*|__|`")


@cache
def words() -> dict[str, Any]:
    """The word lists of `data/table_words.toml`."""
    return tomllib.loads(files("assistant.data").joinpath("table_words.toml").read_text("utf-8"))


@cache
def any_of(*paths: str) -> str:
    """A regular expression (no group) for the words listed at `paths` ("units.scales"), longest first."""
    listed = {word for path in paths for word in words()[path.split(".")[0]][path.split(".")[1]]}
    return "|".join(re.escape(word) for word in sorted(listed, key=lambda word: (-len(word), word)))


def readable(cell_text: str) -> str:
    """A cell's text as finding should see it: tags, emphasis, escapes and pictographs gone, the commonest slips of
    character recognition mended. The printed text stays the one to quote."""
    slips: dict[str, str] = words()["cells"]["slips"]
    text = cell_text
    if _DEBRIS.search(text):
        text = _TAG.sub("\x00", html.unescape(_ESCAPE.sub("", text)))
        text = re.sub(rf"(?<=[{_CJK}])\s*\x00\s*(?=[{_CJK}])", "", text).replace("\x00", " ")
        text = _EMPHASIS.sub("", _PICTOGRAPH.sub(" ", text))
        text = _SPACE.sub(" ", _AL.sub("AI", text)).strip()
    for wrong, right in slips.items():
        text = text.replace(wrong, right)
    return text


# ---------------------------------------------------------------- periods

_YEAR = r"(?:19[89]\d|20[0-4]\d)"
_ANY_YEAR = rf"(?:{_YEAR}|'?\d{{2}})"
_FORECAST = r"(?:[AEFP](?![A-Za-z])|e(?![A-Za-z])|预测|預測|預估|预计)?"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]*"
_PERIOD = re.compile(
    r"(?<![A-Za-z0-9.,])(?:"
    rf"\d{{2}}-?(?:YoY|QoQ|HoH|MoM)"
    rf"|(?:[1-4]Q|[12]H|\d{{1,2}}M)\s?(?:FY)?\s?{_ANY_YEAR}{_FORECAST}"
    rf"|(?:Q[1-4]|H[12])\s?(?:FY)?\s?{_ANY_YEAR}{_FORECAST}"
    rf"|(?:FY)?{_ANY_YEAR}\s?(?:Q[1-4]|H[12]){_FORECAST}"
    rf"|{_YEAR}年?\s?第?[一二三四1-4]季度?{_FORECAST}|{_YEAR}年?\s?(?:上|下)半年{_FORECAST}|{_YEAR}年?(?:中期|前三季度?)"
    rf"|{_YEAR}[AEF]?\s?[-–~至]\s?(?:{_YEAR}|\d{{2}}(?!\d)(?!-\d)){_FORECAST}(?:\s?CAGR)?(?=[EFA]|[^\d\-/.]|$)"
    rf"|{_YEAR}\s?[-/.]\s?\d{{1,2}}(?:[-/.]\d{{1,2}})?"
    rf"|(?:{_YEAR}|\d{{2}})年\s?\d{{1,2}}月(?:\s?\d{{1,2}}日)?"
    rf"|{_MONTH}[-\s.']*(?:{_YEAR}|\d{{2}})(?!\d)"
    rf"|(?:FY|CY)\s?{_ANY_YEAR}{_FORECAST}"
    rf"|{_YEAR}(?:年度?)?\s?{_FORECAST}"
    r"|TTM|LTM|NTM|YTD|MTD|QTD"
    r")(?![A-Za-z0-9]|[.,/]\d)",
)


def parse_period(text: str) -> str | None:
    """The period that a header label names, as printed ("2025E", "3Q25", "4QFY25", "12M25", "25-YoY", "2025年上半年",
    "Sept 2025"), or None."""
    match = _PERIOD.search(text)
    return match.group().strip() if match else None


# ---------------------------------------------------------------- units

_MOST_UNIT_WORDS, _LONGEST_UNIT_WORD = 5, 24
_JOIN = re.compile(r"\s*(?:/|每|per\s)?\s*")

@cache
def _unit_words() -> frozenset[str]:
    """The words of units, in lower case: those that the quantities know, and those that only labels print."""
    from assistant.quantities.vocabulary import CURRENCY_NAMES, LATIN_SCALES, UNIT_NAMES

    listed = words()["units"]
    spelled = (*UNIT_NAMES, *CURRENCY_NAMES, *LATIN_SCALES, *listed["scales"], *listed["goods"], *listed["more"])
    return frozenset(word.lower() for word in spelled)


def _after_unit_word(text: str, at: int) -> int:
    """Where the longest unit word at `at` ends; `at` where there is none. A Latin word is a whole one."""
    for end in range(min(len(text), at + _LONGEST_UNIT_WORD), at, -1):
        cut = text[end - 1].isascii() and text[end - 1].isalpha() and text[end : end + 1].isalnum()
        if text[at:end] in _unit_words() and not (cut and text[end].isascii()):
            return end
    return at


@cache
def _amount_words() -> re.Pattern[str]:
    from assistant.quantities.vocabulary import CURRENCY, SCALE

    return re.compile(f"{SCALE}|(?i:{CURRENCY})|元|[%％]|百分比")


@lru_cache(maxsize=4_000)
def is_unit(text: str) -> bool:
    """Whether `text` is a unit and nothing else ("亿美元", "US$/t", "%", "HK$ mn")."""
    text = text.strip().lower()
    at = 0
    for _ in range(_MOST_UNIT_WORDS):
        end = _after_unit_word(text, at)
        if end == at:
            return False
        if end == len(text):
            return True
        joined = _JOIN.match(text, end)
        at = joined.end() if joined else end
    return False


def is_currency(text: str) -> bool:
    """Whether `text` is the name of a currency, without a scale."""
    from assistant.quantities.vocabulary import CURRENCY_NAMES, UNIT_NAMES, UNITS

    name = UNIT_NAMES.get(text.strip())
    return text.strip().lower() in CURRENCY_NAMES or bool(name and UNITS[name].is_currency)


def is_measure(text: str) -> bool:
    """Whether `text` is what a price is counted by ("盎司", "桶", "t"): a unit, but no money and no share."""
    from assistant.quantities.vocabulary import UNIT_NAMES, UNITS

    if text.strip() in words()["units"]["goods"]:
        return True
    name = UNIT_NAMES.get(text.strip())
    return name is not None and UNITS[name].dimension.split(":")[0] not in _NO_GOODS


_NO_GOODS = ("money", "US cents", "share", "points of share", "ratio")
_BRACKETS = re.compile(r"[(（\[【]([^()（）\[\]【】]{1,30})[)）\]】]")
_LISTED = re.compile(r"\s*[,，、;；]\s*")
_PERCENTS = ("%", "％", "百分比")
_WITH_PERCENT = re.compile(r"(.*[^/])/\s*([%％])")


def parse_unit(label: str) -> str | None:
    """The unit that a label prints: in brackets ("目標價 (台幣)"), after a comma ("營收, 百萬人民幣"), after "单位：",
    as a closing per cent sign ("本季%"), or as the whole label ("百万元"). Of several ("百万人民币, %") the first that
    is not per cent."""
    text = readable(label)
    for inner in reversed(_BRACKETS.findall(text)):
        if unit := _listed_unit(inner):
            return unit
    bare = _BRACKETS.sub("", text).strip()
    if re.match(rf"(?:{any_of('lines.unit')})\s*[:：]", bare, re.I):
        return _listed_unit(bare)
    tail = _LISTED.split(bare)[1:]
    if tail and (unit := _listed_unit(",".join(tail))):
        return unit
    if (len(bare) > 1 or bare in _PERCENTS) and is_unit(bare) and (_amount_words().search(bare) or is_currency(bare)):
        return bare
    return "%" if re.search(r"[^\d\s.,]\s?[%％]$", bare) else None


def units_in(text: str) -> list[str]:
    """The units that a list names, as printed: "百万元/%" and "原图未收录；单位：百万元、%" are 百万元 and %."""
    lead = re.compile(rf"^(?:{any_of('lines.unit')})\s*[:：]?\s*", re.I)
    parts = [lead.sub("", part.strip()) for part in _LISTED.split(text)]
    split = [piece for part in parts for piece in _pieces(part)]
    return [piece.strip() for piece in split if is_unit(piece)]


def _pieces(part: str) -> tuple[str, ...]:
    match = _WITH_PERCENT.fullmatch(part)
    return (match[1], match[2]) if match else (part,)


def _listed_unit(text: str) -> str | None:
    units = units_in(text)
    return next((unit for unit in units if unit not in _PERCENTS), units[0] if units else None)


# ---------------------------------------------------------------- kinds of cells

_NUMBER = r"(?:\d[\d,]*(?:\.\d+)?|\.\d+)"
_LATIN_WORD = re.compile(r"[A-Za-z]{1,8}(?:/[A-Za-z]{1,8})?")
_DATE = re.compile(
    rf"(?:\d{{2,4}}[-/.年]\d{{1,2}}(?:[-/.月]\d{{0,2}}日?)?|\d{{1,2}}月\d{{1,2}}日"
    rf"|\d{{1,2}}[- ]{_MONTH}(?:[- ]\d{{2,4}})?)"
)
_DAY = re.compile(r"\d{2,4}[-/.年]\d{1,2}(?:[-/.月]\d{1,2}日?)?")
_DIGIT = re.compile(r"\d")
_HORIZON = re.compile(r"\d{1,2}[DWMYdwmy]")  # "1M 3M 12M" over columns of returns


@cache
def _value_pattern() -> re.Pattern[str]:
    """A number or two of them (a range, "-13/+12"), each with what follows it."""
    from assistant.quantities.vocabulary import CURRENCY

    lead = rf"[<>≤≥~≈约約+\-−–±(（*\s]*(?:{CURRENCY})?\s*[+\-−–(（]?"
    rest = rf"(\D{{0,12}}?)(?:\s?[-–~/至]\s?[+\-−]?{_NUMBER}(\D{{0,12}}))?"
    return re.compile(rf"{lead}{_NUMBER}{rest}", re.I)


def _is_value(text: str) -> bool:
    match = _value_pattern().fullmatch(text)
    if match and all(not word or _LATIN_WORD.fullmatch(word) or is_unit(word) for word in _followers(match)):
        return True
    return bool(_DATE.fullmatch(text))


def _followers(match: re.Match[str]) -> list[str]:
    return [group.strip(" )）+*") for group in match.groups() if group]


@lru_cache(maxsize=20_000)
def kind_of(text: str) -> Kind:
    """What stands in a cell: nothing, a mark for a missing value, a period, a value (a number, an amount, a date)
    or text."""
    text = unicodedata.normalize("NFKC", text).strip()
    if not text:
        return "empty"
    if text in words()["cells"]["missing"]:
        return "missing"
    if len(text) > 40 or _HORIZON.fullmatch(text) or not (_DIGIT.search(text) or _PERIOD.fullmatch(text)):
        return "text"
    if _PERIOD.fullmatch(text) and not _DAY.fullmatch(text):
        return "period"
    return "value" if _is_value(text) else "text"
