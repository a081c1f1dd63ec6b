"""Telegram: a bot people write to."""

from tickets.channels.telegram.adapter import Telegram

CHANNEL = Telegram()
