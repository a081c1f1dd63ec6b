"""The generic channel: signed JSON in, signed JSON out, for every network there is no folder for."""

from tickets.channels.generic.adapter import Generic

CHANNEL = Generic()
