"""Definitions of what customers say in words: remarks, complaints."""

from django.utils.translation import gettext_lazy as _

from reports.definitions.words import Definition

DEFINITIONS = (
    Definition(
        "remarks",
        _("Remarks"),
        _("What do customers say of us?"),
        _(
            "Answers to surveys that are not anonymous, complaints, and what agents wrote down, by when it was said. A "
            "topic is found where one of its words or phrases stands in the remark; a remark may have several."
        ),
        _("Each remark once, as it reads now. Topics by the words as they are now, unless an agent said them."),
        _("Remarks on tickets that are spam or in the trash, withdrawn complaints, and anonymous answers."),
    ),
    Definition(
        "remarks_bad",
        _("Bad remarks"),
        _("How many of them are bad?"),
        _(
            "Remarks with a low score (CSAT 1 or 2, effort 1 to 3, recommendation 0 to 6, or as the survey says), "
            "complaints, and those an agent noted as bad, among all remarks, with the Wilson interval."
        ),
        _("Remarks said in the period."),
        _("Below 5 remarks no share is shown. The share depends on what was asked and noted, not on tickets."),
        _("9 of 30 remarks on deliveries are bad: 30 %, between 17 % and 48 %."),
    ),
    Definition(
        "complaints",
        _("Complaints"),
        _("How many customers complained?"),
        _("Tickets of the type complaint, by when the complaint was received: the customer's last words before that."),
        _("Complaints received in the period that are complaints still."),
        _("Spam, trash, and complaints withdrawn because the ticket has another type now."),
    ),
    Definition(
        "complaints_acknowledged",
        _("Complaints acknowledged in time"),
        _("Did those who complained hear from us in time?"),
        _(
            "Complaints acknowledged by the end of the last working day for it, among those acknowledged or due by "
            "now, with the Wilson interval. The first answer of a person acknowledges, or an agent says that it was "
            "done by another way."
        ),
        _("Complaints received in the period. Working days are those of the inbox's opening hours."),
        _("Complaints whose time has not come and that nobody acknowledged yet."),
    ),
    Definition(
        "complaints_decided",
        _("Time to decide a complaint"),
        _("How long did customers wait for an outcome?"),
        _("From when it was received until the customer was told what was decided: median and 90th percentile."),
        _("Complaints received in the period and decided by now. Calendar time."),
        _("Undecided ones: they are counted beside it."),
    ),
    Definition(
        "complaints_upheld",
        _("Complaints upheld"),
        _("How often was the customer right?"),
        _("Complaints found upheld or partly upheld, among those decided, with the Wilson interval."),
        _("Complaints received in the period and decided by now."),
        _("Undecided ones. Below 5 decided complaints no share is shown."),
    ),
)
