"""What a survey's page needs, found by its token. Mail scanners ask for these pages by the hundred a second.

The token is the right to see it: nothing here looks at who asks.
"""

from feedback.models import Invitation, ReasonCode, Response, Survey
from helpdesk.prepared import Prepared
from tickets.models import Ticket

_invitations = Prepared(lambda place: Invitation.objects.filter(token=place(str)).order_by(), related="survey")
_tickets = Prepared(lambda place: Ticket.objects.filter(pk=place(int)).order_by(), related="inbox")
_responses = Prepared(lambda place: Response.objects.filter(invitation=place(int)).order_by())
_reasons = Prepared(
    lambda place: ReasonCode.objects.filter(
        pk__in=Survey.reasons.through.objects.filter(survey=place(int)).values("reasoncode"),
        is_active=True,
        is_offered=True,
    )
)


def invitation(token: str) -> Invitation | None:
    """The invitation of a token, with its survey, its ticket and that one's inbox."""
    found = next(iter(_invitations(token)), None)
    if found is not None and found.ticket_id is not None:
        found.ticket = next(iter(_tickets(found.ticket_id)), None)
    return found


def response(invitation: Invitation) -> Response | None:
    """What was answered so far."""
    found = next(iter(_responses(invitation.pk)), None)
    if found is not None:
        found.invitation = invitation
    return found


def offered_reasons(survey: Survey) -> list[ReasonCode]:
    """What a customer may choose from after a low score, in its order."""
    return _reasons(survey.pk) if survey.low is not None else []
