"""Definitions of loyalty: who would recommend us, and who stayed."""

from django.utils.translation import gettext_lazy as _

from reports.definitions.words import Definition

DEFINITIONS = (
    Definition(
        "nps",
        _("Recommendation (NPS)"),
        _("Would customers recommend us?"),
        _(
            "Of the answers from 0 to 10, the share of promoters (9 and 10) minus the share of detractors (0 to 6), in "
            "points from −100 to 100, with the adjusted Wald interval. It throws away most of what was answered, so "
            "the whole distribution stands beside it."
        ),
        _(
            "One answer a customer: their last one in the period, so that one customer with many answers is not many "
            "customers."
        ),
        _(
            "Below 5 customers nothing is shown. A change is called one only when its interval leaves 0 out; with 100 "
            "answers on both sides, 9 points are within chance."
        ),
        _("60 promoters, 20 passives and 20 detractors of 100: 40 points, between 23 and 55."),
    ),
    Definition(
        "nps_response_rate",
        _("Response rate of the recommendation"),
        _("How many of those asked answered?"),
        _("Customers who answered among those whose question was sent in the period and arrived."),
        _("Each asking once. Recent askings may still be answered."),
        _("Askings that bounced, and those held back. Who answers is not everybody."),
    ),
    Definition(
        "customers",
        _("Customers"),
        _("How many customers are there?"),
        _(
            "Customers on the first of a month. Who is one is said by account events of other systems, by contract or "
            "by activity (Settings, Retention); where none tells us, by who wrote lately, which is a proxy and called "
            "so."
        ),
        _(
            "Customers of the whole house, whichever inbox they write to: the filters for inbox, team, channel and "
            "topic narrow the answers only. An organisation's events count for its people who have none of their own."
        ),
        _("Events that were voided. Who was merged into another customer is that customer."),
    ),
    Definition(
        "churn",
        _("Churn"),
        _("How many customers did we lose?"),
        _(
            "Of those who were customers on the first of a month, the share who were none on the first of the next: "
            "the same people above and below the line, with the Wilson interval. Retention is the rest. A year is "
            "1 − (1 − churn)¹²: rates compound, they do not add."
        ),
        _("The last whole month of the period. Who came and left between two firsts is in neither."),
        _(
            "New customers, and those who had left and came back (reactivated): neither was there at the start. "
            "Counting them as retained would hide who left."
        ),
        _("200 on 1 March, of whom 194 on 1 April: 3 %, which makes 31 % in a year."),
    ),
    Definition(
        "cohorts",
        _("Retention by month of joining"),
        _("Of those who came in a month, how many are still there?"),
        _(
            "Customers by the month of their first day, and of them the share who were there at each first of a month "
            "since without a break. Who left and came back is counted in the table, and not as retained."
        ),
        _("The last 12 months of joining."),
        _("Months with fewer than 5 new customers, and further ones where subtraction would give those away."),
    ),
    Definition(
        "plans",
        _("Churn by plan"),
        _("Do customers of one plan leave more often than those of another?"),
        _(
            "Of all months that customers began in the last 12, the share that ended without them, by the answer of "
            "their organisation to the field with the key “plan”, as it is now."
        ),
        _("Customers of organisations with that answer; the others stand together."),
        _(
            "Plans with fewer than 5 customers, and further ones where subtraction would give those away. Who changed "
            "the plan before leaving counts with the last one."
        ),
    ),
)
