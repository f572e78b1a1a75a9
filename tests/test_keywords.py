"""The keyword index: BM25, filters, commits."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.errors import LibraryError
from assistant.keywords import Entry, KeywordIndex

BODIES = {
    "aa-0-1": "capex growth cloud cloud",
    "aa-1-2": "cloud margin",
    "bb-0-1": "margin margin margin target price rating",
    "bb-1-2": "rating",
}


@pytest.fixture
def index(tmp_path: Path) -> Iterator[KeywordIndex]:
    index = KeywordIndex(tmp_path / "keywords")
    index.add(Entry(name, name[:2], body, "", False) for name, body in BODIES.items())
    index.commit()
    yield index
    index.close()


def bm25(term: str, name: str) -> float:
    """BM25 by its definition, k1 = 1.2 and b = 0.75, with the logarithm that can't go negative."""
    texts = {key: body.split() for key, body in BODIES.items()}
    containing = sum(term in words for words in texts.values())
    idf = math.log(1 + (len(texts) - containing + 0.5) / (containing + 0.5))
    average = sum(map(len, texts.values())) / len(texts)
    frequency = texts[name].count(term)
    return idf * frequency * 2.2 / (frequency + 1.2 * (0.25 + 0.75 * len(texts[name]) / average))


@pytest.mark.parametrize("term", ["cloud", "margin", "rating", "capex"])
def test_scores_are_bm25(index: KeywordIndex, term: str) -> None:
    hits = index.hits([(term, 1.0)], 10)
    assert {name for name, _ in hits} == {name for name, body in BODIES.items() if term in body.split()}
    for name, score in hits:
        assert score == pytest.approx(bm25(term, name), rel=1e-5)


def test_boosts_weigh_terms(index: KeywordIndex) -> None:
    assert index.hits([("capex", 1.0), ("rating", 5.0)], 1)[0][0].startswith("bb")
    assert index.hits([("capex", 5.0), ("rating", 1.0)], 1)[0][0] == "aa-0-1"
    assert index.hits([("capex", 3.0)], 1)[0][1] == pytest.approx(3 * bm25("capex", "aa-0-1"), rel=1e-5)


def test_best_comes_first_and_k_limits(index: KeywordIndex) -> None:
    hits = index.hits([("margin", 1.0), ("cloud", 1.0)], 10)
    assert [score for _, score in hits] == sorted((score for _, score in hits), reverse=True)
    assert index.hits([("margin", 1.0), ("cloud", 1.0)], 2) == hits[:2]


def test_context_counts_less_than_the_text_itself(tmp_path: Path) -> None:
    index = KeywordIndex(tmp_path)
    index.add([Entry("a-0-1", "a", "capex", "nothing"), Entry("b-0-1", "b", "nothing", "capex")])
    index.commit()
    assert [name for name, _ in index.hits([("capex", 1.0)], 5)] == ["a-0-1", "b-0-1"]
    assert [name for name, _ in index.hits([("capex", 1.0)], 5, context_weight=0.0)] == ["a-0-1"]
    index.close()


def test_reports_and_furniture_filter(tmp_path: Path) -> None:
    index = KeywordIndex(tmp_path)
    index.add([Entry("a-0-1", "a", "x", ""), Entry("b-0-1", "b", "x", ""), Entry("b-1-2", "b", "x", "", True)])
    index.commit()

    def found(reports: Collection[str] | None = None, furniture: bool = False) -> set[str]:
        return {name for name, _ in index.hits([("x", 1.0)], 9, reports=reports, furniture=furniture)}

    assert found() == {"a-0-1", "b-0-1"}
    assert found(furniture=True) == {"a-0-1", "b-0-1", "b-1-2"}
    assert found(reports={"b"}) == {"b-0-1"}
    assert found(reports={"b", "unknown"}, furniture=True) == {"b-0-1", "b-1-2"}
    assert found(reports=()) == set()
    index.close()


def test_a_filter_does_not_change_scores(index: KeywordIndex) -> None:
    everywhere = dict(index.hits([("margin", 1.0)], 9))
    assert dict(index.hits([("margin", 1.0)], 9, reports=["aa"]))["aa-1-2"] == pytest.approx(everywhere["aa-1-2"])


def test_nothing_is_found_for_nothing(index: KeywordIndex) -> None:
    assert index.hits([], 5) == index.hits([("cloud", 1.0)], 0) == index.hits([("absent", 1.0)], 5) == []


@pytest.mark.parametrize("token", ['"', "AND", "body:cloud", "*", "(", "cloud^9", "0700.hk", "12.5%", "资本"])
def test_tokens_are_never_syntax(index: KeywordIndex, token: str) -> None:
    assert index.hits([(token, 1.0)], 5) == []
    index.add([Entry("cc-0-1", "cc", f"{token} else", "")])
    index.commit()
    assert [name for name, _ in index.hits([(token, 1.0)], 5)] == ["cc-0-1"]


def test_changes_show_after_commit_only(index: KeywordIndex) -> None:
    index.remove(["aa"])
    index.add([Entry("cc-0-1", "cc", "capex", "")])
    assert [name for name, _ in index.hits([("capex", 1.0)], 5)] == ["aa-0-1"]
    index.commit()
    assert [name for name, _ in index.hits([("capex", 1.0)], 5)] == ["cc-0-1"]
    assert index.counts() == {"bb": 2, "cc": 1}
    assert len(index) == 3


def test_replacing_in_one_commit(index: KeywordIndex) -> None:
    index.remove(["aa"])
    index.add([Entry("aa-5-6", "aa", "capex", "")])
    index.commit()
    assert index.counts() == {"aa": 1, "bb": 2}
    assert [name for name, _ in index.hits([("capex", 1.0)], 5)] == ["aa-5-6"]


def test_what_was_committed_is_there_again(tmp_path: Path) -> None:
    index = KeywordIndex(tmp_path)
    index.add([Entry("a-0-1", "a", "kept", "")])
    index.commit()
    index.add([Entry("b-0-1", "b", "dropped", "")])
    index.close()
    again = KeywordIndex(tmp_path)
    assert again.counts() == {"a": 1}
    assert again.document_frequency("kept") == 1
    again.add([Entry("b-0-1", "b", "added", "")])
    again.commit()
    assert again.counts() == {"a": 1, "b": 1}
    again.close()


def test_a_damaged_index_is_told(tmp_path: Path) -> None:
    index = KeywordIndex(tmp_path)
    index.add([Entry("a-0-1", "a", "kept", "")])
    index.commit()
    index.close()
    (tmp_path / "meta.json").write_text("{", encoding="utf-8")
    with pytest.raises(LibraryError, match="keyword index is damaged"):
        KeywordIndex(tmp_path)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text("abc一二", min_size=1, max_size=3), min_size=1, max_size=6))
def test_every_passage_is_found_by_its_own_tokens(tmp_path_factory: pytest.TempPathFactory, words: list[str]) -> None:
    index = KeywordIndex(tmp_path_factory.mktemp("index"))
    index.add([Entry("own-0-1", "own", " ".join(words), ""), Entry("other-0-1", "other", "zzz", "")])
    index.commit()
    assert [name for name, _ in index.hits([(word, 1.0) for word in words], 5)] == ["own-0-1"]
    index.close()
