"""Matrix: rooms in which people write to an account of ours."""

from tickets.channels.matrix.adapter import Matrix

CHANNEL = Matrix()
