"""Definitions of what is told from answers: satisfaction, effort, and who did not answer."""

from django.utils.translation import gettext_lazy as _

from reports.definitions.words import Definition

_GIVEN = _("Answers given in the period; the last score a customer gave within the time to change their mind.")
_SMALL = _("Answers on spam, deleted and imported tickets. Below 5 answers nothing is shown.")

DEFINITIONS = (
    Definition(
        "csat_low", _("Dissatisfied"), _("How many were not satisfied?"),
        _("Answers of 1 or 2 among all answers of 1 to 5, with the Wilson interval. Nobody so far is not “never”."),
        _GIVEN, _SMALL,
    ),
    Definition(
        "csat_solved", _("Problem solved, they said"), _("Was it solved, in the customer's words?"),
        _("“Yes” among all who answered “Was your problem solved?”, with the Wilson interval."),
        _GIVEN, _("Who did not say, and surveys that do not ask it."),
    ),
    Definition(
        "csat_reminded", _("Answered after a reminder"), _("How many answered only when reminded?"),
        _("Answers that came after the one reminder, among all answers."),
        _GIVEN, _("A reminder adds nobody to those asked."),
    ),
    Definition(
        "csat_bounds", _("What is possible"), _("How far could the silent ones move the figure?"),
        _("With the response rate r and the share satisfied p: from r·p, if every silent one was not satisfied, to "
          "r·p + 1 − r, if every one was. No assumption is made."),
        _("Those whose survey was sent in the period and arrived, and their answers, whenever they came."),
        _("Surveys that bounced, and those never sent."),
        _("Of 100 asked 18 answered, 15 of them satisfied (83 %): between 15 % and 97 % of all 100."),
    ),
    Definition(
        "csat_weighted", _("Weighted to those asked"),
        _("What if every kind of ticket had answered as often as it was asked?"),
        _("Satisfaction in each group of channel and outcome (came back; resolved within a day; later), put together "
          "with the shares of these groups among those asked (post-stratification); by outcome alone where one of them "
          "was silent."),
        _("As for what is possible."),
        _("Unknown where an outcome has nobody's answer. Within a group, silent ones may still differ."),
    ),
    Definition(
        "drawn", _("Weighted by the lot"), _("What if every ticket had been asked about?"),
        _("A survey may ask about a share of its tickets, drawn by lot. Where answers drawn with different shares are "
          "put together, each stands for as many tickets as it was drawn from: one drawn from 10 in 100 counts ten "
          "times one drawn from all. The interval is Wilson's, of the effective number of answers: the square of the "
          "sum of the weights by the sum of their squares (Kish)."),
        _GIVEN,
        _("Shown only where shares differ: while they are the same, weights change nothing. All other figures of "
          "answers, by channel, team, person or score, are not weighted."),
        _("8 of 10 satisfied of all asked, and 3 of 10 drawn from 10 in 100: (8 + 30) of (10 + 100), 35 %."),
    ),
    Definition(
        "csat_reasons", _("Reasons of low answers"), _("Why was it low?"),
        _("Answers of 1 or 2 by the reason the customer chose or an agent gave; a later word counts."),
        _GIVEN, _("Reasons of fewer than 5 answers are hidden, and one more where subtraction would show them."),
    ),
    Definition(
        "csat_control", _("In the service team's control"), _("Could the service team alone have prevented it?"),
        _("Answers of 1 or 2 by what is said of their reason: yes, no, or not decided yet."),
        _GIVEN, _SMALL,
    ),
    Definition(
        "csat_anonymous", _("Satisfied, anonymous"), _("What do those say whom nobody can tell?"),
        _("As CSAT, of anonymous surveys."),
        _("Whole weeks, by when they were asked, once their last link has run out, put together until they have 5 "
          "answers. A survey is counted where all inboxes it asks in are chosen."),
        _("They are in no other figure: nothing leads from them to a ticket, a team or a day."),
    ),
    Definition(
        "ces", _("Found it easy"), _("How many agreed that we made it easy?"),
        _("Answers of 5 to 7 among all answers to “We made it easy for you to handle your issue” (1 to 7, CES 2.0), "
          "with the Wilson interval."),
        _GIVEN, _("Answers to other versions of the question are never put together with these."),
    ),
    Definition(
        "ces_mean", _("Effort score (CES 2.0)"), _("How easy was it, on average?"),
        _("The mean of all answers from 1 to 7, high is easy, with the interval of Student's t."),
        _GIVEN, _("Shown from 30 answers on; below that what they answered says more."),
    ),
    Definition(
        "ces_high", _("High effort"), _("How many had a hard time?"),
        _("Answers of 1 to 3 among all answers of 1 to 7, with the Wilson interval."),
        _GIVEN, _SMALL,
    ),
    Definition(
        "ces_beside", _("What goes with effort"), _("What was different on the tickets of those with high effort?"),
        _("Of those with high effort and of those who found it easy: how many wrote again about the same topic "
          "(without a topic, about anything) within 7 days, were handed on, went on by another channel, came back; "
          "the difference with Newcombe's interval. Waiting on us is the time the ticket was open in all."),
        _GIVEN, _("It is no proof: hard cases take more of everything."),
    ),
    Definition(
        "drivers", _("Good answers looked at"), _("How many answers is this told from?"),
        _("Answers of 4 or 5 among all answers of 1 to 5; or, where effort is chosen, of 5 to 7 among all of 1 to 7."),
        _GIVEN, _SMALL,
    ),
    Definition(
        "drivers_links", _("Goes with good answers"), _("Does it go with a good answer when the mix is the same?"),
        _("Each fact of the service is cut in two at a place chosen beforehand. The odds of a good answer on the one "
          "side against the other, crude, and pooled within channel and topic (Mantel–Haenszel, interval after "
          "Robins, Breslow and Greenland). “Goes with” is said only where the interval leaves 1 out and the comparison "
          "stands out among all of them (Benjamini–Hochberg, 10 in 100)."),
        _("Answers with a known value of the fact."),
        _("Too few: fewer than 30 answers on a side, or less than half of them in groups that occur on both sides. "
          "Reversed: crude and pooled odds are on different sides of 1."),
        _("Crude ×3.6, with the channel held fixed ×1.6 between ÷1.5 and ×3.6: no clear link."),
    ),
    Definition(
        "drivers_buckets", _("Good answers by bucket"), _("Where is the cliff?"),
        _("The share of good answers in each bucket with its Wilson interval, and as it would be with the mix of "
          "channels and topics of all (directly standardised to the groups all buckets have). The cliff is the largest "
          "drop between neighbouring buckets of 30 answers or more whose Newcombe interval leaves 0 out and that "
          "stands out among all steps of all facts (Benjamini–Hochberg, 10 in 100)."),
        _GIVEN, _("Buckets below 5 answers, and one more where subtraction would show them."),
    ),
    Definition(
        "drivers_model", _("Logistic regression"), _("What is left of each when all the others are held fixed?"),
        _("The odds of a good answer by first response, resolution, replies, coming back and handing on, each for a "
          "step from one bucket to the next, and by channel, topic and language; maximum likelihood, standard errors "
          "that allow for answers of the same customer being alike."),
        _("Answers with all these facts known. Above 50,000 answers whole customers are drawn by lot."),
        _("Refused below 10 good and 10 other answers for each parameter."),
    ),
    Definition(
        "retention_served", _("Stayed, by service"), _("Do customers stay, depending on how we served them?"),
        _("Of the customers on the day after a window of service, those who are customers 90, 180 or 365 days later "
          "(Wilson interval; differences by Newcombe). The window is as long as the period, at least 90 days, and ends "
          "so many days before the last day of the period. Poor: a score of 1 or 2, an effort of 1 to 3, a ticket that "
          "came back, or a first answer later than the inbox's target. Recovered: poor, and then a recovery that "
          "succeeded or a good answer after the last low one. Good: contact, and nothing of this. No contact: neither "
          "a ticket nor an answer."),
        _("Who is a customer is told as the settings say: by contract, by activity, or by the proxy of having "
          "written."),
        _("Who left during the window. Service in inboxes you may not see. Fewer than 5 customers are not shown."),
    ),
)  # fmt: skip
