"""Definitions of what customers felt."""

from django.utils.translation import gettext_lazy as _

from reports.definitions.words import Definition

DEFINITIONS = (
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
