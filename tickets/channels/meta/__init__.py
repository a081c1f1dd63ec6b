"""WhatsApp, Messenger and Instagram, over Meta's Graph API."""

from tickets.channels.meta.adapter import Meta

CHANNEL = Meta()
