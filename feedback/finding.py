"""What a survey's page needs, found by its token in one question: mail scanners ask by the hundred a second.

The token is the right to see it: nothing here looks at who asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from feedback.models import Invitation, Response, Survey
from feedback.models.department import reason_words
from helpdesk import prepared, statements
from tickets import hours
from tickets.models import Ticket


class Reason(NamedTuple):
    """What a customer may choose from after a low score."""

    pk: int
    name: str

    @property
    def words(self) -> str:
        return reason_words(self.name)


@dataclass(frozen=True, slots=True)
class Asked:
    """An asking, what was answered so far, and the reasons it offers."""

    invitation: Invitation
    response: Response | None
    reasons: tuple[Reason, ...]


def asked(token: str) -> Asked | None:
    """The invitation of a token, with its survey; of its ticket what the page shows, with the inbox."""
    with statements.cursor() as cursor:
        cursor.execute(_asking(), [token])
        row = cursor.fetchone()
    if row is None:
        return None
    ends = [0]
    for model in (Invitation, Survey, Response):
        ends.append(ends[-1] + len(prepared.columns(model)))
    invitation = prepared.made(Invitation, row[: ends[1]])
    invitation.survey = prepared.made(Survey, row[ends[1] : ends[2]])
    response = prepared.made(Response, row[ends[2] : ends[3]]) if row[ends[2]] is not None else None
    if response is not None:
        response.invitation = invitation
    subject, inbox, keys, names = row[ends[3] :]
    if invitation.ticket_id is not None:
        invitation.ticket = prepared.part_of(Ticket, number=invitation.ticket_id, subject=subject, inbox_id=inbox)
        invitation.ticket.inbox = hours.inboxes({inbox})[inbox]
    elif sender := invitation.survey.sends_from_id:
        invitation.survey.sends_from = hours.inboxes({sender})[sender]
    return Asked(invitation, response, tuple(map(Reason, keys, names)) if invitation.survey.low is not None else ())


@lru_cache(maxsize=1)
def _asking() -> str:
    columns = [
        f'{short}."{name}"'
        for short, model in (("i", Invitation), ("s", Survey), ("r", Response))
        for name in prepared.columns(model)
    ]
    offered = """
        FROM feedback_survey_reasons o JOIN feedback_reasoncode c ON c.id = o.reasoncode_id
        WHERE o.survey_id = s.id AND c.is_active AND c.is_offered ORDER BY c.position, c.name
    """
    return f"""
        SELECT {", ".join(columns)}, t.subject, t.inbox_id,
            ARRAY(SELECT c.id {offered}), ARRAY(SELECT c.name {offered})
        FROM feedback_invitation i JOIN feedback_survey s ON s.id = i.survey_id
        LEFT JOIN feedback_response r ON r.invitation_id = i.id
        LEFT JOIN tickets_ticket t ON t.number = i.ticket_id
        WHERE i.token = %s
    """  # noqa: S608 - columns of our models


def offered_reasons(survey: Survey) -> Sequence[Reason]:
    """What a customer may choose from after a low score, in its order."""
    if survey.low is None:
        return ()
    return [Reason(pk, name) for pk, name in survey.offered_reasons.values_list("pk", "name")]
