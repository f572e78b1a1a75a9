"""What is asked, and how answers are made: plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from assistant.chain.background import Stop
from assistant.errors import InputError
from assistant.money import Limits
from assistant.prompts import Prompts
from assistant.types import Filters, Language

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

NO_OTHERS = Limits()  # than those that every answer has


@dataclass(frozen=True, slots=True)
class Request:
    """A question as typed, as it stands alone, and with all that the person typed in the conversation (whose figures
    count as given); `turns` are (question, answer) before it. Within which reports and limits it is answered."""

    typed: str
    meant: str
    given: str
    language: Language
    filters: Filters | None = None
    limits: Limits = NO_OTHERS
    turns: tuple[tuple[str, str], ...] = ()
    stop: Stop | None = None

    def data(self) -> dict[str, Any]:
        """What a receipt keeps of it."""
        named = {name: getattr(self, name) for name in ("typed", "meant", "given", "language", "turns")}
        return {**named, "filters": self.filters and asdict(self.filters), "limits": asdict(self.limits)}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Request:
        """A request from its data. Raises InputError where that is not whole."""
        try:
            filters = data["filters"] and Filters(**{**data["filters"], "reports": tuple(data["filters"]["reports"])})
            cost = data["limits"]["cost_usd"]
            limits = Limits(**{**data["limits"], "cost_usd": None if cost is None else Decimal(str(cost))})
            words = (data["typed"], data["meant"], data["given"], data["language"])
            return cls(*words, filters, limits, tuple((q, a) for q, a in data["turns"]))
        except (KeyError, TypeError, ValueError, ArithmeticError):
            raise InputError("the receipt's question is not whole; it can't be replayed") from None


@dataclass(frozen=True, slots=True)
class Setup:
    """How answers are made: the model's name (PROVIDER:MODEL, None for offline) and what opens it, what loads the
    prompts, the seconds that one call may take, and the limits of an answer."""

    name: str | None = None
    open: Callable[[], BaseChatModel | None] = lambda: None
    prompts: Callable[[], Prompts] = lambda: Prompts({})
    timeout: float = 60.0
    limits: Limits = NO_OTHERS
