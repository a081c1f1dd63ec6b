"""Reviews: what customers write about us elsewhere, read from a file, our API or a signed webhook."""

from tickets.channels.reviews.adapter import Reviews

CHANNEL = Reviews()
