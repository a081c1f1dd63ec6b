"""The telephone: a log of calls, told by a signed webhook or written down by hand."""

from tickets.channels.phone.adapter import Phone

CHANNEL = Phone()
