"""Definitions of the pages of what the team did: today, speed, resolution, channels, people."""

from django.utils.translation import gettext_lazy as _

from reports.definitions.words import Definition

DEFINITIONS = (
    # ------------------------------------------------------------------ today
    Definition(
        "owed",
        _("Customers waiting for our answer"),
        _("Who waits for a word of ours now?"),
        _("Unsolved tickets whose customer wrote last and has not been answered by a person, and the longest wait."),
        _("From the oldest message that nobody answered; writing again does not start the clock anew."),
        _("Tickets where the customer has to act, automatic messages, spam, deleted, merged and imported tickets."),
    ),
    Definition(
        "unassigned",
        _("Open and unassigned"),
        _("What has nobody taken?"),
        _("Unsolved tickets without an assignee, now."),
        _("Open, pending and on hold."),
        _("Spam, deleted, merged and imported tickets."),
    ),
    Definition(
        "waking",
        _("Snoozed, waking today"),
        _("What comes back today?"),
        _("Snoozed tickets that wake between now and midnight of the report's zone."),
        _("They may wake earlier when the customer writes."),
        "",
    ),
    Definition(
        "today_created",
        _("New today, and on a usual day"),
        _("Is today a usual day?"),
        _(
            "Tickets that came in since midnight. Usual is the median of the same weekday of the last 8 weeks, each up "
            "to the same hour by the clock on the wall; beside it the smallest and the largest of them."
        ),
        _("As new tickets. Weeks before the first ticket came are not counted."),
        _("As new tickets."),
    ),
    Definition(
        "today_replied",
        _("First answered today"),
        _("How many customers had a first answer today?"),
        _("Tickets whose first answer by a person was given since midnight, whenever they came; usual as above."),
        "",
        _("Notes, acknowledgements and automatic answers."),
    ),
    Definition(
        "today_resolved",
        _("Resolved today"),
        _("How much was finished today?"),
        _("Tickets whose last resolution is of today and still holds; usual as above."),
        _("Resolutions of earlier weeks that were taken back since are not in the usual day."),
        _("Tickets closed in bulk."),
    ),
    Definition(
        "load",
        _("Who is here, and what they have"),
        _("How is the work spread?"),
        _("Unsolved tickets by assignee, how many of their customers wait for us, and the longest of those waits."),
        _("Here is who looked at a page within five minutes. It is kept for these minutes only and never added up."),
        "",
    ),
    Definition(
        "recoveries_due",
        _("Recoveries due today"),
        _("Which customers who were let down should hear from us today?"),
        _("Recoveries nobody has taken up, whose time to do so ends today or has ended."),
        "",
        _("Closed recoveries."),
    ),
    # ------------------------------------------------------------------ speed
    Definition(
        "next_response",
        _("Next response time"),
        _("How long did customers wait for each further answer?"),
        _("From the oldest unanswered message of the customer after a reply to the next public answer of a person."),
        _("Answers given in the period. Several messages in a row are one wait, counted from the first of them."),
        _(
            "The first answer, which has a figure of its own. Answers nobody waited for. A ticket resolved without an "
            "answer has no such time."
        ),
        _("Written at 9:00 and again at 10:00, answered at 11:00: one wait of 2 h."),
    ),
    Definition(
        "our_wait",
        _("Time the customer waited on us"),
        _("How much of the time was it our turn?"),
        _("Time a ticket was new or open, added up until it was resolved. Median and 90th percentile."),
        _("Tickets resolved in the period. Time on hold is waiting on others and shown apart."),
        _("Time pending, in which it was the customer's turn. Tickets as for the resolution time."),
    ),
    Definition(
        "still_open",
        _("Still open ones counted"),
        _("How long does it take, if those not done yet are not forgotten?"),
        _(
            "The Kaplan–Meier curve of tickets that came in the period: the share not answered, or not resolved, after "
            "a time. A ticket that is not done yet counts as open as long as it has been; the band is the confidence "
            "interval (log-log, 95 in 100). The median is where half are done, and unknown while fewer are."
        ),
        _(
            "By when the ticket came. What was closed in bulk or left unanswered counts as open up to that moment. "
        ),
        _("Spam, deleted, merged and imported tickets, and those started by us for the first answer."),
        _("Of 10 tickets 4 are resolved, in 2 h on the median. The others are open for 5 h: the true median is above."),
    ),
    Definition(
        "arrival",
        _("By hour and weekday of arrival"),
        _("When do customers wait longest?"),
        _("The median first response time of tickets that came in that hour of that weekday, in the report's zone."),
        _("Tickets that came in the period and were answered; calendar time."),
        _("Tickets not answered yet. Hours with fewer than 5 tickets have no colour: chance would speak."),
    ),
    Definition(
        "target",
        _("First response target"),
        _("Were first answers given in time?"),
        _(
            "Tickets answered within the inbox's target among those answered and those not answered whose target has "
            "passed. Exactly on time is met; answered late or overdue is breached; not answered with time left is "
            "still running and in neither."
        ),
        _(
            "Tickets that came in the period, in the opening hours in force on each day, or by the calendar where an "
            "inbox has none. The target is that of today."
        ),
        _("Tickets started by us. What left without an answer before its target had passed."),
        _("8 in time, 1 late, 1 overdue, 3 still running: 8 of 10."),
    ),
    Definition(
        "abandoned",
        _("Visitors who left"),
        _("How many chats did nobody answer in time?"),
        _("Chats whose visitor left before a person answered, among all chats of customers that came in the period."),
        "",
        _("They are in no response and no resolution time."),
    ),
    # ------------------------------------------------------------------ resolution
    Definition(
        "fcr",
        _("First contact resolution, observed"),
        _("How often was it done with one answer, and stayed done?"),
        _(
            "Done at first contact: resolved with exactly one public answer of a person, not opened again within 7 "
            "days except to say thanks, no further ticket of the customer on the same topic within 7 days on any "
            "channel, and no “No” to “Was your problem solved?”. Net: among resolved tickets old enough to judge. "
            "Gross: among those and the unresolved ones."
        ),
        _("Tickets that came in the period. Where the topic is not known, any further ticket counts as the same."),
        _(
            "Tickets resolved less than 7 days ago are too young to judge and counted apart. A ticket that follows an "
            "earlier one is no second chance. Spam, deleted, merged, imported, closed in bulk."
        ),
    ),
    Definition(
        "fcr_confirmed",
        _("First contact resolution, confirmed"),
        _("What do customers say?"),
        _(
            "Tickets whose customer answered “Yes” to “Was your problem solved?” and that are done at first contact, "
            "among the judged tickets whose customer answered. Agreement: how often that answer says what the log says."
        ),
        _("Only those who answered; who answers is not everybody."),
        _("As above."),
    ),
    Definition(
        "reopened",
        _("Reopen rate"),
        _("How often did it come back?"),
        _("Tickets opened again at least once, among those resolved at least once. Net leaves out reopenings in which "
          "the customer only said thanks."),
        _("Tickets first resolved in the period. What was resolved lately may still come back."),
        _("Tickets closed in bulk, spam, deleted, merged and imported."),
    ),
    Definition(
        "touches",
        _("Replies it took"),
        _("How many answers did it take?"),
        _("Resolved tickets by the number of public answers of people. One-touch is exactly one and not opened again."),
        _("Tickets resolved in the period whose resolution holds. Resolving without an answer stands apart."),
        _("Notes and automatic answers are no replies."),
    ),
    Definition(
        "backlog",
        _("Backlog"),
        _("How much was not done at the end of each day, and how old was it?"),
        _("Tickets unsolved at the last moment of the local day, with the median, the 90th percentile and the most of "
          "their ages since first contact; rebuilt from the events."),
        _("What happens at midnight belongs to the next day. The last point is now where the period is not over."),
        _("Spam, deleted, merged and imported tickets while they are that."),
    ),
    Definition(
        "flow",
        _("Flow"),
        _("Where did it come from, where did it go?"),
        _("Unsolved at the start + new + reopened + restored − resolved − closed in bulk − removed = unsolved at the "
          "end. The two ends are counted apart from the movements: where the sum does not hold, the page says so."),
        _("Removed is spam, deleted or merged; restored is back from there."),
        _("Imported tickets."),
    ),
    # ------------------------------------------------------------------ channels, people
    Definition(
        "by_channel",
        _("Channels and topics"),
        _("Where does it come from, and how does it go there?"),
        _("The figures of the other pages for each channel and each topic, by the topic a ticket has now."),
        _("New tickets by when they came, times by when they happened, answers by when they were given."),
        _("Satisfaction of fewer than 5 answers is hidden, and one more where subtraction would give it away."),
    ),
    Definition(
        "mix_adjusted",
        _("With everybody's mix"),
        _("Would it look the same if all had the same kind of work?"),
        _("Satisfaction in each kind (channel or topic), weighted as the answers of all are spread over the kinds."),
        _("Only kinds in which everybody compared has answers."),
        "",
        _("A team that works the difficult channel looks worse than it is; this takes it out."),
    ),
    Definition(
        "contribution",
        _("Contribution"),
        _("Who did what?"),
        _(
            "Public answers sent, tickets whose first answer was theirs, and tickets resolved whose last answer was "
            "theirs. Times are those of the answers they gave."
        ),
        _("In the period. By name: the order says nothing."),
        _("Notes, calls and help to colleagues leave no trace here. A number is no judgement."),
    ),
    Definition(
        "quality",
        _("Quality reviews"),
        _("What did a lead think of the answers?"),
        _("The mean of each grade from 1 to 4 of tickets drawn at random and reviewed in the period."),
        _("Reviews the agent has seen, or that are older than a week."),
        _("Fewer than 5 reviews are not shown."),
    ),
)  # fmt: skip
