"""Definitions of what we did: volume, response, resolution."""

from django.utils.translation import gettext_lazy as _

from reports.definitions.words import Definition

DEFINITIONS = (
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
)
