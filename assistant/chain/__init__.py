"""An answer with a model: a LangChain agent that searches, looks up and computes, whose draft code checks and releases.

`Chain.stream` gives the events of one answer; `Stop` ends it early, with what was released until then.
"""

from assistant.chain.agent import Chain
from assistant.chain.background import Stop
from assistant.chain.course import events_of, with_verdicts
from assistant.chain.material import Stock
from assistant.chain.request import Request, Setup

__all__ = ["Chain", "Request", "Setup", "Stock", "Stop", "events_of", "with_verdicts"]
