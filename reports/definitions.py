"""What each number means, in words for people; every number on a page links here."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Definition:
    """One number: the question it answers, how it is computed, what counts and what does not, and an example."""

    key: str
    name: Words
    question: Words
    formula: Words
    counts: Words
    leaves_out: Words
    example: Words = ""


DEFINITIONS: Sequence[Definition] = (
    Definition(
        "created",
        _("New tickets"),
        _("How much came in?"),
        _("Tickets created in the period, each once, by the day of the report's time zone."),
        _("Tickets of customers and those started by us. Tickets closed in bulk did come in and are counted."),
        _("Spam, deleted and imported tickets. A ticket merged into another one is counted there."),
        _("A mail at 00:30 in Berlin on 1 March belongs to March in Berlin, and to February in London."),
    ),
    Definition(
        "resolved",
        _("Resolved"),
        _("How much did we finish?"),
        _("Tickets whose last resolution lies in the period and still holds."),
        _("Each ticket once, on the day of its last resolution."),
        _("A ticket that was opened again is not resolved. Closing in bulk is not resolving; it is shown beside."),
    ),
    Definition(
        "first_response",
        _("First response time"),
        _("How long did customers wait for the first answer of a person?"),
        _(
            "From the creation of the ticket to the first public answer of a person. Shown are the median (half of the "
            "customers waited at most that long) and the 90th percentile (9 of 10 did)."
        ),
        _(
            "Tickets first answered in the period, whenever they came. Tickets still waiting have no first response "
            "time yet and are shown beside it. In business hours the clock only runs while the inbox is open, by the "
            "opening hours in force on each day."
        ),
        _(
            "Notes, acknowledgements, automatic answers and surveys answer nobody. Tickets started by us have no first "
            "response. Spam, deleted, merged and imported tickets."
        ),
        _("Asked on Friday at 16:30, answered on Monday at 9:30, open 9 to 17: 65 h by the calendar, 1 h in business."),
    ),
    Definition(
        "waiting",
        _("Waiting for a first answer"),
        _("Who has not had an answer at all?"),
        _("Unsolved tickets without a public answer of a person, now, and the age of the oldest."),
        _("Whenever they came: the period does not matter here."),
        _("Tickets started by us, and those whose visitor left."),
    ),
    Definition(
        "resolution",
        _("Resolution time"),
        _("How long did it take until the matter was done?"),
        _("From the first contact to the last resolution, while it holds. Median and 90th percentile as above."),
        _(
            "Tickets resolved in the period, whenever they came. A reopened ticket counts again when it is resolved "
            "again, with its whole time. Where we started the ticket, time runs from the customer's first message."
        ),
        _("Tickets closed in bulk, left by their visitor, spam, deleted, merged and imported; with their counts."),
    ),
    Definition(
        "open",
        _("Open now"),
        _("How much is not done?"),
        _("Tickets that are open, pending or on hold now, and the age of the oldest."),
        _("Whenever they came: the period does not matter here. They have no resolution time yet."),
        _("Spam, deleted, merged and imported tickets."),
    ),
    Definition(
        "bulk_closed",
        _("Closed in bulk"),
        _("What left without being worked?"),
        _("Tickets closed together with others in the period."),
        _("They are in the new tickets, and in no resolution time."),
        "",
    ),
    Definition(
        "csat",
        _("Satisfied customers (CSAT)"),
        _("Were customers satisfied with the help they got?"),
        _(
            "Answers of 4 or 5 among all answers to “How satisfied were you with the help you got?” (1 to 5), with the "
            "Wilson interval: of 100 intervals made this way, about 95 hold the share among all customers like these."
        ),
        _("Answers given in the period; the last score a customer gave within the time to change their mind."),
        _(
            "Answers on spam, deleted and imported tickets. Below 5 answers nothing is shown, below 30 we say that "
            "they are few. Who answers is not everybody: look at the response rate beside it."
        ),
        _("41 of 50 answers are 4 or 5: 82 %, between 69 % and 90 %."),
    ),
    Definition(
        "response_rate",
        _("Response rate"),
        _("How many of those asked answered?"),
        _("Customers who answered among those whose survey was sent in the period and arrived."),
        _("Each asking once, however often an answer was changed. Recent askings may still be answered."),
        _("Surveys that bounced, and those never sent because the customer was asked not long ago or wants none."),
    ),
)
KEYS = frozenset(one.key for one in DEFINITIONS)
