"""The queries behind lists, shared by page and API. A list costs the same at a thousand and at a million tickets.

Each list is read an inbox at a time along an index in its own order, and the few rows found are merged; nothing counts
or sorts a table. Counts stop at COUNT_MOST.
"""

from tickets.hours import business
from tickets.lists import BY_KEY, DEFAULT
from tickets.reading.counting import COUNT_MOST, counts, counts_of_page, forget
from tickets.reading.cursors import is_cursor
from tickets.reading.dressing import dress, look
from tickets.reading.one import OTHERS, first_unread, mark_read, others, ticket
from tickets.reading.pages import BESIDE, PAGE, Page, around, next_up, numbers_of, opening, page
from tickets.reading.seeing import inbox_ids
from tickets.reading.spots import Spot

__all__ = [
    "BESIDE", "BY_KEY", "COUNT_MOST", "DEFAULT", "OTHERS", "PAGE", "Page", "Spot", "around", "business", "counts",
    "counts_of_page", "dress", "first_unread", "forget", "inbox_ids", "is_cursor", "look", "mark_read", "next_up",
    "numbers_of", "opening", "others", "page", "ticket",
]  # fmt: skip
