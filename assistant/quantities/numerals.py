"""Chinese numerals and scale words, in both scripts, as Decimals."""

from __future__ import annotations

from decimal import Decimal

DIGITS = {c: Decimal(i) for i, c in enumerate("〇一二三四五六七八九")} | {
    "零": Decimal(0), "两": Decimal(2), "兩": Decimal(2), "俩": Decimal(2),
}  # fmt: skip
TENS = {"十": Decimal(10), "百": Decimal(100), "千": Decimal(1000)}
MYRIADS = {
    "万": Decimal(10**4), "萬": Decimal(10**4), "亿": Decimal(10**8), "億": Decimal(10**8), "兆": Decimal(10**12),
}  # fmt: skip
NUMERAL = "〇零一二三四五六七八九两兩十百千"


def chinese_numeral(text: str) -> Decimal | None:
    """The value of a numeral below ten thousand such as 一千三百, 二十五 or 两; None if it isn't one (三四, 百).

    A numeral of bare digits, 二〇二六, is read digit by digit. A decimal part follows 点: 三点五.
    """
    whole, _, fraction = text.replace("點", "点").partition("点")
    value = _whole(whole)
    if value is None or not fraction:
        return value
    digits = "".join(str(DIGITS[c]) for c in fraction if c in DIGITS)
    return value + Decimal(f"0.{digits}") if len(digits) == len(fraction) else None


def _whole(text: str) -> Decimal | None:
    if len(text) > 2 and all(c in DIGITS for c in text):
        return Decimal("".join(str(DIGITS[c]) for c in text))
    total, digit, last = Decimal(0), None, Decimal(10**4)
    for position, c in enumerate(text):
        if c in DIGITS:
            if digit is not None and digit != 0:
                return None
            digit = DIGITS[c]
        elif c in TENS:
            if TENS[c] >= last or (digit is None and not (c == "十" and position == 0)):
                return None
            total, digit, last = total + (Decimal(1) if digit is None else digit) * TENS[c], None, TENS[c]
        else:
            return None
    if digit is not None:  # 三千五 is three thousand five hundred; 三千零五 is 3005
        follows_unit = last < 10**4 and "零" not in text and "〇" not in text
        total += digit * (last / 10 if follows_unit else 1)
    return total if text else None


def chinese_scale(text: str) -> Decimal:
    """The multiplier of a scale word such as 万, 百万, 千億, 萬億 or 兆 (10^12): the product of its characters."""
    scale = Decimal(1)
    for c in text:
        scale *= TENS.get(c) or MYRIADS[c]
    return scale
