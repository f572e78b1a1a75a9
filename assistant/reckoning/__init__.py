"""Questions that ask for a computed number: recognised, their operands found, and the sum done by a calculator.

`grammar` reads the rules of `data/calculations.toml`: the wording that asks for a calculation, how its operands are
found and the tools that compute. Operands come from the question (`given`, `roles`), from tables (`rows`), from
sentences (`series`, `roles`) and from rates of exchange (`currencies`); `ground` says which of those speak of what is
asked. A rule whose operands are not all there, or could be one of two things, computes nothing. `ledger` runs the
tools and keeps where every operand is from, and `wording` says the sum in words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from assistant.evidence import Evidence, Judge
from assistant.questions import Question
from assistant.reckoning import currencies, given, pairs, roles, rows, series
from assistant.reckoning.grammar import Rule, grammar
from assistant.reckoning.ground import Ground, ground
from assistant.reckoning.ledger import Ledger, Reckoning, worked
from assistant.reckoning.operand import Operands
from assistant.tabular import View

__all__ = ["Reckoning", "reckon"]

_MOST_RULES = 3

_FINDERS: Mapping[str, Callable[[Rule, re.Match[str], Ground], list[Operands]]] = {
    "question": given.spans,
    "question-list": given.listed,
    "question-roles": roles.in_question,
    "rows": rows.row_pair,
    "row-series": rows.row_series,
    "row-list": rows.row_list,
    "row-roles": rows.row_roles,
    "columns": rows.column_ratio,
    "two-rows": pairs.of_rows,
    "two-rows-twice": pairs.of_rows_twice,
    "two-figures": pairs.of_figures,
    "sentence": roles.in_sentence,
    "sentences": roles.in_sentences,
    "anywhere": roles.anywhere,
    "phrases": roles.by_phrase,
    "series": series.over_time,
    "against": series.against,
    "side-by-side": series.side_by_side,
    "part-of-market": series.part_of_market,
    "printed-twice": currencies.printed_twice,
    "cross-rate": currencies.cross_rate,
}


def reckon(question: Question, judge: Judge, found: Sequence[Evidence], views: Sequence[View]) -> Reckoning | None:
    """The computed answer to a question, or None where it asks for none or its operands are missing or ambiguous."""
    asked = [(rule, match) for rule in grammar().rules if (match := rule.asked(question.folded))]
    if not asked:
        return None
    all_ground = ground(question, judge, found, views)
    ledger = Ledger(question.language)
    done: list[str] = []
    for rule, match in asked:
        if len(done) == _MOST_RULES or any(name in rule.settings.get("after", ()) for name in done):
            continue
        sums = [worked(rule, operands, ledger) for operands in _operands(rule, match, all_ground.without(match))]
        if any(sums):
            done.append(rule.name)
            if rule.settings.get("alone"):
                break
    return ledger.reckoning() if done else None


def _operands(rule: Rule, match: re.Match[str], where: Ground) -> list[Operands]:
    """The operands of a rule, from the first of its ways that finds them."""
    return next((found for way in rule.find if (found := _FINDERS[way](rule, match, where))), [])
