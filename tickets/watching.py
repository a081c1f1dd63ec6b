"""What every page says about inboxes: the trouble they are in, and the mail that waits for a person.

Both are looked up at most once every few seconds in each process: pages are asked for far more often than they change.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Generic, TypeVar

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.models import Agent, Role, Team
from helpdesk.pages import Banner
from tickets.channels.email import diagnosis
from tickets.models import CustomField, Inbox, InboxHealth, RawMessage, SideConversation
from tickets.operations.mail_desk import WAITING

T = TypeVar("T")


class Remembered(Generic[T]):
    """An answer that may be a few seconds old."""

    def __init__(self, ask: Callable[[], T], seconds: float) -> None:
        self._ask, self._seconds = ask, seconds
        self._answer: tuple[float, T] | None = None

    def __call__(self) -> T:
        now = time.monotonic()
        if self._answer is None or now - self._answer[0] > self._seconds:
            self._answer = (now, self._ask())
        return self._answer[1]

    def forget(self) -> None:
        """Ask anew the next time."""
        self._answer = None


def _troubled() -> list[InboxHealth]:
    found = InboxHealth.objects.filter(~Q(problem_in="") | ~Q(problem_out=""), inbox__is_active=True)
    troubled = {one.pk: one for one in found.select_related("inbox")}
    # the clock that examines inboxes is away when the workers are: this one is looked up here
    for inbox in Inbox.objects.active().filter(pk__in=diagnosis.unread_since(clock.now())):
        health = troubled.setdefault(inbox.pk, InboxHealth(inbox=inbox))
        if not health.problem_in and (found_now := diagnosis.unread(inbox, clock.now())):
            health.problem_in, health.problem_in_since = found_now.words, found_now.since
    return sorted(troubled.values(), key=lambda one: one.inbox.name)


def _waiting() -> Counter[int]:
    # the index raw_by_state counts them: it begins with the inbox
    every = list(Inbox.objects.values_list("pk", flat=True))
    rows = RawMessage.objects.filter(inbox__in=every, state__in=WAITING).order_by().values_list("inbox")
    return Counter(dict(rows.annotate(count=Count("pk"))))


def _workers() -> list[tuple[int, str]]:
    """Who may be given tickets."""
    known = Agent.objects.active().exclude(role=Role.LIGHT).order_by("name")
    return list(known.values_list("pk", "name")[:200])


def _teams() -> list[tuple[int, str]]:
    return list(Team.objects.order_by("name").values_list("pk", "name")[:100])


def _own_fields() -> list[tuple[str, str]]:
    return list(CustomField.objects.filter(about="ticket", is_active=True).values_list("key", "name"))


def _asked_aside() -> dict[int, tuple[str, ...]]:
    """Whom messages were passed on to lately, by inbox."""
    found: dict[int, dict[str, None]] = defaultdict(dict)
    lately = SideConversation.objects.order_by("-pk").values_list("ticket__inbox", "addresses")[:400]
    for inbox, addresses in lately:
        if len(found[inbox]) < 50:
            found[inbox] |= dict.fromkeys(addresses)
    return {inbox: tuple(addresses) for inbox, addresses in found.items()}


asked_aside = Remembered(_asked_aside, 10)
own_fields = Remembered(_own_fields, 10)
workers = Remembered(_workers, 10)
teams = Remembered(_teams, 10)
troubled = Remembered(_troubled, 3)
waiting_mail = Remembered(_waiting, 10)


def banners(agent: Agent, *, fresh: bool = False) -> Sequence[Banner]:
    """The trouble of the inboxes an agent sees. Costs no query while there is none."""
    if fresh:
        troubled.forget()
    found = troubled()
    if not found:
        return []
    seen = set(Inbox.objects.visible_to(agent).filter(pk__in=[one.pk for one in found]).values_list("pk", flat=True))
    told = []
    for one in found:
        if one.pk in seen and one.problem_in:
            words = _("%(inbox)s is not receiving mail") if one.inbox.is_of_mail else _("%(inbox)s receives nothing")
            title = words % {"inbox": one.inbox.name}
            told.append(_banner(agent, one.inbox, "in", title, one.problem_in, one.problem_in_since))
        if one.pk in seen and one.problem_out:
            words = _("%(inbox)s is not sending mail") if one.inbox.is_of_mail else _("%(inbox)s sends nothing")
            title = words % {"inbox": one.inbox.name}
            told.append(_banner(agent, one.inbox, "out", title, one.problem_out, one.problem_out_since))
    return told


def _banner(agent: Agent, inbox: Inbox, way: str, title: str, words: str, since: datetime | None) -> Banner:
    """With the way to where the reader can mend it, or see more."""
    if agent.is_admin:
        tab = way if inbox.is_of_mail else "connection"
        return Banner(title, words, since, reverse(f"settings_inboxes_{tab}", args=[inbox.pk]), _("Settings"))
    return Banner(title, words, since, reverse("inbox_health"), _("Inbox health"))


def waiting_for(agent: Agent, inboxes: Iterable[int] | None = None) -> int:
    """How many mails of an agent's inboxes wait for a person. `inboxes` are theirs, where the caller knows them."""
    counted = waiting_mail()
    if not counted:
        return 0
    if inboxes is None:
        inboxes = Inbox.objects.visible_to(agent).filter(pk__in=list(counted)).values_list("pk", flat=True)
    return sum(counted[pk] for pk in inboxes)


def forget() -> None:
    """Look anew the next time: something was just decided here."""
    for one in (troubled, waiting_mail, workers, teams, own_fields, asked_aside):
        one.forget()
