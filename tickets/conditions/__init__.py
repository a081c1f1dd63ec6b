"""Conditions on tickets: what saved views, searches and rules are made of.

A condition is `{"field": …, "is": …, "value": …}`; of several, all hold. `clean` takes what people and programs write
and gives back how it is kept; `narrow` is what it means; `describe` is how it is said; `written` and `read` are the
line that stands in an address: `status is open; tag any_of refund, vip; waiting more_than 4 hours`.

The values `me` and `my_teams` are whoever looks. What is spam or in the trash is left out unless a status says so.
"""

from tickets.conditions.cleaning import clean
from tickets.conditions.lines import read, written
from tickets.conditions.meaning import as_q, is_personal, narrow
from tickets.conditions.saying import describe, is_time
from tickets.conditions.upper import UPPER, Upper, register
from tickets.conditions.vocabulary import (
    BARE,
    CHOICES,
    FIELDS,
    HAS,
    MANY,
    MOST,
    OPERATORS,
    BadCondition,
    Condition,
    Field,
    field,
    fields,
)

__all__ = [
    "BARE", "CHOICES", "FIELDS", "HAS", "MANY", "MOST", "OPERATORS", "UPPER", "BadCondition", "Condition",
    "Field", "Upper", "as_q", "clean", "describe", "field", "fields", "is_personal", "is_time", "narrow", "read",
    "register", "written",
]  # fmt: skip
