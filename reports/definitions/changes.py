"""Definitions of how changes are told from chance."""

from django.utils.translation import gettext_lazy as _

from reports.definitions.words import Definition

DEFINITIONS = (
    Definition(
        "change",
        _("Change between two periods"),
        _("Is it more or less than before, or is that chance?"),
        _(
            "The difference with its interval (95 in 100). Shares: Newcombe's. Counts: each taken as Poisson's. "
            "Medians: the exact interval of each median. Means: Welch's t-interval. NPS: the errors of both added up."
        ),
        _(
            "The same choice over as many days: those just before, or those a year ago, shifted by whole weeks so that "
            "weekdays fall on weekdays."
        ),
        _("Where the interval holds 0 we say that there is no evidence of change, whatever the numbers look like."),
        _("78 % of 90 before, 85 % of 78 now: 7 points more, between 5 fewer and 18 more. No evidence of change."),
    ),
    Definition(
        "control",
        _("Control chart"),
        _("Did something change, or is it the usual up and down?"),
        _(
            "Limits three sigmas from the mean of the first 20 points or more, which are then left as they are. Counts "
            "and medians of days: from the mean moving range (XmR), each day measured against its weekday. Shares of "
            "weeks: a p-chart, widened by Laney's sigma where weeks vary more than chance allows. A signal is a point "
            "outside the limits, or the eighth in a row on one side of the mean."
        ),
        _("Whole days and weeks that are over."),
        _(
            "Fewer than 20 points before: then no limits are drawn. About 3 in 1,000 points fall outside by chance "
            "alone; the page says how many false alarms to expect of so many points."
        ),
    ),
)
