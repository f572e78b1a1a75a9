"""Three small notes, in both Chinese scripts and in English, and a library of them."""

from __future__ import annotations

from pathlib import Path

from assistant.chunking import passages
from assistant.embeddings import Builtin
from assistant.library import Incoming, Library
from assistant.reading import read

NOTES = {
    "cloud.txt": """# 云端周报

报告日期：2026年4月8日

国信证券研究所

## 需求

云端业务的资本开支上调到 12 亿元，同比增长四成。毛利率为 31%。

## 芯片

示例科技的芯片订单排到了三季度，交付周期缩短了两周。

## 免责声明

本报告由国信证券制作，不构成投资建议，资本开支的预测可能有误。
""",
    "memory.txt": """# 記憶體週報

報告日期：2026年3月2日

凱基證券亞洲

## 供給

記憶體的資本支出維持保守，毛利率為 18%，供給吃緊。

圖 6：記憶體現貨價走勢

資料來源：公司資料，凱基證券整理
""",
    "games.txt": "# Games note\n\n## Margins\n\nThe segment margin of games was 24%, as mobile titles did well.\n",
}


def library_of_notes(home: Path) -> Library:
    """A library with the notes in a new folder."""
    library = Library.open(home, Builtin())
    reports = [read(text.encode(), name) for name, text in NOTES.items()]
    library.add([Incoming(report, passages(report)) for report in reports])
    return library
