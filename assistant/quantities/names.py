"""Digits that state no quantity: contacts, codes, captions, list numerals, ranks, model names and versions."""

from __future__ import annotations

import re
from functools import cache

from assistant.quantities.vocabulary import CURRENCY, SCALE, UNIT

# Each pattern is a whole stretch that holds no quantity. Where a group "name" exists, only that group is meant.
_PATTERNS = (
    r"https?://[^\s)>）】]+|www\.[A-Za-z0-9./_-]+",
    r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+",
    # telephones: (852) 3916 1739, 852-2283-7000, 0755-21519182, 400-888-1313, (+65 6350 4400)
    r"[(（]\+?\d{2,4}[)）][ -]?\d{3,4}[ -]?\d{4}|\+\d{1,3}[ -]?\d[\d -]{6,}\d|(?<!\d)0\d{2,3}-\d{7,8}|(?<!\d)\d{3,4}-\d{3,4}-\d{4}(?!\d)",
    r"(?:邮编|郵編|邮政编码|电话|電話|传真|傳真|热线|熱線|總機|总机|编号|編號|注册号|註冊號|执业证书|牌照号?|证书号?|SFC|ISIN|ISBN|QQ|微信号)(?:号|號|码|碼)?[：: ]{0,3}[A-Z]{0,4}[\d -]*\d",
    # securities: 300857 SZ, 0992.HK, 2301 TT, 887130.WI
    r"(?<![\w.])\d{1,6}[. ](?:HK|TT|TW|TWO|SZ|SH|SS|CH|US|JP|KS|KQ|LN|SI|SP|AU|WI|HI|GI|SPI|GSI|BJ|NQ|UN|N|O)(?![A-Za-z])",
    r"[(（](?:HK|SH|SZ|TT|US|TPE|HKEX|SEHK|SSE|SZSE|NYSE|NASDAQ)[:： ]{1,2}\d{3,6}[)）]|股票?代[码碼號号][：: ]*\d{3,6}",
    r"(?:沪深|滬深|标普|標普|中证|中證|上证|上證|恒生|罗素|羅素|日经|日經|富时|富時|科创|科創|创业板|創業板|深证|深證|国证|S&P|Nasdaq|Nikkei|Russell|FTSE|CSI|Stoxx)[ -]?(?:50|100|150|180|200|225|300|400|500|600|800|1000|2000|3000)(?!\d|[.,]\d|[ ]?[%万亿萬億点點])",
    # captions and references
    r"(?<![企意地版试試拼贴貼力构構])[图圖][ ]?\d{1,3}(?!\d|\.\d|[ ]?[%万亿萬億])",
    r"(?<![代图列报圖報年外仪儀手钟鐘])表[ ]?\d{1,3}(?=[ ]?(?:[:：.，,、。)）\s]|$))",
    r"(?i:\b(?:figures?|fig|tables?|exhibits?|charts?|sections?|chapters?|appendix|page|pp|note|box|item|no|step|part|phase|tier|level|version|ver)\.?[ ]\d{1,3}(?:\.\d+)*)(?![\d,%]|\.\d|[ ]?(?:%|bn|mn|million|billion))",
    r"(?<![A-Za-z])(?:No\.|#|№)[ ]?\d+",
    r"第[ ]?(?:\d+|[零一二两三四五六七八九十百千]+)(?:\(\d+\))?(?:[ ]?[A-Z](?![a-z]))?",
    r"(?:规则|規則|条例|Rule)[ ]?\d+[a-z]?(?:-\d+)?(?:\([a-z0-9]\))*",
    r"(?i:\btop)[ -]?\d{1,3}(?!\d|\.\d|%)|前(?:\d{1,3}|[一二三四五六七八九十]+)[ ]?(?:[大名强強位家]|個客|个客)",
    r"\[c?\d{1,3}\]",
    r"【[ ]?\d{1,2}[ ]?】",
    # list numerals: 1) (1) （1） "1. " and "1、" at the start of a line; a numbered row
    r"(?:(?<=[\s:：;；,，。、!！?？|*(（])|^|(?<=[\u4e00-\u9fff]))\d{1,2}[)）](?!\d)",
    r"(?m:^[ #>*▶-]*\d{1,2}(?:\.\d{1,2})*[.、](?=[ ]?[^\d\s%]|[ ]\d))|(?m:^[ ]*#{1,6}[ ]*\d+(?:\.\d+)*(?=[ ]))",
    rf"(?m:^(?:\d{{1,2}}\.)+\d{{1,2}}[ ](?=[A-Za-z\u4e00-\u9fff])(?!{UNIT}|{SCALE}|{CURRENCY}))",
    r"(?m:^[ ]*\d{1,3}(?=\t[^\d\t\s+(-]))",
    # addresses
    r"(?<![\d.])\d+(?:-\d+)?[ ]?(?:号|號|楼|樓|层|層|室|弄|棟|栋|期)(?![线線超房机機业])",
    r"(?<=[层層楼樓座號号栋棟室])\d+(?:-\d+)?[ ]?[座楼樓室]",
    # clock times, versions, resolutions, generations of mobile networks, to-B and to-C, idioms
    r"(?<![\d.])\d{1,2}[:：][0-5]\d(?::\d\d)?(?!\d)|(?<![\d.])24[/x×*]7(?!\d)|7[x×*]24",
    r"(?:上午|下午|晚上?|凌晨|早上)\d{1,2}[点點时時]",
    r"(?<![\d.])\d+\.\d+\.\d+(?:\.\d+)*(?![\d%])",
    r"(?<![\d.,$])(?:240|360|480|540|720|1080|1440|2160)[pPi](?![A-Za-z0-9])|(?<![\d.])[248]K(?=[ ]?(?:视频|視頻|影片|超高清|分辨率|解析度|video|resolution|画质|畫質))|(?<![\d.])\d{3,4}[ ]?[x×*][ ]?\d{3,4}(?!\d)",
    r"(?<![\d.,$])[1-6][GD](?![A-Za-z0-9/])|(?<![\d.,$])[23][BCG](?![A-Za-z0-9])|(?<![\d.])3C(?=[产產电電数數])",
    r"(?<![\d.])\d\+(?=[\dXNx])(?:[\dXNx]\+?)*",
    r"(?<![\d.,])\d{1,4}(?:\.\d+)?[ ]?(?:版本|版(?!权|權|面|块|塊|税|图|圖|本)|系统|系統|体系|體系|时代|時代|架构|架構|超节点|超節點|系列|时刻|時刻|核心卡|号线|號線)",
    r"(?<![\d.,])\d{1,3}(?:\.\d+)?[ ](?:Turbo|Pro|Max|Ultra|Flash|Mini|Plus|Preview|Standard|Fast|Lite|Opus|Sonnet|Haiku|Thinking|Air|Nano|Omni|Instruct|Super|Copilot|Code)(?![a-z])",
    r"(?<![\d.,])\d{1,2}B(?=[ ]?(?:轮|輪))",
    r"(?<=[(（])\d\.0(?=[)）])",
    r"[一两二三四五六七八九十]位[数數]|三三两两|一五一十|十四五|十三五|十五五|百分点",
    r"(?<=[\u4e00-\u9fff])、\d{3,4}(?=、[\u4e00-\u9fff])",
)

