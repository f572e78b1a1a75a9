"""Finding: across scripts and languages, by issuer, figure and filters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assistant.library import Library
from assistant.retrieval import Retriever, langchain_retriever, printed_date
from assistant.types import Filters
from three_notes import library_of_notes


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with library_of_notes(tmp_path_factory.mktemp("home")) as library:
        yield library


@pytest.fixture(scope="module")
def retriever(library: Library) -> Retriever:
    return Retriever(library)


def sources(retriever: Retriever, query: str, **filters: object) -> list[str]:
    return [hit.report.source for hit in retriever.search(query, 5, Filters(**filters))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "source"),
    [
        ("记忆体供给", "memory.txt"),  # Simplified over Traditional
        ("晶片訂單與雲端業務", "cloud.txt"),  # Traditional over Simplified
        ("capex of cloud business", "cloud.txt"),  # English over Chinese, by the glossary
        ("memory chip capex and supply", "memory.txt"),
        ("游戏的分部利润率", "games.txt"),  # Chinese over English
        ("SEGMENT MARGINS", "games.txt"),
    ],
)
def test_a_question_finds_across_scripts_and_languages(retriever: Retriever, query: str, source: str) -> None:
    assert sources(retriever, query)[0] == source


def test_the_best_comes_first_and_scores_fall(retriever: Retriever) -> None:
    hits = retriever.search("资本开支 毛利率", 4)
    assert len(hits) <= 4
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(hit.passage.text == hit.report.text[hit.passage.start : hit.passage.end] for hit in hits)
    assert len({hit.passage.passage_id for hit in hits}) == len(hits)


@pytest.mark.parametrize("query", ["KGI 怎么看资本开支？", "凱基如何看資本支出", "what does KGI say about capex"])
def test_the_report_of_the_broker_that_is_asked(retriever: Retriever, query: str) -> None:
    assert set(sources(retriever, query)) == {"memory.txt"}


def test_two_brokers_that_are_asked_both_speak(retriever: Retriever) -> None:
    assert {"cloud.txt", "memory.txt"} <= set(sources(retriever, "KGI 和国信怎么看资本开支？"))


def test_a_figure_by_its_number(retriever: Retriever) -> None:
    [best, *_] = retriever.search("图 6 是什么走势")
    assert (best.passage.kind, best.passage.figure) == ("figure", "6")


def test_disclaimers_only_when_asked(retriever: Retriever) -> None:
    assert all(hit.passage.furniture is None for hit in retriever.search("资本开支的预测"))
    assert retriever.search("免责声明怎么说资本开支的预测")[0].passage.furniture == "disclaimer"


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"issuer": "国信"}, {"cloud.txt"}),
        ({"issuer": "KGI Securities"}, {"memory.txt"}),
        ({"issuer": "nobody"}, set()),
        ({"since": "2026-04-08"}, {"cloud.txt"}),
        ({"until": "2026-04-07"}, {"memory.txt"}),
        ({"since": "2026-03-02", "until": "2026-04-08"}, {"cloud.txt", "memory.txt"}),
        ({"since": "2026-01-01", "issuer": "凱基"}, {"memory.txt"}),
    ],
)
def test_filters(retriever: Retriever, filters: dict[str, str], expected: set[str]) -> None:
    assert set(sources(retriever, "资本开支 毛利率 margin", **filters)) == expected


def test_only_these_reports(retriever: Retriever, library: Library) -> None:
    one = next(info.report_id for info in library.infos() if info.source == "games.txt")
    assert set(sources(retriever, "资本开支 毛利率 margin", reports=(one,))) == {"games.txt"}


@pytest.mark.parametrize("query", ["", "？？？", "😀", "zzz qqq", "*", "a" * 5000, "body:x AND (", '{"$or": []}'])
def test_any_text_can_be_searched_for(retriever: Retriever, query: str) -> None:
    assert len(retriever.search(query, 3)) <= 3


def test_as_a_langchain_retriever(retriever: Retriever, library: Library) -> None:
    documents = langchain_retriever(retriever, k=2, filters=Filters(issuer="国信")).invoke("资本开支")
    assert 1 <= len(documents) <= 2
    for document in documents:
        text = library.report(document.metadata["report_id"]).text
        assert document.page_content == text[document.metadata["start"] : document.metadata["end"]]
        assert document.metadata["source"] == "cloud.txt" and document.metadata["date"] == "2026-04-08"
        assert library.passage(document.id).text == document.page_content


def test_a_bound_is_no_date(library: Library) -> None:
    dates = {info.source: printed_date(info) for info in library.infos()}
    assert dates == {"cloud.txt": "2026-04-08", "memory.txt": "2026-03-02", "games.txt": None}
