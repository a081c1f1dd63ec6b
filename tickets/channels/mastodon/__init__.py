"""Mastodon, and servers that speak its API: mentions and direct messages."""

from tickets.channels.mastodon.adapter import Mastodon

CHANNEL = Mastodon()
