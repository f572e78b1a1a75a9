"""Errors whose message is a sentence for the person at the door. Standard library only."""

from __future__ import annotations


class AssistantError(Exception):
    """Something that went wrong and that the user can be told in one sentence, with what to do about it.

    The message is shown as it is: it names the offending thing and never holds a secret or a machine's path
    that the user did not type.
    """


class InputError(AssistantError):
    """What the user gave can't be used (a bad argument, an unknown report, an impossible calculation)."""


class UnreadableFile(AssistantError):
    """A file that can't be read as a report; the message says why (encrypted, empty, an image…)."""


class LibraryError(AssistantError):
    """The library can't be opened or written (locked by another process, disk full, damaged, wrong embedding)."""


class SettingsError(AssistantError):
    """A setting has a value that can't be used."""
