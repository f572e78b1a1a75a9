"""Runs as one HTML page that needs nothing else: tables and charts, no script, no request."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from assistant.evaluation.charts import bars, lines
from assistant.evaluation.runs import ALL, Run
from assistant.evaluation.tables import Table, tables, title_of

_STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem }
h2 { font-size: 1.1rem; margin-top: 2rem } .wide { overflow-x: auto } svg { max-width: 100%; height: auto }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .2rem .7rem .2rem 0; border-bottom: 1px solid #8884; vertical-align: top }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(runs: Sequence[Run], earlier: Sequence[Run] = ()) -> str:
    """The page of runs of one eval."""
    title = f"{runs[0].task} · {runs[0].made_at[:10]}"
    body = "".join([f"<h1>{escape(title)}</h1><p>{escape(title_of(runs[0]))}</p>", *charts(runs)])
    body += "".join(map(_table, tables(runs, earlier)))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style><main>{body}</main></html>\n"
    )


def charts(runs: Sequence[Run]) -> list[str]:
    """The scores, then the first of them by group; by system and group where there are several systems."""
    if any(run.system == "growth" for run in runs):
        return [
            _charted(_growth(run), run.system) if run.system == "growth" else _charted(_groups([run]), run.system)
            for run in runs
        ]
    made = (
        [_charted(bars(list(runs[0].figures()[ALL].items()), "scores"), "scores, with 95 % intervals")]
        if runs[0].pooled
        else []
    )
    return [*made, _charted(_groups(runs), f"{_first(runs)}, by group")]


def _first(runs: Sequence[Run]) -> str:
    return next((name for run in runs for row in run.figures().values() for name in row), "")


def _groups(runs: Sequence[Run]) -> str:
    name, several = _first(runs), len(runs) > 1
    groups = dict.fromkeys(group for run in runs for group in run.figures() if group != ALL or several)
    rows = [
        (f"{group} · {run.system}" if several else group, run.figures()[group][name])
        for group in groups
        for run in runs
        if name in run.figures().get(group, {})
    ]
    return bars(rows, name)


def _growth(run: Run) -> str:
    figures = run.figures()
    names = dict.fromkeys(name for row in figures.values() for name in row)
    series = {name: [(group, row[name].mean) for group, row in figures.items() if name in row] for name in names}
    return lines(series, run.system)


def _charted(svg: str, title: str) -> str:
    return f'<h2>{escape(title)}</h2><div class="wide">{svg}</div>'


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in table.head)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    return f'<h2>{escape(table.title)}</h2><div class="wide"><table><tr>{head}</tr>{rows}</table></div>'
