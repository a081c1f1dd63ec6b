"""What tickets are about, as a condition of views and searches: `topic is Delivery`, `topic:delivery`."""

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback.models import TicketTopic, Topic
from tickets import conditions, registry

MOST_CHOICES = 200


def _meant(text: str) -> int | None:
    """A topic by its number or its name; where just one begins so, by that."""
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return Topic.objects.filter(pk=int(text)).values_list("pk", flat=True).first()
    for way in ("name__iexact", "name__istartswith"):
        found = Topic.objects.filter(**{way: text}).values_list("pk", flat=True)[:2]
        if len(found) == 1:
            return found[0]
    return None


def _said(value: int) -> str:
    name = Topic.objects.filter(pk=value).values_list("name", flat=True).first()
    return name or _("a topic that is gone")


def _choices() -> list[tuple[str, str]]:
    """All of them: a view may be about one that is no longer given."""
    known = Topic.objects.order_by("-is_active", "name").values_list("pk", "name")[:MOST_CHOICES]
    return [(str(pk), name) for pk, name in known]


def _having(topics: Sequence[int] | None) -> Q:
    given = TicketTopic.objects.filter(ticket=OuterRef("pk"))
    if topics is None:
        given = given.filter(topic__isnull=False)
    else:
        given = given.filter(topic__in=topics) if len(topics) > 1 else given.filter(topic=topics[0])
    return Q(Exists(given))


registry.ticket_condition(
    conditions.Upper("topic", gettext_lazy("Topic"), _meant, _said, _choices, _having)
)  # fmt: skip
