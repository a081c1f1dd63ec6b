"""Live chat: our own widget on somebody's site. Nothing stands between: what is said is kept here at once."""

from tickets.channels.chat.adapter import Chat

CHANNEL = Chat()
