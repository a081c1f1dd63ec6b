"""Which survey asks after a ticket."""

from itertools import groupby

from django.conf import settings

from feedback import drawing
from feedback.models import Survey
from helpdesk.models import Agent
from tickets import conditions
from tickets.models import Ticket


def survey_for(ticket: Ticket) -> Survey | None:
    """The survey that asks after this ticket: of those that name its inbox, else of those that name none.

    Of several whose conditions hold, each customer always gets the same one.
    """
    asking = Survey.objects.after(ticket.inbox_id)
    named = set(Survey.inboxes.through.objects.filter(inbox=ticket.inbox_id).values_list("survey_id", flat=True))
    for _is_named, group in groupby(asking, key=lambda survey: survey.pk in named):
        fitting = [survey for survey in group if fits(survey, ticket)]
        if chosen := drawing.one_for(ticket.customer_id, fitting):
            return chosen
    return None


def fits(survey: Survey, ticket: Ticket) -> bool:
    """Whether all conditions of a survey hold for a ticket; without any they do."""
    if not survey.conditions:
        return True
    found = Ticket.objects.filter(conditions.as_q(survey.conditions, nobody()), pk=ticket.pk)
    return found.exists()


def nobody() -> Agent:
    """Whom conditions are read for where nobody looks: nobody's own, and days are the house's."""
    return Agent(zone=settings.TIME_ZONE)
