"""A computed answer in words: its steps with values put in, and values as analysts write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from assistant.language import written_in
from assistant.messages import say
from assistant.reckoning.grammar import Step, grammar
from assistant.reckoning.operand import Operand, Operands
from assistant.types import Language


def clause(
    step: Step, operands: Operands, made: Sequence[Operand], result: Operand, marks: Sequence[str], language: Language
) -> str:
    """A step in words: its label, the formula with the values, and the result with its mark."""
    names = {
        argument: spoken(value_of(source, operands, made), language) for argument, source in step.arguments.items()
    }
    formula = step.expression or _formula(step)
    pattern = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    shown = re.sub(rf"(?<![a-z_])(?:{pattern})(?![a-z_])", lambda m: names[m.group()], formula) if names else formula
    shown = shown.replace("*", "×").replace(" / ", " ÷ ")
    named = operands["side"].value if "side" in operands else step.label
    label = grammar().names[str(named)]["en" if language == "en" else "zh"]
    if language == "zh-Hant":
        label = written_in(label, language)
    if "row" in operands and operands["row"].value:
        label = f"{label}: {operands['row'].value}"
    if step.percent and isinstance(result.value, Decimal):
        result = Operand(result.value * 100, "%", result.high * 100 if result.high is not None else None)
    key = "reckoned_step" if formula else "reckoned_bare"
    return say(
        key,
        language,
        label=label,
        formula=shown,
        result=spoken(result, language),
        marks="".join(f"[{mark}]" for mark in marks),
    )


def value_of(source: str, operands: Operands, made: Sequence[Operand]) -> Operand:
    """What an argument of a step stands for: an operand, an earlier result or a constant."""
    if source.startswith("#"):
        return made[int(source[1:])]
    if source.startswith("="):
        plain = re.fullmatch(r"-?\d+(?:\.\d+)?", source[1:])
        return Operand(Decimal(source[1:]) if plain else source[1:], given=True)
    return operands[source]


def _formula(step: Step) -> str:
    return {
        "growth": "(end / start)^(1/periods) − 1" if "periods" in step.arguments else "end / start − 1",
        "share": "part / whole",
        "ratio": "a / b",
        "implied_shares": "market_cap / price",
        "payback": "investment / annual_cash",
        "capital_intensity": "capex / revenue",
        "upside": "target / price − 1",
        "multiple": "price_or_value / base",
        "project": "value × (1 + rate)^periods",
        "convert_currency": "amount × rate",
        "market_size": "users × paying_share × price_per_period × periods",
    }.get(step.tool, "")


def spoken(operand: Operand, language: Language) -> str:
    """A value as an analyst writes it: 4.845亿股, RMB26.3bn, 17.6%, 3.5倍, 164%–178%."""
    if isinstance(operand.value, str):
        return operand.value
    if operand.high is not None:
        low, high = (spoken(Operand(value, operand.unit), language) for value in (operand.value, operand.high))
        return f"{low}–{high}"
    value, unit = operand.value, operand.unit or ""
    if unit == "%":
        return f"{_rounded(value, 1 if abs(value) >= 10 else 2)}%"
    words = grammar().money
    key = "en" if language == "en" else "zh"
    if unit == "x":
        return f"{_rounded(value, 2)}{'x' if language == 'en' else ' 倍'}"
    scales = (("tn", 12), ("bn", 9), ("mn", 6)) if language == "en" else (("万亿", 12), ("亿", 8), ("万", 4))
    scale, power = next(
        ((word, power) for word, power in scales if abs(value) >= Decimal(10) ** max(power, 5)), ("", 0)
    )
    if language == "zh-Hant":
        scale = scale.replace("万", "萬").replace("亿", "億")
    number = _rounded(value.scaleb(-power), 2 if abs(value.scaleb(-power)) >= 10 else 3)
    written = words.get(unit, {}).get(key, "{n} " + unit if unit else "{n}")
    if language == "zh-Hant":
        written = written_in(written, language)
    return written.replace("{n}", f"{number}{' ' if scale and language != 'en' else ''}{scale}").strip()


def _rounded(value: Decimal, places: int) -> str:
    if value and abs(value) < 1:
        places = max(places, 1 - value.adjusted())
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
