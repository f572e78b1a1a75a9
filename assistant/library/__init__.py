"""The reports that were ingested, kept: in a folder of this machine, or on a Chroma server that many use at once."""

from assistant.library.library import Library
from assistant.library.mending import Problem
from assistant.library.records import Incoming, Prepared, Progress, Record, computed, embedded_text, prepare
from assistant.library.replica import Replica
from assistant.library.stores import NoVectors, Snapshot

__all__ = [
    "Incoming",
    "Library",
    "NoVectors",
    "Prepared",
    "Problem",
    "Progress",
    "Record",
    "Replica",
    "Snapshot",
    "computed",
    "embedded_text",
    "prepare",
]
