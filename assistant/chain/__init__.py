"""An answer with a model: a LangChain agent that searches, looks up and computes, whose draft code checks and releases.

`Chain.stream` gives the events of one answer; `Stop` ends it early, with what was released until then.
"""

from assistant.chain.agent import Chain, Request, Setup, events_of
from assistant.chain.background import Stop

__all__ = ["Chain", "Request", "Setup", "Stop", "events_of"]
