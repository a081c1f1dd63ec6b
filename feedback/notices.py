"""What agents are told of surveys."""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.models import Event
from tickets import notices
from tickets.notices import About, Kind, Said


def _whose_it_is(event: Event, about: About) -> Iterable[int | None]:
    return (about.ticket.assignee_id,) if event.facts.get("low_score") is not None else ()


def _sentence(said: Said) -> str:
    return _("The customer was not satisfied (%(score)s)") % {"score": said.facts.get("low_score", "")}


notices.kind(
    Kind("low_score", gettext_lazy("My ticket gets a low rating"), ("ticket.marked",), _whose_it_is, _sentence, "frown")
)
