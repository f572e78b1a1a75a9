"""The words of the page, from data/web.toml."""

from assistant.messages import Catalogue

_catalogue = Catalogue("web")
say = _catalogue.say


def has(key: str) -> bool:
    """Whether there are words for `key`."""
    return key in _catalogue.entries
