"""Text messages, over Twilio or whoever speaks as Twilio does."""

from tickets.channels.sms.adapter import Sms

CHANNEL = Sms()
