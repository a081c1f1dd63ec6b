"""Definitions of recoveries."""

from django.utils.translation import gettext_lazy as _

from reports.definitions.words import Definition

DEFINITIONS = (
    Definition(
        "recoveries",
        _("Recoveries opened"),
        _("How many customers were let down, and somebody had to make it good?"),
        _(
            "Recoveries opened in the period: by a low score, high effort, a detractor, a complaint, a review or by "
            "hand."
        ),
        _("Each once, by the inbox it belongs to; team, channel and topic are those of its ticket."),
        _("Low answers of surveys that open no recoveries, and anonymous ones."),
    ),
    Definition(
        "recoveries_in_time",
        _("Taken up in time"),
        _("Did they hear from us by when we promised?"),
        _(
            "Met among met and breached. Met: the first word to the customer came by the time it was due, exactly then "
            "included. Breached: it came later, or it is past due without a word."
        ),
        _("Due in the business hours of the inbox. The first word is a person's answer on the ticket, or spoken."),
        _("Those still running in time, and those that ended before they were due without a word needed."),
        _("30 met, 8 late, 2 overdue, 5 running: 30 of 40, 75 %, between 60 % and 86 %."),
    ),
    Definition(
        "recoveries_take_up",
        _("Time until taken up"),
        _("How long did they wait for the first word?"),
        _(
            "From opening to the first word, in calendar time: median and 90th percentile of those taken up. Beside "
            "it the "
            "median of all with the open ones counted by survival (Kaplan–Meier): who has heard nothing waits at least "
            "as long as until now."
        ),
        _("Recoveries opened in the period."),
        _("In the survival curve, those closed without a word leave when they were closed."),
    ),
    Definition(
        "recoveries_close",
        _("Time until closed"),
        _("How long until it was over?"),
        _("From opening to closing, in calendar time; the open ones are counted by survival as above."),
        _("Recoveries opened in the period."),
        _("Those where nothing was to be done leave the curve when they were closed."),
    ),
    Definition(
        "recovery_rate",
        _("Recovery rate"),
        _("Of those that needed something, how many were made good?"),
        _(
            "Recovered among recovered, not recovered and unreachable, with the Wilson interval. It is what we say "
            "ourselves; the second answer is what they say."
        ),
        _("Recoveries opened in the period and closed since."),
        _("Those still open, and those where nothing was to be done."),
    ),
    Definition(
        "recovery_second",
        _("Second answer"),
        _("What did they say once it was over?"),
        _(
            "Of the customers who answered the same question again after the recovery, the share whose answer is not "
            "low "
            "any more. Below 5 answers nothing is shown."
        ),
        _("Each recovery opened in the period that was followed by an answer, the last one given."),
        _(
            "Whoever was not asked again or did not answer. Somebody at their lowest tends to answer higher the next "
            "time, recovered or not: this alone proves nothing."
        ),
    ),
    Definition(
        "recovery_reasons",
        _("Why, and whose matter"),
        _("Why were they let down, and who could have prevented it?"),
        _(
            "Recoveries opened in the period by reason, by owning department, and by whether the service team alone "
            "could "
            "have prevented it: how many, the recovery rate, the median time until taken up, the cost."
        ),
        _("As each stands now; a reason brings its department and control, which may be overridden."),
        _("Rates of fewer than 5 closed ones are not shown."),
    ),
    Definition(
        "recovery_cost",
        _("Cost"),
        _("What did it cost to make it good?"),
        _("The sum of the costs noted when recoveries were closed, and their median; in the currency of the house."),
        _("Closed recoveries opened in the period with a cost, 0 included."),
        _("Recoveries without a noted cost: nobody knows whether they cost nothing."),
    ),
    Definition(
        "recovery_after",
        _("What they did after"),
        _("What became of those customers?"),
        _(
            "In the 90 days after a customer's first recovery of the period was closed: whether they contacted us "
            "again, "
            "on any channel. Where account events say who is a customer, also the share who still is one 90 days "
            "after. "
            "Recovered and not recovered stand beside each other: it goes with, and does not show what caused it."
        ),
        _("Each customer once; needed something, and closed at least 90 days ago."),
        _("Those closed less than 90 days ago, which are counted apart; spam, deleted and imported tickets."),
    ),
)
