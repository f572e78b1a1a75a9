"""The words of the Slack bot, from data/slack.toml."""

from assistant.messages import Catalogue

say = Catalogue("slack").say
