"""What the company's people made for their daily work: saved replies, macros, views, and what they want to know."""

from django.db import transaction

from helpdesk.models import Agent
from tickets import conditions, rich_text
from tickets.models import CustomField, Macro, SavedView
from tickets.operations import acting, macros

REPLIES = (
    (
        "Refund on its way",
        "<p>Hello {{customer.first_name|there}},</p><p>your refund left us today. Banks take <strong>two to four "
        "working days</strong> to show it.</p><p>Kind regards<br>{{agent.name}}</p>",
    ),
    (
        "Where your parcel is",
        "<p>Hello {{customer.first_name|there}},</p><p>your parcel is with the carrier. You can follow it with the "
        "number in the mail that said it had left. If nothing moves for <strong>three working days</strong>, answer "
        "here and we look for it.</p><p>Kind regards<br>{{agent.name}}</p>",
    ),
    (
        "Send it back",
        "<p>Hello {{customer.first_name|there}},</p><p>sending it back is simple:</p><ol><li><p>pack it as it came,</p>"
        "</li><li><p>write <strong>#{{ticket.number}}</strong> on the parcel,</p></li><li><p>hand it in at any shop of "
        "the carrier.</p></li></ol><p>We write as soon as it is here.</p><p>Kind regards<br>{{agent.name}}</p>",
    ),
    (
        "Which frame is it?",
        "<p>Hello {{customer.first_name|there}},</p><p>so that the workshop sends the right part: which frame do you "
        "have, and what is the number below its bottom bracket? A photo helps.</p>"
        "<p>Kind regards<br>{{agent.name}}</p>",
    ),
)
MACROS = (
    (
        "Ask the workshop",
        "<p>Hello {{customer.first_name|there}},</p><p>I am asking our workshop and come back to you.</p>"
        "<p>Kind regards<br>{{agent.name}}</p>",
        [{"do": "tag", "tag": "workshop"}, {"do": "snooze", "words": "in 2 working days"}],
    ),
    ("Urgent, and mine", "", [{"do": "priority", "to": "urgent"}, {"do": "take"}]),
)
VIEWS = (
    ("Waiting longer than 4 working hours", [
        {"field": "status", "is": "is", "value": "open"},
        {"field": "waiting", "is": "more_than", "value": "4 working hours"},
    ]),
    ("Urgent, nobody's", [
        {"field": "status", "is": "is", "value": "open"},
        {"field": "priority", "is": "any_of", "value": ["high", "urgent"]},
        {"field": "assignee", "is": "not_set", "value": None},
    ]),
)  # fmt: skip
FIELDS: tuple[tuple[str, str, str, str, list[str]], ...] = (
    ("ticket", "frame_number", "Frame number", "text", []),
    ("customer", "rider", "Rides", "choice", ["to work", "for sport", "for fun"]),
    ("organisation", "contract", "Contract until", "date", []),
    ("organisation", "plan", "Plan", "choice", ["Commuter", "Fleet", "Fleet plus"]),
)


@transaction.atomic
def equip(lead: Agent) -> None:
    """Make all of it in the name of a lead, once: where there is anything of the kind, people have made their own."""
    if Macro.objects.exists() or SavedView.objects.exists() or CustomField.objects.exists():
        return
    for name, html, actions in (*((name, html, []) for name, html in REPLIES), *MACROS):
        macros.check_fields(html)
        Macro.objects.create(name=name, html=rich_text.clean(html), actions=[acting.clean(act) for act in actions])
    for name, where in VIEWS:
        SavedView.objects.create(
            owner=lead, name=name, scope=SavedView.Scope.EVERYONE, conditions=conditions.clean(where)
        )
    for position, (about, key, name, kind, choices) in enumerate(FIELDS):
        CustomField.objects.create(about=about, key=key, name=name, kind=kind, choices=choices, position=position)
