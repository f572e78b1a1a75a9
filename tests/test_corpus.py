"""The bundled notes: what the manifest says is true of the files, and the figures stand as the reports print them."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import opencc
import pytest

CORPUS = Path(__file__).parents[1] / "corpus"
ENTRIES: list[dict[str, str | None]] = json.loads((CORPUS / "manifest.json").read_text(encoding="utf-8"))
BY_FILE = {str(entry["file"]): entry for entry in ENTRIES}
each_note = pytest.mark.parametrize("name", sorted(BY_FILE))

# Rows as they must stand, cell for cell, whatever separates the cells. An empty cell is "".
ROWS: dict[str, list[str]] = {
    "kgi-csp-openclaw.md": [
        "Amazon;83;90;80;79",
        "Alphabet;80;77;84;78",
        "Meta Platforms Inc;62;48;59;69",
        "Microsoft;91;78;94;92",
        "光寶;2301 TT;增加持股;216;20-25;電源供應器",
        "光寶;2301 TT;增加持股;216;10;伺服器電源",
        "智邦;2345 TT;增加持股;1,850;;資料中心交換器",
        "智邦;2345 TT;增加持股;1,850;-;資料中心交換器",
        "神達;3706 TT;-;-;<10;伺服器原廠委託設計代工",
        "信邦;3023 TT;增加持股;336;<5;物流",
        "世芯-KY;3661 TT;增加持股;4,590;40-50;設計服務",
        "緯穎;6669 TT;增加持股;6,180;45-50;伺服器原廠委託設計代工",
        "緯穎;6669 TT;增加持股;6,180;30-40;伺服器原廠委託設計代工",
        "台光電;2383 TT;增加持股;2,985;<10;銅箔基板",
        "聯發科;2454 TT;增加持股;2,000;1-3;設計服務",
        "聯發科;2454 TT;增加持股;2,000;5-10;設計服務",
        "聯詠;3034 TT;持有;370;3-7;AR/VR解決方案",
        "雙鴻;3324 TT;增加持股;1,255;<10;水冷零組件",
        "創意;3443 TT;增加持股;3,680;<30;設計服務",
        "群光;2385 TT;持有;126;10-15;遊戲機",
    ],
    "cmbi-ai-value-chain.md": [
        "扬杨得熠文化创意;潮玩艺术生活品牌;2025-09-18;战略投资",
        "Konvy.com;泰国美妆电商平台;2024-01-08;B轮",
        "古茗;茶饮连锁品牌;2025-02-04;PreIPO",
        "虎鲸大药房;药品零售服务商;2025-10-14;并购",
        "昕原半导体;存储芯片研发商;2024-03-13;B+轮",
        "英伟达;B200;GPU;4nm;2250TFLOPS;1000W;前沿模型训练、前沿模型推理、主流模型训练",
        "谷歌;TPU v7;ASIC;/;2300TFLOPS;160W;前沿模型推理、主流模型推理",
        "百度;昆仑芯 P800;GPU;/;/;450W;主流模型训练、主流模型推理",
        "燧原;云燧 i20;ASIC;12nm;128 TFLOPS;/;主流模型推理、边缘与终端推理",
        "晶晨股份;晶晨 A311D;ASIC;12nm;5 TFLOPS;/;边缘与终端推理",
        "创意工具 TAM 合计;391.6;437.9;489.3;546.1",
        "YoY;;11.8%;11.7%;11.6%",
        "AI 渗透率;;4.3%;8.2%;10.6%",
        "付费用户数 (百万);57.8;60.7;63.7;66.9",
        "付费用户数 (百万);90.0;102.0;114.6;127.8",
        "创意工具 TAM（业余）;86.4;110.1;137.5;168.8",
        "1;Kuaishou KlingAI;Kling 2.5 Turbo 1080p;1,245;-13/+12;4,070;Sept 2025",
        "10;ByteDance Seed;Seedance 1.0;1,174;-10/+10;6,285;Jun 2025",
        "中国智能算力（FP16）;2025 年 1,037 EFLOPS;2028 年 2,782 EFLOPS;39%;IDC",
        "中国 AI 推理芯片市场;2025 年 3106 亿元;2029 年 1.38 万亿元;45%;CIC、IDC",
        "具身智能行业;;2028 年 815 亿元;27%;弗若斯特沙利文、头豹",
    ],
    "guoyuan-token-economy.md": [
        "标普软件服务精选指数;SPSISS.SPI;10.11%;20.44%",
        "Wind 港股软件服务指数;887130.WI;5.74%;5.66%",
        "服务器/数据中心;新意网集团;1686.HK;IREN、Hut 8;香港 Tier 3+ 数据中心运营商",
        "半导体;鸿腾精密;6088.HK;Credo;连接方案供应商，AI 硬件的部件",
        "伟仕佳杰;0856.HK;Tech Data、Oracle",
        "金山云;3896.HK;Cloudflare、Snowflake",
        "腾讯;0700.HK;META、微软、谷歌",
        "智谱;2513.HK;Anthropic、OpenAI;两家对标公司均未上市",
        "1396.HK;粤港湾智算;服务器/数据中心",
        "9698.HK;万国数据;服务器/数据中心",
    ],
    "guosen-hk-internet.md": [
        "腾讯控股;-3pct;-1pct;5pct;8pct;0pct",
        "BOSS直聘;-;-2pct;19pct;1pct;5pct",
        "阿里健康;85pct;4pct;3pct;3pct;-1pct",
        "拼多多;20pct;16pct;-3pct;4pct;-7pct",
        "美团-W;-11pct;10pct;7pct;5pct;-15pct",
        "腾讯广告总计;823;887;827;1015;1214;1456;1748;2097;23%;20%;20%;20%;20%",
        "视频号;;;24;145;258;440;638;861;504%;78%;71%;45%;35%",
        "搜一搜及其他;;;2;10;20;45;77;115;400%;100%;125%;70%;50%",
        "-联盟广告;88;110;99;119;137;123;111;100;20%;15%;-10%;-10%;-10%",
        "公众号;64;72;68;72;74;63;59;59;5%;3%;-15%;-5%;0%",
        "媒体;143;133;107;108;121;139;153;168;1%;12%;14%;10%;9%",
        "TikTok（国际版）;字节跳动;15-20%",
    ],
    "kingsway-compute-rental.md": [
        "恒生指數;25,679;-0.9%;0.2%",
        "日經平均指數;59,917;-1.0%;19.0%",
        "銅價 (美元/盎司);3,128;1.0%;23.0%",
        "鋁價 (美元/盎司);13,036;-2.1%;4.9%",
        "糖 (美分/磅);110;-2.5%;",
        "BDI;;;42.0%",
        "日元;0.0;4.9;0.5;;0.5;0.0",
        "希臘;NA;NA",
        "黃金 (盎司);4592;(12);5.8;37.7",
        "銅 (噸);13037;5.7;4.9;38.1",
        "天然氣 (百萬英熱);2.6;(11.3);(30.6);(24.4)",
        "澳洲動力煤 (US$/t);1313;(7.9);22.1;35.0",
        "歐元;12;14;(0.3);2.9",
        "韓圓;1472.6;(2.9);1.9;2.7",
        "消費者物價指數;月;;26年5月11日",
        "消費者物價指數;月;;26年5月12日",
        "消費者物價指數;月;;26年5月21日",
        "汽車銷售;月;;",
        "協創數據;300857 SZ;264.18;1,280;7.8",
        "宏景科技;301396 SZ;335.99;516;17.4",
        "利通電子;9.97;42%;2.71;約 8.2 倍",
    ],
}

# What the text says, each with enough around the figure to tell whose it is.
PHRASES: dict[str, list[str]] = {
    "kgi-csp-openclaw.md": [
        "漲了 212%",
        "漲了 478%",
        "每週大約 23tn",
        "5.8tn 左右",
        "OpenClaw 一家就佔 53%",
        "在 4Q25 為 26%，1Q23 時是 13%",
        "落在 32-35%",
        "每年都能成長 145% 以上",
        "介於 29 到 201 倍，平均 112 倍",
        "US$1tn 以上",
        "US$120k",
    ],
    "cmbi-ai-value-chain.md": [
        "4997 亿 Token",
        "约 4.9 万亿",
        "480 万/960 万/1,300 万亿",
        "日均 Token 超 30 万亿",
        "月活超 1.1 亿",
        "2025 年的 18 起",
        "高峰是 340 笔",
        "1.6 亿股认股权证",
        "720P 每秒 0.1 美元",
        "29.3 TFlops/W",
        "合计 200 亿美元",
        "订单 1060 亿美元",
        "AIME24 得 91.7 分",
        "2Q25 收入突破 2.5 亿元",
    ],
    "guoyuan-token-economy.md": [
        "2026-06-02",
        "2026 年 6 月 1 日",
        "GTC Taipei 2026",
        "处于估值地位水平",
        "市值超过 100 亿美元",
        "分析师：李承儒",
    ],
    "guosen-hk-internet.md": [
        "累计涨了 99%",
        "约 23 倍市盈率",
        "31% 分位",
        "纳斯达克是 41 倍",
        "腾讯国内单季 ARPU 是 131 元",
        "75 美元，折合约 532 元",
        "4.1 倍左右",
        "达成率高出 8.7%",
        "7750 亿美元",
        "比例到了 165%",
        "周消耗量为 5.15 万亿 Token",
        "480 万亿增至 10 月的 1300 万亿",
        "得分 77.43",
        "容量 96GB",
    ],
    "kingsway-compute-rental.md": [
        "兩個月來漲價約 50%",
        "未來 2 至 3 個季度",
        "約 42,000 張 GPU",
        "160 億元人民幣以上",
        "50 億元人民幣的長約",
        "使用率鎖定至 2027 年",
        "未完成訂單",
        "自有約 15,000 張 GPU，另租用 18,000 張",
    ],
}


def text_of(name: str) -> str:
    return (CORPUS / name).read_text(encoding="utf-8")


def table_rows(text: str) -> list[str]:
    """Every table row of a note as its cells joined by ";", be it a Markdown table or tab-separated text."""
    rows = []
    for line in text.split("\n"):
        if line.startswith("|"):
            rows.append(";".join(cell.strip() for cell in line.strip("|").split("|")))
        elif "\t" in line:
            rows.append(";".join(line.split("\t")))
    return rows


def test_manifest_names_every_note_once() -> None:
    notes = {path.name for path in CORPUS.glob("*.md")} - {"README.md"}
    assert len(ENTRIES) == len(BY_FILE) == 5
    assert set(BY_FILE) == notes == set(ROWS) == set(PHRASES)


@each_note
def test_entry_is_true_of_its_file(name: str) -> None:
    entry, text = BY_FILE[name], text_of(name)
    head = text[:700]
    assert set(entry) == {"file", "issuer", "title", "language", "date", "date_basis", "source", "licence"}
    assert text.startswith(f"# {entry['title']}\n")
    assert str(entry["issuer"]) in head
    assert entry["licence"] == "Apache-2.0"
    assert re.search("本文是[为為]本[项專]", head), "a note must say in its first lines whose it is"
    original = re.search("《.+?》", str(entry["source"]))
    assert original
    assert original.group().strip("《》") in head


@each_note
def test_date_rests_on_the_note(name: str) -> None:
    day, basis = BY_FILE[name]["date"], BY_FILE[name]["date_basis"]
    assert (day is None) == (basis == "unknown")
    if day is not None:
        d = date.fromisoformat(day)
        spellings = (day, f"{d.year}/{d.month}/{d.day}", f"{d.year} 年 {d.month} 月 {d.day} 日")
        assert any(spelling in text_of(name)[:900] for spelling in spellings)


@each_note
def test_script_is_the_one_stated(name: str) -> None:
    text = text_of(name)
    simplified = opencc.OpenCC("t2s").convert(text)
    changed = sum(a != b for a, b in zip(text, simplified, strict=True))
    share = changed / len(re.findall("[\u4e00-\u9fff]", text))
    assert share > 0.2 if BY_FILE[name]["language"] == "zh-Hant" else share < 0.005


@each_note
def test_note_is_a_real_note(name: str) -> None:
    text = text_of(name)
    assert len(text) >= 4000
    assert len(re.findall("^## ", text, re.M)) >= 8
    assert re.search("^## .*[风風][险險]", text, re.M)
    assert re.search("不构成投资建议|不是投資建議|並非投資建議", text)


@each_note
def test_table_rows_stand_as_printed(name: str) -> None:
    rows = set(table_rows(text_of(name)))
    assert [row for row in ROWS[name] if row not in rows] == []


@each_note
def test_rows_are_as_wide_as_their_header(name: str) -> None:
    for block in re.split(r"\n\s*\n", text_of(name)):
        lines = block.split("\n")
        mark = "|" if lines[0].startswith("|") else "\t"
        if mark in lines[0]:
            assert len({line.count(mark) for line in lines if line}) == 1, lines[0]


@each_note
def test_key_figures_are_in_the_text(name: str) -> None:
    text = text_of(name)
    assert [phrase for phrase in PHRASES[name] if phrase not in text] == []


@each_note
def test_footnotes_and_their_marks_agree(name: str) -> None:
    text = text_of(name)
    notes = re.findall(r"^\[\^(\d+)\]:", text, re.M)
    marks = re.findall(r"\[\^(\d+)\](?!:)", text)
    assert sorted(notes) == sorted(set(marks))
    assert len(notes) == len(set(notes)) >= 3


def test_missing_pictures_are_named() -> None:
    expected = {
        "kgi-csp-openclaw.md": 49,
        "cmbi-ai-value-chain.md": 28,
        "guoyuan-token-economy.md": 2,
        "guosen-hk-internet.md": 26,
        "kingsway-compute-rental.md": 0,
    }
    for name, count in expected.items():
        captions = re.findall(r"^(?:[图圖]|表：).*(?:原图|原圖|原表).*(?:未收录|未收錄)", text_of(name), re.M)
        assert len(captions) == count, name
