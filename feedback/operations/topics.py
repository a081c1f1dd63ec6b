"""What tickets and remarks are about: said by hand, which stands for ever, or found by words."""

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import Max, OuterRef, Subquery
from django.db.models.functions import Left
from django.utils.translation import gettext as _

from feedback import phrases
from feedback.models import Remark, RemarkTopic, Resorting, TicketTopic, Topic
from feedback.phrases import Found, Matcher
from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent
from helpdesk.prepared import Prepared
from tickets.models import Message, MessageKind, Ticket
from tickets.operations.status import NotPossible, must_work_tickets

#: how many of the newest tickets are looked at again when words change
LOOKED_BACK = 200_000
BATCH = 200
#: on one remark by hand
MOST_TOPICS = 10


def standing() -> Matcher:
    """What finds the topics in use."""
    return phrases.matcher((topic.pk, topic.phrases) for topic in _in_use())


_in_use = Prepared(lambda _place: Topic.objects.filter(is_active=True).order_by("pk"))


@transaction.atomic
def add_phrase(topic: Topic, *, phrase: str, actor: Agent) -> Topic:
    """Let a topic be found by more words. Raises NotPossible where they say nothing, or it has enough."""
    topic = Topic.objects.select_for_update(no_key=True).get(pk=topic.pk)
    added = phrases.phrase(phrase)
    if added is None or len(phrase) > phrases.MOST_PHRASE:
        raise NotPossible(_("A phrase needs letters, and has at most 100 of them."))
    lines = topic.phrases.splitlines()
    if added.key in {one.key for one in phrases.phrases(topic.phrases)}:
        return topic
    if len(lines) >= phrases.MOST_PHRASES:
        raise NotPossible(_("A topic has at most 200 phrases."))
    topic.phrases = "\n".join([*lines, phrase.strip()])
    topic.save(update_fields=["phrases"])
    record("topic.changed", topic, actor=actor, fields=["phrases"])
    return topic


# ---------------------------------------------------------------------- tickets


@transaction.atomic
def categorise(ticket: Ticket, *, topic: Topic | None, actor: Agent | None) -> Ticket:
    """Say what a ticket is about; None says that it is about none of the topics. Words change it no more."""
    must_work_tickets(actor, ticket)
    ticket = Ticket.objects.locked(ticket.pk)
    kept = TicketTopic.objects.filter(ticket=ticket).first()
    said = topic.pk if topic else None
    if kept is not None and kept.is_by_hand and kept.topic_id == said:
        return ticket
    if topic is not None and not topic.is_active:
        raise NotPossible(_("This topic is no longer used."))
    _keep(ticket, kept, topic=said, found="", is_by_hand=True, actor=actor)
    return ticket


@transaction.atomic
def uncategorise(ticket: Ticket, *, actor: Agent | None) -> Ticket:
    """Let words say again what a ticket is about."""
    must_work_tickets(actor, ticket)
    ticket = Ticket.objects.locked(ticket.pk)
    kept = TicketTopic.objects.filter(ticket=ticket).first()
    if kept is None or not kept.is_by_hand:
        return ticket
    best = phrases.winner(standing().look(openings([ticket.pk]).get(ticket.pk, "")))
    _keep(ticket, kept, topic=best.topic if best else None, found=best.said if best else "", is_by_hand=False,
          actor=actor)  # fmt: skip
    return ticket


def look_at(numbers: Iterable[int], *, matcher: Matcher | None = None) -> int:
    """Find by their words what tickets are about: subject and the customer's first message. How many changed.

    What somebody said by hand stays; a ticket whose words are gone, since its customer wanted that, stays as it is.
    """
    matcher = matcher or standing()
    wanted = sorted(set(numbers))
    kept = _kept_of(wanted)
    if not matcher.topics and not kept:
        return 0
    open_ones = [number for number in wanted if number not in kept or not kept[number].is_by_hand]
    changed = 0
    for number, text in sorted(openings(open_ones).items()):
        best = phrases.winner(matcher.look(text)) if text.strip() else None
        if not text.strip() or _is_as(kept.get(number), best):
            continue
        changed += _find(number, best)
    return changed


def _kept_of(numbers: Sequence[int]) -> dict[int, TicketTopic]:
    if len(numbers) == 1:
        return {one.ticket_id: one for one in _kept(numbers[0])}
    return TicketTopic.objects.filter(ticket__in=numbers).in_bulk(field_name="ticket_id")


_kept = Prepared(lambda place: TicketTopic.objects.filter(ticket=place(int)))


def openings(numbers: Sequence[int]) -> dict[int, str]:
    """What customers opened tickets with: the subject, and their first message that no machine wrote."""
    said = Message.objects.filter(ticket=OuterRef("pk"), kind=MessageKind.INCOMING, is_automated=False)
    first = said.order_by("created_at", "id").annotate(beginning=Left("text", phrases.MOST_TEXT)).values("beginning")
    rows = Ticket.objects.filter(pk__in=numbers).values_list("pk", "subject", Subquery(first[:1]))
    return {number: f"{subject}\n{text or ''}" for number, subject, text in rows.order_by()}


def _is_as(kept: TicketTopic | None, best: Found | None) -> bool:
    if kept is None:
        return best is None
    return kept.topic_id == (best.topic if best else None) and kept.found == (best.said if best else "")


@transaction.atomic
def _find(number: int, best: Found | None) -> bool:
    ticket = Ticket.objects.locked(number)
    kept = TicketTopic.objects.filter(ticket=ticket).first()
    if kept is not None and kept.is_by_hand:
        return False
    _keep(ticket, kept, topic=best.topic if best else None, found=best.said if best else "", is_by_hand=False,
          actor=None)  # fmt: skip
    return True


