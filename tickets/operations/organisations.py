"""Organisations: who works for whom. A domain lets whoever writes from it join by itself."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from psycopg.types.numeric import Int8

from helpdesk import statements
from helpdesk.events import draft, record, record_many
from helpdesk.models import Agent
from tickets import domains, fields, texts
from tickets.models import ContactPoint, Customer, Organisation
from tickets.operations.customers import AS_IT_IS
from tickets.operations.status import NotPossible, must_work_tickets


@transaction.atomic
def create(
    *, name: str, domain: str = "", answers: Mapping[str, Any] | None = None, actor: Agent | None
) -> Organisation:
    """An organisation. Raises NotPossible for a domain that half the world writes from, or that another one has."""
    must_work_tickets(actor)
    name = _name(name)
    known, _keys = fields.changed({}, answers or {})
    organisation = Organisation(name=name, domain=clean_domain(domain, agent=actor), fields=known)
    _save(organisation)
    record("organisation.created", organisation, actor=actor)
    return organisation


@transaction.atomic
def change(
    organisation: Organisation, *, actor: Agent | None, name: str = AS_IT_IS, domain: str = AS_IT_IS,
    answers: Mapping[str, Any] | None = None,
) -> Organisation:  # fmt: skip
    """Change what is given; the rest stays."""
    must_work_tickets(actor)
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    changed = []
    if name is not AS_IT_IS and organisation.name != (name := _name(name)):
        organisation.name = name
        changed.append("name")
    if domain is not AS_IT_IS and organisation.domain != (
        domain := clean_domain(domain, besides=organisation, agent=actor)
    ):
        organisation.domain = domain
        changed.append("domain")
    save = list(changed)
    if answers:
        organisation.fields, keys = fields.changed(organisation.fields, answers)
        changed += [f"fields.{key}" for key in keys]
        save += ["fields"] if keys else []
    if changed:
        _save(organisation, update_fields=save)
        record("organisation.changed", organisation, actor=actor, fields=changed)
    return organisation


@transaction.atomic
def delete(organisation: Organisation, *, actor: Agent | None) -> None:
    """Delete it and the notes about it. Its people stay, and belong to nobody."""
    must_work_tickets(actor)
    Customer.objects.all_locked(organisation.people.values_list("pk", flat=True))  # people first, as who gives them one
    found = Organisation.objects.select_for_update().filter(pk=organisation.pk).first()
    if found is None:
        return
    people = found.people.count()
    record("organisation.deleted", found, actor=actor, people=people)
    found.delete()


def clean_domain(domain: str, *, besides: Organisation | None = None, agent: Agent | None = None) -> str:
    """A domain as we compare it; "" for none. Raises NotPossible for one that says nothing about who writes.

    Whose domain it is already is told only to an agent who sees that organisation.
    """
    domain = domain.strip().lower().removeprefix("https://").removeprefix("http://").removeprefix("www.")
    domain = domain.partition("/")[0].rpartition("@")[2].strip(".")
    if not domain:
        return ""
    if "." not in domain or len(domain) > 200 or texts.line(domain) != domain or " " in domain:
        raise NotPossible(_("Write a domain like company.example."))
    if domain in domains.PUBLIC:
        raise NotPossible(_("Anybody can have an address at %(domain)s.") % {"domain": domain})
    others = Organisation.objects.filter(domain=domain)
    if besides is not None:
        others = others.exclude(pk=besides.pk)
    if other := others.first():
        if agent is None or Organisation.objects.visible_to(agent).filter(pk=other.pk).exists():
            raise NotPossible(_("%(name)s already has this domain.") % {"name": other.name})
        raise NotPossible(_("Another organisation already has this domain."))
    return domain


def could_join(organisation: Organisation, agent: Agent | None = None) -> Iterable[int]:
    """The customers whom the agent sees, all for None, who write from its domain and belong to no organisation."""
    if not organisation.domain:
        return []
    points = ContactPoint.objects.filter(channel="email", address__ilike=f"@{organisation.domain}")
    points = points.filter(customer__organisation=None, customer__merged_into=None)
    if agent is not None and not agent.sees_all:
        points = points.filter(customer__in=Customer.objects.visible_to(agent))
    return [
        pk
        for pk, address in points.order_by("customer_id").values_list("customer_id", "address")[:5000]
        if domains.of(address) == organisation.domain
    ]


@transaction.atomic
def let_join(organisation: Organisation, *, actor: Agent | None) -> int:
    """Let everybody the actor sees who writes from its domain, and belongs to nobody, belong to it: how many did."""
    must_work_tickets(actor)
    return _join(organisation, could_join(organisation, actor), actor)


#: the mail addresses of these customers, where they belong to nobody
_FREE = """
    SELECT p.customer_id, p.address FROM tickets_contactpoint p JOIN tickets_customer c ON c.id = p.customer_id
    WHERE c.id = ANY(%s) AND p.channel = 'email' AND c.organisation_id IS NULL AND c.merged_into_id IS NULL
"""


@transaction.atomic(savepoint=False)
def join_by_domain(customers: Iterable[int]) -> int:
    """Let new customers belong to the organisation whose domain they write from. Returns how many did."""
    found: dict[str, list[int]] = {}
    with statements.cursor() as cursor:
        cursor.execute(_FREE, [[Int8(pk) for pk in customers]])
        points = cursor.fetchall()
    for pk, address in points:
        if (domain := domains.of(address)) and domain not in domains.PUBLIC:
            found.setdefault(domain, []).append(pk)
    joined = 0
    for organisation in Organisation.objects.filter(domain__in=found) if found else ():
        joined += _join(organisation, found[organisation.domain], None)
    return joined


def _join(organisation: Organisation, customers: Iterable[int], actor: Agent | None) -> int:
    free = [one for one in Customer.objects.all_locked(customers).values() if one.organisation_id is None]
    Customer.objects.filter(pk__in=[one.pk for one in free]).update(organisation=organisation)
    record_many(
        [draft("customer.changed", one, actor=actor, fields=["organisation"], why="domain") for one in free],
        audiences=[""] * len(free),
    )
    return len(free)


def _save(organisation: Organisation, **more: Any) -> None:
    """Save it. Raises NotPossible where another one took the domain in the same moment."""
    try:
        with transaction.atomic():
            organisation.save(**more)
    except IntegrityError:
        raise NotPossible(_("Another organisation took this domain in the meantime.")) from None


def _name(name: str) -> str:
    name = texts.line(name, 200)
    if not name:
        raise NotPossible(_("An organisation needs a name."))
    return name
