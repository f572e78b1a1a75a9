"""Text that arrives in pieces, wrapped while it is printed: between words, and between Chinese characters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.text import Text

_WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_OPENING = r"「『《〈（【“‘(\["
_CLOSING = r"，。、；：？！」』》〉）】”’,.;:?!)\]%…✓≈ƒ○✗"  # never at the beginning of a line
_ATOM = re.compile(rf"\n|[^\S\n]+|[{_OPENING}]*(?:[{_WIDE}]|[^\s{_WIDE}]+)[{_CLOSING}]*")
_NARROWEST = 12  # columns; below, an indent would leave no room for words


class Wrapped:
    """Prints on a console; `column` is where the line that is being printed ends, `indent` where the next begins."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.column = 0
        self.indent = 0
        self._space = ""

    def write(self, text: Text) -> None:
        """Prints a piece, which may begin and end within a line."""
        out = Text()
        for match in _ATOM.finditer(text.plain):
            if match[0] == "\n":
                self._break(out, 0)
            elif match[0].isspace():
                self._space = match[0] if self.column else ""
            else:
                self._word(out, text[match.start() : match.end()])
        self.console.print(out, end="", soft_wrap=True)

    def end_line(self) -> None:
        """Ends the line, if one has begun; the next begins at the left."""
        self.indent = 0
        if self.column:
            self.write(Text("\n"))

    def _word(self, out: Text, word: Text) -> None:
        indent = self.indent if self.console.width >= self.indent + _NARROWEST else 0
        needed = cell_len(self._space) + cell_len(word.plain)
        if self.column > indent and self.column + needed > self.console.width:
            self._break(out, indent)
        out.append(self._space)
        self.column += cell_len(self._space)
        self._space = ""
        for number, part in enumerate(_chopped(word, self.console.width - self.column)):
            if number:
                self._break(out, 0)
            out.append_text(part)
            self.column += cell_len(part.plain)

    def _break(self, out: Text, indent: int) -> None:
        out.append("\n" + " " * indent)
        self.column, self._space = indent, ""


def _chopped(word: Text, room: int) -> Iterator[Text]:
    """A word in parts, where it is longer than a line."""
    at = 0
    for part in chop_cells(word.plain, max(2, room)) if cell_len(word.plain) > room else [word.plain]:
        yield word[at : at + len(part)]
        at += len(part)
