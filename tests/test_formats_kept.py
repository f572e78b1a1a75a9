"""Libraries of every released format: opened, or refused with what to do.

`tests/data/library-N.zip` is one of format N with two reports, as the version that brought the format wrote it, without
the keyword index, which is derived. A new format gets a new file; the old ones stay.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from assistant import chroma
from assistant.embeddings import Builtin
from assistant.errors import LibraryError
from assistant.library import Library
from assistant.vectors import FORMAT
from test_library import incoming, terms

DATA = Path(__file__).parent / "data"
CLOUD = "云业务收入同比增长四成,公司上调全年资本开支至1,200亿元。"
GAMES = "The games segment grew and margins widened again."


def released(number: int, home: Path) -> Path:
    """A library of a released format, in a folder of its own."""
    with zipfile.ZipFile(DATA / f"library-{number}.zip") as packed:
        packed.extractall(home)
    return home


def set_format(home: Path, number: int) -> None:
    """Says that a library is of another format."""
    client = chroma.local(home / "chroma")
    register = client.get_collection("reports", embedding_function=None)
    register.modify(metadata={**(register.metadata or {}), "format": number})
    chroma.close(client)


@pytest.mark.parametrize("number", range(1, FORMAT + 1))
def test_a_library_of_each_released_format_opens(tmp_path: Path, number: int) -> None:
    with Library.open(released(number, tmp_path), Builtin()) as library:
        assert [library.report(i).text for i in ("aaaa", "bbbb")] == [CLOUD, GAMES]
        assert library.keyword_hits(terms("資本開支"), 1)[0][0].startswith("aaaa")
        assert library.vector_hits("games segment", 1)[0][0].startswith("bbbb")
        assert library.original("aaaa") == CLOUD.encode() and library.at_path("here") == "aaaa11112222"
        assert library.check(texts=True) == []
        library.add([incoming("cccc11112222", "Another one.")])


def test_an_older_one_is_refused_with_the_command_that_brings_it_up_to_date(tmp_path: Path) -> None:
    set_format(released(FORMAT, tmp_path), 0)
    with pytest.raises(LibraryError, match="older version of the assistant; run: assistant reindex"):
        Library.open(tmp_path, Builtin())
    with Library.rebuild(tmp_path, Builtin()) as library:
        assert len(library) == 2 and library.check(texts=True) == []


def test_a_newer_one_is_refused_and_never_written_over(tmp_path: Path) -> None:
    set_format(released(FORMAT, tmp_path), FORMAT + 1)
    for use in (Library.open, Library.rebuild):
        with pytest.raises(LibraryError, match="newer version of the assistant; install that, or a later one"):
            use(tmp_path, Builtin())
    set_format(tmp_path, FORMAT)
    with Library.open(tmp_path, Builtin()) as library:
        assert library.check(texts=True) == []


def write(home: Path, file: Path) -> None:
    """Makes the file of the present format; run once for each new one: python tests/test_formats_kept.py"""
    with Library.open(home, Builtin()) as library:
        library.add([incoming("aaaa11112222", CLOUD, pages=1, path_key="here"), incoming("bbbb11112222", GAMES)])
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(home.rglob("*")):
            if path.is_file() and path.relative_to(home).parts[0] in ("chroma", "reports"):
                packed.write(path, path.relative_to(home))


if __name__ == "__main__":
    write(Path(sys.argv[1]), DATA / f"library-{FORMAT}.zip")