def _keep(
    ticket: Ticket, kept: TicketTopic | None, *, topic: int | None, found: str, is_by_hand: bool, actor: Agent | None
) -> None:
    kept_topic = kept.topic_id if kept else None
    is_new = kept is None or kept.topic_id != topic or kept.is_by_hand != is_by_hand
    kept = kept or TicketTopic(ticket=ticket)
    kept.topic_id, kept.found, kept.is_by_hand = topic, found, is_by_hand
    kept.save()
    if is_new:
        record(
            "ticket.categorised", ticket, actor=actor, topic=None if topic is None else str(topic),
            was=None if kept_topic is None else str(kept_topic), by="hand" if is_by_hand else "words",
        )  # fmt: skip


# ---------------------------------------------------------------------- remarks


@transaction.atomic
def sort_remark(remark: Remark, *, topics: Iterable[Topic], actor: Agent) -> Remark:
    """Say what a remark is about, by hand; none is an answer too. Words change it no more."""
    remark = Remark.objects.select_for_update(of=("self",), no_key=True).get(pk=remark.pk)
    wanted = {topic.pk for topic in topics}
    if len(wanted) > MOST_TOPICS:
        raise NotPossible(_("A remark has at most 10 topics."))
    kept = {one.topic_id: one for one in RemarkTopic.objects.filter(remark=remark)}
    if remark.is_by_hand and wanted == kept.keys():
        return remark
    RemarkTopic.objects.filter(remark=remark).exclude(topic__in=wanted).delete()
    RemarkTopic.objects.bulk_create(
        [RemarkTopic(remark=remark, topic_id=topic, is_by_hand=True) for topic in wanted - kept.keys()]
    )
    remark.is_by_hand = True
    remark.save(update_fields=["is_by_hand"])
    record("remark.sorted", remark, actor=actor, remark=remark.pk, topics=sorted(wanted), was=sorted(kept), by="hand")
    return remark


def look_at_remark(remark: Remark, *, matcher: Matcher | None = None, stand: int | None = None) -> bool:
    """Find by its words what a remark is about; its caller has it locked. Whether anything changed."""
    remark.looked_at = latest() if stand is None else stand
    remark.save(update_fields=["looked_at"])
    if remark.is_by_hand or not remark.text.strip():
        return False
    found = {one.topic: one.said for one in (matcher or standing()).look(remark.text)}
    kept = {one.topic_id: one.found for one in RemarkTopic.objects.filter(remark=remark)}
    if found == kept:
        return False
    RemarkTopic.objects.filter(remark=remark).exclude(topic__in=found).delete()
    RemarkTopic.objects.bulk_create(
        [RemarkTopic(remark=remark, topic_id=topic, found=words) for topic, words in found.items()],
        update_conflicts=True, unique_fields=["remark", "topic"], update_fields=["found"],
    )  # fmt: skip
    if found.keys() != kept.keys():
        record(
            "remark.sorted", remark, actor=None, remark=remark.pk, topics=sorted(found), was=sorted(kept), by="words"
        )
    return True


# ---------------------------------------------------------------------- looking again


def latest() -> int:
    """The resorting by which what is looked at now is up to date; 0 where words never changed."""
    return Resorting.objects.aggregate(latest=Max("pk"))["latest"] or 0


@transaction.atomic
def begin_resorting(topic_id: int | None = None) -> Resorting:
    """Have everything looked at again: words changed. One that runs already has no more to do."""
    if topic_id is not None:
        for topic in Topic.objects.select_for_update(no_key=True).filter(pk=topic_id):
            topic.version += 1
            topic.save(update_fields=["version"])
    newest = Ticket.objects.aggregate(newest=Max("pk"))["newest"] or 0
    Resorting.objects.filter(finished_at=None).update(finished_at=clock.now())
    return Resorting.objects.create(
        from_number=newest + 1, at_number=newest + 1, until_number=max(newest + 1 - LOOKED_BACK, 0)
    )


@transaction.atomic
def go_on() -> int:
    """Look again at some remarks and tickets. Returns at how many; 0 when all is done, or somebody else is at it.

    What is done and how far it came are one transaction: killed, it goes on where it was; run twice, nothing changes.
    """
    jobs = Resorting.objects.select_for_update(skip_locked=True).filter(finished_at=None).order_by("-pk")
    job = jobs.first()
    if job is None:
        return 0
    matcher = standing()
    remarks = list(
        Remark.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
        .filter(looked_at__lt=job.pk).order_by("-pk")[:BATCH]
    )  # fmt: skip
    if remarks:
        job.changed += sum(look_at_remark(one, matcher=matcher, stand=job.pk) for one in remarks)
        job.save(update_fields=["changed"])
        return len(remarks)
    numbers = list(
        Ticket.objects.filter(pk__lt=job.at_number, pk__gte=job.until_number)
        .order_by("-pk").values_list("pk", flat=True)[:BATCH]
    )  # fmt: skip
    if not numbers:
        if Remark.objects.filter(looked_at__lt=job.pk).exists():
            return 0  # somebody else has them; the clock comes again
        job.finished_at = clock.now()
        job.save(update_fields=["finished_at"])
        return 0
    job.changed += look_at(numbers, matcher=matcher)
    job.at_number = numbers[-1]
    job.save(update_fields=["changed", "at_number"])
    return len(numbers)
