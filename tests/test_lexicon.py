"""Companies, brokers and concepts are known in every spelling."""

from __future__ import annotations

import pytest

from assistant.language import fold
from assistant.lexicon import lexicon


def names(text: str) -> list[str]:
    return [mention.term.id for mention in lexicon().names_in(text)]


def concepts(text: str) -> list[str]:
    return [mention.term.id for mention in lexicon().concepts_in(text)]


@pytest.mark.parametrize("text", ["腾讯", "騰訊控股", "Tencent's", "TENCENT HOLDINGS", "0700.HK", "700 HK", "00700.hk"])
def test_a_company_in_any_spelling(text: str) -> None:
    assert names(text)[0] == "tencent"


@pytest.mark.parametrize("text", ["毛利率", "gross margin", "gross margins", "GPM", "gross profit margin"])
def test_a_concept_in_any_spelling(text: str) -> None:
    assert concepts(text) == ["gross-margin"]


def test_the_longest_name_wins() -> None:
    assert names("腾讯音乐的会员") == ["tencent-music"]
    assert names("腾讯，音乐") == ["tencent"]


def test_names_stand_as_whole_words() -> None:
    assert names("metadata and pineapples") == []
    assert names("Meta, Apple") == ["meta", "apple"]


def test_bare_us_tickers_stand_in_capitals() -> None:
    assert names("GOOGL rose")[0] == "alphabet"
    assert names("NVDA") == ["nvidia"]


def test_a_year_is_no_ticker() -> None:
    assert names("2025 年与 2026 年") == []


def test_bare_metals_are_words() -> None:
    assert concepts("铜") == concepts("copper price") == ["copper"]


def test_mentions_point_into_the_folded_text() -> None:
    text = "凱基看騰訊與 Microsoft 的資本支出"
    for mention in (*lexicon().names_in(text), *lexicon().concepts_in(text)):
        assert fold(text)[mention.start : mention.end] == mention.text


@pytest.mark.parametrize("name", ["KGI", "凯基", "凱基證券", "kgi securities", "KGI Asia"])
def test_a_broker_in_any_spelling(name: str) -> None:
    broker = lexicon().broker(name)
    assert broker is not None and broker.name == "KGI Securities"


def test_what_is_no_broker() -> None:
    assert lexicon().broker("Tencent") is None
    assert lexicon().broker("nobody at all") is None


def test_a_broker_counts_each_time_it_is_named() -> None:
    assert lexicon().brokers_in("by KGI, after KGI; Kgibson") == ["KGI Securities"] * 2


def test_a_broker_by_its_brand_alone() -> None:
    asked = lexicon().asked_brokers("国元怎么看算力？", {"Guoyuan Hong Kong", "KGI Securities"})
    assert [(term.name, place) for term, place in asked] == [("Guoyuan Hong Kong", (0, 2))]


def test_only_issuers_of_the_library_are_asked() -> None:
    assert lexicon().asked_brokers("KGI and Guosen", {"Guosen Securities"})[0][0].name == "Guosen Securities"
    assert lexicon().asked_brokers("KGI", set()) == []


def test_a_broker_is_called_what_readers_call_it() -> None:
    known = lexicon()
    assert [known.broker_name("KGI Securities", language) for language in ("en", "zh-Hans", "zh-Hant")] == [
        "KGI Securities",
        "凯基",
        "凱基",
    ]
    assert known.broker_name("A Small House", "zh-Hans") == "A Small House"
    assert known.broker_name(None, "en") is None


def test_products_belong_to_their_company() -> None:
    known = lexicon()
    azure = known.names["azure"]
    assert azure.owner == "microsoft" and azure in known.owned["microsoft"]


def test_an_empty_text_names_nothing() -> None:
    assert names("") == concepts("") == []
