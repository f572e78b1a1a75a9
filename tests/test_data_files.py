"""The language data keeps its own rules: format, unique ids and spellings, known kinds, canonical tickers."""

from __future__ import annotations

import csv
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from assistant.language import fold, to_simplified

DATA = Path(__file__).parent.parent / "assistant" / "data"
KEBAB = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")
CJK = re.compile(r"[\u3400-\u9fff]")
TICKER = re.compile(
    r"(\d{4,5}\.HK|\d{4}\.TW|\d{4}\.TWO|6\d{5}\.SS|[03]\d{5}\.SZ|[89]\d{5}\.BJ|[A-Z]+(\.[A-Z])?\.US|\d{3}[A-Z\d]\.T"
    r"|\d{6}\.K[SQ]|[A-Z0-9]+\.(AS|AX|DE|JK|KL|L|NS|PA|SG|SR|SW))"
)
GLOSSARY_KINDS = {
    "metric",
    "valuation",
    "rating",
    "period",
    "macro",
    "commodity",
    "currency",
    "technology",
    "product-type",
    "industry",
    "deal",
    "corporate-action",
    "esg",
    "document",
    "position",
    "geography",
    "general",
}
COMPANY_KINDS = {"company", "broker", "product", "index", "person", "organisation"}


def rows(name: str, header: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        assert file.readline().rstrip("\n") == header.replace(" ", "\t")
        fields = header.split()
        lines = [line.split("\t") for line in file.read().splitlines()]
    assert [line for line in lines if len(line) != len(fields)] == []
    return [dict(zip(fields, line, strict=True)) for line in lines]


def values(cell: str) -> list[str]:
    return cell.split("|") if cell else []


@cache
def key(spelling: str) -> str:
    """What makes two spellings the same to a search: script, case, width and a plural s don't."""
    return re.sub(r"(?<=[a-z][a-z][^sui])s$", "", fold(spelling))


GLOSSARY = rows("glossary.tsv", "id kind en zh zh_hant")
COMPANIES = rows("companies.tsv", "id kind names tickers owner")
TABLES = [
    pytest.param(GLOSSARY, ("en", "zh", "zh_hant"), id="glossary"),
    pytest.param(COMPANIES, ("names", "tickers"), id="companies"),
]


@pytest.mark.parametrize(("table", "lists"), TABLES)
def test_ids_are_unique_and_kebab_case(table: list[dict[str, str]], lists: tuple[str, ...]) -> None:
    ids = [row["id"] for row in table]
    assert [i for i, n in Counter(ids).items() if n > 1] == []
    assert [i for i in ids if not KEBAB.fullmatch(i)] == []


@pytest.mark.parametrize(("table", "lists"), TABLES)
def test_no_value_is_empty_padded_or_a_control_character(table: list[dict[str, str]], lists: tuple[str, ...]) -> None:
    found = [v for row in table for column in lists for v in values(row[column])]
    assert [v for v in found if not v or v != v.strip() or not v.isprintable()] == []


def test_the_tables_can_be_read_as_plain_csv() -> None:
    for name, count in (("glossary.tsv", len(GLOSSARY)), ("companies.tsv", len(COMPANIES))):
        with (DATA / name).open(encoding="utf-8", newline="") as file:
            assert len(list(csv.DictReader(file, delimiter="\t"))) == count


def test_the_glossary_is_large_and_every_concept_has_both_languages() -> None:
    assert len(GLOSSARY) >= 1500
    assert {row["kind"] for row in GLOSSARY} == GLOSSARY_KINDS
    assert [row["id"] for row in GLOSSARY if not row["en"] or not row["zh"]] == []


def test_a_spelling_stands_in_one_concept_only() -> None:
    homes: dict[str, set[str]] = {}
    for row in GLOSSARY:
        for column in ("en", "zh", "zh_hant"):
            for spelling in values(row[column]):
                homes.setdefault(key(spelling), set()).add(row["id"])
    assert {s: ids for s, ids in homes.items() if len(ids) > 1} == {}


def test_each_column_holds_its_script() -> None:
    assert [s for row in GLOSSARY for s in values(row["en"]) if CJK.search(s)] == []
    chinese = [s for row in GLOSSARY for column in ("zh", "zh_hant") for s in values(row[column])]
    assert [s for s in chinese if not CJK.search(s)] == []
    assert [s for row in GLOSSARY for s in values(row["zh"]) if s != to_simplified(s)] == []


def test_the_traditional_column_adds_words_rather_than_characters() -> None:
    for row in GLOSSARY:
        known = {fold(s) for s in values(row["zh"])}
        assert [s for s in values(row["zh_hant"]) if fold(s) in known] == [], row["id"]


@pytest.mark.parametrize(
    "spellings",
    [
        ("gross margin", "毛利率"),
        ("capex", "capital expenditure", "资本开支", "资本支出"),
        ("P/E", "市盈率", "本益比"),
        ("dividend yield", "股息率", "殖利率"),
        ("yoy", "同比", "年增率"),
        ("target price", "目标价"),
        ("rating", "评级", "評等"),
        ("server", "服务器", "伺服器"),
        ("software", "软件", "軟體"),
        ("inference", "推理", "推論"),
        ("order backlog", "在手订单"),
        ("compute leasing", "算力租赁"),
    ],
)
def test_spellings_of_one_thing_share_a_concept(spellings: tuple[str, ...]) -> None:
    homes = {key(s): row["id"] for row in GLOSSARY for column in ("en", "zh", "zh_hant") for s in values(row[column])}
    assert len({homes[key(s)] for s in spellings}) == 1


def test_the_companies_are_many_and_of_known_kinds() -> None:
    kinds = Counter(row["kind"] for row in COMPANIES)
    assert set(kinds) == COMPANY_KINDS
    assert len(COMPANIES) >= 2000
    assert kinds["broker"] >= 150 and kinds["product"] >= 400 and kinds["index"] >= 50


def test_every_company_has_a_name_and_no_name_is_too_short_to_mean_one_thing() -> None:
    for row in COMPANIES:
        assert row["names"], row["id"]
        for name in values(row["names"]):
            cjk = CJK.findall(name)
            assert len(cjk) >= 2 or sum(c.isalnum() for c in name) >= 2, (row["id"], name)


def test_a_name_belongs_to_one_line_and_stands_there_once() -> None:
    homes: dict[str, list[str]] = {}
    for row in COMPANIES:
        for name in values(row["names"]):
            homes.setdefault(key(name), []).append(row["id"])
    assert {n: ids for n, ids in homes.items() if len(ids) > 1} == {}


def test_tickers_have_one_canonical_form_and_one_company() -> None:
    tickers = [t for row in COMPANIES for t in values(row["tickers"])]
    assert [t for t in tickers if not TICKER.fullmatch(t)] == []
    assert [t for t, n in Counter(tickers).items() if n > 1] == []


def test_no_us_ticker_is_a_word_of_the_field_in_capitals() -> None:
    words = {s for row in GLOSSARY if row["kind"] == "technology" for s in values(row["en"])} | {
        "IT",
        "ON",
        "BE",
        "NOW",
    }
    assert [t for row in COMPANIES for t in values(row["tickers"]) if t.endswith(".US") and t[:-3] in words] == []


def test_products_and_only_products_have_an_owner_that_exists() -> None:
    kinds = {row["id"]: row["kind"] for row in COMPANIES}
    for row in COMPANIES:
        assert bool(row["owner"]) == (row["kind"] == "product"), row["id"]
        assert not row["owner"] or kinds.get(row["owner"], "product") != "product", row["id"]


@pytest.mark.parametrize(
    ("names", "company"),
    [
        (("腾讯", "騰訊", "Tencent", "腾讯控股", "鹅厂"), "tencent"),
        (("英伟达", "輝達", "NVDA", "Nvidia"), "nvidia"),
        (("谷歌", "Google", "Alphabet"), "alphabet"),
        (("招银国际", "CMBI"), "cmb-international"),
        (("台積電", "TSMC"), "tsmc"),
        (("恒生科技指數", "HSTECH"), "hang-seng-tech-index"),
    ],
)
def test_names_lead_to_their_company(names: tuple[str, ...], company: str) -> None:
    homes = {key(name): row["id"] for row in COMPANIES for name in values(row["names"])}
    assert {homes.get(key(name)) for name in names} == {company}