# A capitalised Latin word and a bare number make a product's name (Llama 3, Claude Opus 4.6), but not after these.
_BEFORE_FIGURES = frozenset(
    "about above after around at between by capex cagr cpi dau down eps ebit ebitda ev fcf fell from gaap gdp gmv gross in index irr "
    "margin mau nav net npv of opex over p/b p/e p/s pb pe peg pmi points price profit ps rating revenue roa roe roi roic rose sales "
    "score shares target than the to total tp up vs was with wacc yield yoy qoq approximately only some nearly average median "
    "ranked and or is are elo value growth rate ratio cash debt volume growth nasdaq hsi".split()
)
_LATIN_WORD = re.compile(r"(?<![A-Za-z0-9.])([A-Za-z][A-Za-z0-9.+&/'’-]*)[ ]$")
# Chinese product names that numbers follow directly.
_PRODUCT = re.compile(
    "(?:豆包|可灵|可靈|文心|文心一言|通义|通義|千问|千問|万相|萬相|混元|盘古|盤古|昇腾|昇騰|昆仑芯|崑崙芯|天垓|曦思|云燧|麒麟|骁龙|驍龍|天玑|天璣|鸿蒙|鴻蒙|"
    "即梦|即夢|海螺|星火|日日新|百川|讯飞|零一|玄戒|澎湃|酷睿|锐龙)[ ]?$"
)


@cache
def _scan() -> re.Pattern[str]:
    return re.compile("|".join(_PATTERNS))


def name_spans(text: str) -> list[tuple[int, int]]:
    """Half-open spans of `text`, in order, whose digits state no quantity."""
    return [m.span() for m in _scan().finditer(text)]


def follows_name(text: str, start: int) -> bool:
    """Whether the bare number at `start` belongs to the product's name before it: "Llama 3", "昇腾 910B"."""
    before = text[max(0, start - 24) : start]
    word = _LATIN_WORD.search(before)
    if word:
        return word[1][0].isupper() and word[1].lower().rstrip(".") not in _BEFORE_FIGURES
    return bool(_PRODUCT.search(before))
