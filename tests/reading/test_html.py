"""HTML pages are read as a reader of the page sees them."""

from __future__ import annotations

import pytest

from assistant.errors import UnreadableFile
from assistant.reading import html
from assistant.reading.source import Source


def page(body: str, head: str = "") -> Source:
    return html.read(f"<html><head><meta charset=utf-8>{head}</head><body>{body}</body></html>".encode())


def texts(source: Source, grid: int = 0) -> list[list[str | None]]:
    for row in source.grids[grid].rows:
        for cell in row:
            assert cell is None or source.text[cell.start : cell.end] == cell.text
    return [[cell and cell.text for cell in row] for row in source.grids[grid].rows]


def test_blocks_are_lines_and_inline_elements_are_not() -> None:
    source = page("<h1>Title &amp; more</h1><p>One <b>bo</b>ld\n  word</p><div>two<br>three</div><ul><li>a<li>b</ul>")
    assert source.text == "Title & more\n\nOne bold word\n\ntwo\nthree\n\n- a\n- b"
    assert [(source.text[h.start : h.end], h.level) for h in source.headings] == [("Title & more", 1)]


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>var x = 'secret'</script>",
        "<style>.secret {}</style>",
        "<p hidden>secret</p>",
        "<p aria-hidden=true>secret</p>",
        "<p style='color: red; display : none'>secret</p>",
        "<span style='font-size:0'>secret</span>",
        "<style>.gone, .other { display: none }</style><p class='a gone'>secret</p>",
        "<style>#gone{visibility:hidden}</style><p id=gone>secret</p>",
        "<!-- secret -->",
        "<template>secret</template><noscript>secret</noscript><iframe>secret</iframe>",
        "<table><tr><td>a<td hidden>secret<td>b</table>",
    ],
)
def test_what_a_reader_does_not_see_is_no_text(hidden: str) -> None:
    assert "secret" not in page(f"<p>seen</p>{hidden}<p>also</p>").text


def test_what_only_print_hides_is_text() -> None:
    assert "shown" in page("<style>@media print { .p { display: none } }</style><p class=p>shown</p>").text


def test_table_with_spans_and_caption() -> None:
    source = page(
        "<table><caption>Table 1: Results</caption>"
        "<tr><th rowspan=2>Item<th colspan=2>FY</tr><tr><th>2024<th>2025E</tr>"
        "<tr><td>Revenue<td>1,000<td>2,000</tr><tr><td>EPS<td><td>1.2</table>"
    )
    grid = source.grids[0]
    assert texts(source) == [
        ["Item", "FY", "FY"],
        ["Item", "2024", "2025E"],
        ["Revenue", "1,000", "2,000"],
        ["EPS", "", "1.2"],
    ]
    assert grid.header_rows == 2
    assert source.text[grid.caption_start : grid.caption_end] == grid.caption == "Table 1: Results"
    assert source.text[grid.start : grid.end] == "Item\tFY\t\n\t2024\t2025E\nRevenue\t1,000\t2,000\nEPS\t\t1.2"
    assert grid.rows[0][1] is grid.rows[0][2], "a merged cell stands in each of its places"


def test_foot_of_a_table_is_below_its_body() -> None:
    source = page("<table><thead><tr><th>A<th>B</thead><tfoot><tr><td>Sum<td>9</tfoot><tr><td>x<td>9</table>")
    assert texts(source) == [["A", "B"], ["x", "9"], ["Sum", "9"]]


def test_table_that_lays_out_the_page_is_no_table() -> None:
    source = page(
        "<table><tr><td><h2>Head</h2><p>prose</p><table><tr><th>a<th>b<tr><td>1<td>2</table></td><td>side</td></table>"
    )
    assert len(source.grids) == 1
    assert texts(source) == [["a", "b"], ["1", "2"]]
    assert source.text.splitlines()[0] == "Head"


def test_footnote_mark_is_not_part_of_a_number() -> None:
    assert page("<p>1,234<sup>2</sup> and CO<sub>2</sub></p><table><tr><td>a<td>5<sup>1</sup></table>").text == (
        "1,234^2 and CO2\n\na\t5^1"
    )


@pytest.mark.parametrize(
    ("declared", "encoding", "words"),
    [
        ("<meta charset=gb2312>", "gb18030", "镕基谈腾讯收入"),  # 镕 is in GBK, not in GB2312
        ("<meta http-equiv='Content-Type' content='text/html; charset=big5'>", "big5hkscs", "騰訊收入"),
        ("<?xml version='1.0' encoding='utf-8'?>", "utf-8", "腾讯收入"),
        ("", "utf-8", "腾讯控股的收入"),
        ("", "utf-16", "腾讯控股的收入"),
        ("", "gb18030", "腾讯控股的收入增长了百分之十，这是一个很好的结果"),
        ("<meta charset=utf-8>", "gb18030", "腾讯控股的收入增长了百分之十，这是一个很好的结果"),  # and it is wrong
    ],
)
def test_encodings(declared: str, encoding: str, words: str) -> None:
    assert html.read(f"{declared}<html><body><p>{words}</p></body></html>".encode(encoding)).text == words


def test_metadata() -> None:
    source = page(
        "<p>text</p>",
        "<title>Site | Note</title><meta property='og:title' content='Note'><meta name=author content='Li Lei'>"
        "<meta property='article:published_time' content='2025-11-03T08:00:00+08:00'>",
    )
    assert source.properties == {"title": "Note", "author": "Li Lei", "date": "2025-11-03"}


def test_metadata_of_linked_data() -> None:
    script = (
        '<script type="application/ld+json">{"datePublished": "2025-3-4", "author": [{"name": "Han Mei"}]}</script>'
    )
    assert page("x", script).properties == {"author": "Han Mei", "date": "2025-03-04"}


def test_pictures_but_no_tracking_pixels() -> None:
    source = page(
        "<p>above</p><img src=chart.png><img src=t.gif width=1 height=1><svg><text>no</text></svg><p>below</p>"
    )
    assert len(source.pictures) == 2
    assert source.text == "above\n\nbelow"
    assert source.text[source.pictures[0].start :] == "below"


def test_hostile_pages_are_read_or_refused() -> None:
    assert page("<div>" * 5000 + "deep" + "</div>" * 5000).text == "deep"
    assert "1" in page("<table><tr><td rowspan=99999999 colspan=99999999>a<td>1<tr><td>b</table>").text
    with pytest.raises(UnreadableFile, match="cells"):
        page("<table>" + "<tr><td colspan=100 rowspan=65000>a<td>b" * 400 + "</table>")


@pytest.mark.parametrize("body", ["", "<script>x</script>", "<p hidden>x</p>"])
def test_page_without_text_is_refused(body: str) -> None:
    with pytest.raises(UnreadableFile, match="no text"):
        page(body)
