"""Bluesky: posts that mention an account of ours or answer it."""

from tickets.channels.bluesky.adapter import Bluesky

CHANNEL = Bluesky()
