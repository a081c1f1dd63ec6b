"""Search: what was typed becomes conditions and words, and these the tickets that fit best.

The words are looked for in one document a ticket (operations.indexing). A rare word is found through the index of
words. Of a common one all matches could be found, too, but not ranked in time: then the newest documents the agent may
see are gone through instead, and the best of what fits there is shown; `Found.newest` says so. How common the words are
is what PostgreSQL's own statistics say (`EXPLAIN`), which takes a millisecond.

Permission is part of each statement: the inboxes of the documents, and `visible_to` for their tickets.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.models import Agent
from tickets import conditions, reading, search_words
from tickets.conditions import BadCondition, Condition
from tickets.highlighting import Marker
from tickets.models import (
    Customer,
    Inbox,
    Message,
    Organisation,
    Participant,
    ReadMark,
    SearchDocument,
    SearchWord,
    Ticket,
)
from tickets.operations.indexing import apart
from tickets.search_words import Qualifier, Typed, Word

PAGE = 25
#: as many matches are ranked; of more, the newest
RANKED = 2000
#: more matches than these are too many to fetch them all
FEW = 20_000
#: as many of the newest documents are gone through for common words
LOOKED_THROUGH = 20_000
#: and these must fit there, or all of them are looked at
ENOUGH = 100
PEOPLE = 4
#: words that are begun are looked for as beginnings from here on
BEGINNING = 2
TIMEOUT_MS = 3000

_IS: dict[str, Condition] = {
    **{word: {"field": "status", "is": "is", "value": word} for word in ("open", "pending", "on_hold", "resolved")},
    "closed": {"field": "status", "is": "is", "value": "closed"},
    "hold": {"field": "status", "is": "is", "value": "on_hold"},
    "spam": {"field": "status", "is": "is", "value": "spam"},
    "trash": {"field": "status", "is": "is", "value": "trash"},
    "unsolved": {"field": "status", "is": "any_of", "value": ["open", "pending", "on_hold"]},
    "snoozed": {"field": "snoozed", "is": "set"},
    "unassigned": {"field": "assignee", "is": "not_set"},
    "assigned": {"field": "assignee", "is": "set"},
    "mine": {"field": "assignee", "is": "is", "value": "me"},
    "followed": {"field": "follower", "is": "is", "value": "me"},
    "undelivered": {"field": "has", "is": "is", "value": "undelivered"},
}
#: what a qualifier's value can be, for those who do not know
IS_WORDS = (*_IS, "unread")
IN_WORDS = ("spam", "trash", "anywhere")
_OPPOSITE = {"is": "is_not", "any_of": "none_of", "set": "not_set", "not_set": "set"}
#: of these a ticket has one: two of them mean either
_ONE_OF = frozenset({"status", "assignee", "team", "inbox", "priority", "type", "channel"})
_WEIGHTS = "{0.1, 0.2, 0.5, 1.0}"


@dataclass(frozen=True, slots=True)
class Chip:
    """A qualifier as it was understood, and the search without it; `why` says what is wrong with it."""

    text: str
    said: str
    without: str
    why: str = ""


@dataclass(slots=True)
class Query:
    """A search as it is meant: conditions, more of them in Django's words, and words."""

    typed: Typed
    conditions: list[Condition] = field(default_factory=list)
    more: Q = field(default_factory=Q)
    chips: list[Chip] = field(default_factory=list)
    #: spam and trash are looked in as well
    everywhere: bool = False

    @property
    def is_empty(self) -> bool:
        """Nothing is asked for."""
        return not (self.conditions or self.more or self.typed.groups or self.everywhere)

    @property
    def words(self) -> str:
        """The text without what the conditions say: what a saved view keeps beside them."""
        kept = self.typed
        for one in sorted(self.typed.qualifiers, key=lambda one: -one.start):
            if one.key not in ("to", "in") and not (one.key == "is" and one.value == "unread"):
                kept = replace(kept, text=kept.text[: one.start] + " " + kept.text[one.end :])
        return " ".join(kept.text.split())


@dataclass(slots=True)
class Found:
    """What a search found, one page of it."""

    query: Query
    tickets: Sequence[Ticket] = ()
    page: int = 1
    has_more: bool = False
    #: how many there are; None where nobody counted
    total: int | None = None
    #: it is about that many
    is_about: bool = False
    #: only so many of the newest matches were ranked
    newest: int = 0
    #: words nobody wrote, and those looked for in their place
    instead: dict[str, str] = field(default_factory=dict)
    customers: Sequence[Customer] = ()
    organisations: Sequence[Organisation] = ()
    #: the number of a ticket that was typed, and is there
    number: int | None = None
    #: it would have taken too long
    gave_up: bool = False


# --- what is meant --------------------------------------------------------------------------------------------------


def parse(text: str, agent: Agent) -> Query:
    """Understand a search. Nothing that is typed is an error: what cannot be, is said in a chip and not looked for."""
    query = Query(search_words.parse(text))
    for qualifier in query.typed.qualifiers:
        if not qualifier.value:
            continue
        raw = query.typed.text[qualifier.start : qualifier.end]
        try:
            said = _understand(query, qualifier, agent)
            why = ""
        except BadCondition as error:
            said, why = raw, str(error)
        query.chips.append(Chip(raw, said, query.typed.without(qualifier), why))
    query.conditions = _merged(query.conditions)
    return query


def _understand(query: Query, qualifier: Qualifier, agent: Agent) -> str:
    """Add what a qualifier means to the query, and say it in words. Raises BadCondition."""
    if qualifier.key == "to":
        found = Q(
            inbox__in=Inbox.objects.filter(Q(name__icontains=qualifier.value) | Q(address__icontains=qualifier.value))
        )
        took_part = Participant.objects.filter(ticket=OuterRef("pk"))
        found |= Q(Exists(took_part.filter(Q(address__icontains=qualifier.value) | Q(name__icontains=qualifier.value))))
        query.more &= ~found if qualifier.is_negative else found
        return _("To: %(whom)s") % {"whom": qualifier.value}
    if qualifier.key == "in" and qualifier.value.lower() == "anywhere":
        query.everywhere = True
        return _("Spam and trash as well")
    if qualifier.key == "is" and qualifier.value.lower() == "unread":
        read = ReadMark.objects.filter(ticket=OuterRef("pk"), agent=agent, message_id__gte=OuterRef("last_message_id"))
        query.more &= Q(Exists(read)) if qualifier.is_negative else ~Q(Exists(read))
        return _("Read") if qualifier.is_negative else _("Unread")
    made = conditions.clean(_conditions(qualifier))
    query.conditions += made
    return " · ".join(conditions.describe(one, agent) for one in made)


def _conditions(qualifier: Qualifier) -> list[Condition]:
    key, value = qualifier.key, qualifier.value
    if key in ("is", "in"):
        meant = _IS.get(value.lower().replace("-", "_").replace(" ", "_"))
        if meant is None and key == "in":
            meant = {"field": "inbox", "is": "is", "value": value}
        if meant is None:
            known = ", ".join(IS_WORDS)
            raise BadCondition(_("“%(value)s” is none of: %(known)s.") % {"value": value[:40], "known": known})
        return [_turned(meant, qualifier)]
    if key == "before":
        return [_turned({"field": "created", "is": "before", "value": value}, qualifier)]
    if key == "after":
        return [_turned({"field": "updated", "is": "after", "value": value}, qualifier)]
    name = f"field:{key.removeprefix('field.')}" if key.startswith("field.") else key
    if name in ("assignee", "team", "type", "tag", "organisation") and value.lower() in ("none", "nobody"):
        return [_turned({"field": name, "is": "not_set"}, qualifier)]
    if ".." in value and conditions.field(name).values in ("moment", "date"):
        first, last = value.split("..", 1)
        return [{"field": name, "is": "after", "value": first}, {"field": name, "is": "before", "value": last}]
    sign = re.match(r"[<>]", value)
    if sign:
        is_time = conditions.field(name).values in ("moment", "date") and not re.search(r"[a-z]$", value)
        words = ("after", "before") if is_time else ("more_than", "less_than")
        return [{"field": name, "is": words[0] if sign[0] == ">" else words[1], "value": value.lstrip("<>=").strip()}]
    if name == "waiting":
        return [{"field": name, "is": "more_than", "value": value}]
    return [_turned({"field": name, "is": "is", "value": value.lstrip("=")}, qualifier)]


def _turned(condition: Condition, qualifier: Qualifier) -> Condition:
    if not qualifier.is_negative:
        return condition
    return {**condition, "is": _OPPOSITE.get(condition["is"], condition["is"])}


def _merged(made: Sequence[Condition]) -> list[Condition]:
    """Two values of what a ticket has one of mean either."""
    kept: list[Condition] = []
    for one in made:
        other = next(
            (
                o
                for o in kept
                if o["field"] == one["field"] and o["is"] in ("is", "any_of") and one["is"] in ("is", "any_of")
            ),
            None,
        )
        if other is None or one["field"] not in _ONE_OF:
            kept.append(one)
            continue
        values = [v for c in (other, one) for v in (c["value"] if isinstance(c["value"], list) else [c["value"]])]
        kept[kept.index(other)] = {"field": one["field"], "is": "any_of", "value": list(dict.fromkeys(values))}
    return kept


# --- words as the index knows them ----------------------------------------------------------------------------------

_LEXEME = re.compile(r"'((?:[^']|'')*)'")
_LEXEMES = f"SELECT phraseto_tsquery('helpdesk', {apart('word')})::text FROM unnest(%s::text[]) WITH ORDINALITY u(word, n) ORDER BY n"  # noqa: S608, E501 - of constants only


def lexemes(words: Sequence[str]) -> list[str]:
    """Each of these as a query of its own, "" for what has no word in it."""
    if not words:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_LEXEMES, [list(words)])
        return [row[0] for row in cursor.fetchall()]


def _plain(said: str) -> list[str]:
    return [found.replace("''", "'") for found in _LEXEME.findall(said)]


@dataclass(frozen=True, slots=True)
class _Term:
    word: Word
    #: as PostgreSQL says it
    said: str

    @property
    def is_beginning(self) -> bool:
        """Any word that begins so will do."""
        return self.word.is_begun and len((_plain(self.said) or [""])[-1]) >= BEGINNING

    @property
    def query(self) -> str:
        said = self.said
        if self.word.in_subject:
            said = _LEXEME.sub(r"'\1':A", said)
        if self.is_beginning:
            said += ":*"
        return f"!({said})" if self.word.is_negative else f"({said})"


def _terms(typed: Typed) -> list[list[_Term]]:
    """The groups of words as the index knows them, without what has no word in it."""
    said = iter(lexemes([word.text for word in typed.words]))
    groups = [[_Term(word, next(said)) for word in group] for group in typed.groups]
    return [kept for group in groups if (kept := [term for term in group if term.said])]


def _tsquery(groups: Sequence[Sequence[_Term]]) -> str:
    return " & ".join(f"({' | '.join(term.query for term in group)})" for group in groups)


def of_words(text: str) -> Q:
    """Tickets in which these words stand, as a filter; for lists that keep words beside their conditions."""
    tsquery = _tsquery(_terms(search_words.parse(text))) if text else ""
    if not tsquery:
        return Q()
    # the alias of this table is Django's to choose; nothing around it has such a column
    found = SearchDocument.objects.extra(where=['"vector" @@ %s::tsquery'], params=[tsquery])
    return Q(pk__in=found.values("ticket"))


# --- finding --------------------------------------------------------------------------------------------------------


def search(text: str, agent: Agent, *, page: int = 1, exact: bool = False, is_quick: bool = False) -> Found:
    """The tickets that fit best, and customers and organisations of that name.

    Words nobody ever wrote are taken for others that look alike, unless `exact`. A quick one is for those who only
    choose from names: nothing is marked.
    """
    query = parse(text, agent)
    found = Found(query, page=max(1, min(page, RANKED // PAGE)))
    if query.typed.number:
        found.number = (
            Ticket.objects.visible_to(agent).filter(pk=query.typed.number).values_list("pk", flat=True).first()
        )
    if query.is_empty:
        return found
    groups = _terms(query.typed)
    numbers = _look(found, groups, agent)
    if not numbers and not exact and not found.gave_up and (others := _corrected(groups)):
        instead, corrected = others
        numbers = _look(found, corrected, agent)
        if numbers or _people(corrected, query, agent, Found(query)):
            found.instead, groups = instead, corrected
    _people(groups, query, agent, found)
    found.has_more = len(numbers) > PAGE
    found.tickets = reading.dress(numbers[:PAGE], agent)
    if not is_quick:
        _mark(found.tickets, groups)
    return found


def narrow(query: Query, agent: Agent):  # type: ignore[no-untyped-def]
    """The tickets an agent may see of which the conditions of a query hold, whatever its words."""
    tickets = Ticket.objects.filter(query.more)
    if not agent.sees_all:
        # as `visible_to`, with the numbers looked up first: PostgreSQL knows better what to expect of them
        tickets = tickets.filter(inbox_id__in=reading.inbox_ids(agent))
    if query.everywhere:
        held = [one for one in query.conditions if one["field"] == "status"]
        rest = [one for one in query.conditions if one["field"] != "status"]
        either = {"field": "status", "is": "any_of", "value": list(conditions.CHOICES["status"].values)}
        return conditions.narrow(tickets, [*(held or [either]), *rest], agent)
    return conditions.narrow(tickets, query.conditions, agent)


def _look(found: Found, groups: Sequence[Sequence[_Term]], agent: Agent) -> list[int]:
    """The numbers of one page of tickets, and one more where there are more."""
    tickets = narrow(found.query, agent).order_by()
    first = (found.page - 1) * PAGE
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {TIMEOUT_MS}")
            if not groups:
                if not found.query.typed.groups:
                    return list(tickets.order_by("-number").values_list("pk", flat=True)[first : first + PAGE + 1])
                return []
            return _ranked(found, tickets, _tsquery(groups), agent, first)
    except EmptyResultSet:
        return []
    except OperationalError:
        found.gave_up = True
        return []


def _ranked(found: Found, tickets: Any, tsquery: str, agent: Agent, first: int) -> list[int]:
    inboxes = reading.inbox_ids(agent)
    if not inboxes:
        return []
    narrowing, given = tickets.values("pk").query.sql_with_params()
    matches = _about("SELECT FROM tickets_searchdocument WHERE vector @@ %s::tsquery", [tsquery])
    is_narrow = bool(found.query.conditions or found.query.more) and _about(narrowing, given) <= FEW
    looks = [_joined] if matches <= FEW or is_narrow else [_newest, _joined]
    numbers: list[int] = []
    for look in looks:
        sql, params = look(narrowing, given, tsquery, inboxes)
        with connection.cursor() as cursor:
            cursor.execute(
                _RANKED % sql, [*params, _WEIGHTS, tsquery, clock.now(), first, PAGE + 1],
            )  # fmt: skip
            rows = cursor.fetchall()
        numbers = [row[0] for row in rows]
        total = rows[0][1] if rows else 0
        if look is _newest:
            if total < ENOUGH:
                continue
            found.total, found.is_about, found.newest = max(matches, total), True, total
            return numbers
        found.total, found.newest = total, 0
        if total >= RANKED:
            found.total, found.is_about, found.newest = max(matches, total), True, RANKED
    return numbers


#: of the matches at hand, the best: words that weigh more first, and the newer the better
_RANKED = f"""
    WITH held AS MATERIALIZED (%s LIMIT {RANKED})
    SELECT ticket_id, (SELECT count(*) FROM held) FROM held
    ORDER BY ts_rank(%%s::float4[], vector, %%s::tsquery, 1)
        * (0.4 + 0.6 * exp(-greatest(extract(epoch FROM %%s - updated_at), 0) / 15552000)) DESC, ticket_id DESC
    OFFSET %%s LIMIT %%s
"""  # noqa: S608 - of constants only


def _joined(narrowing: str, given: Sequence[Any], tsquery: str, inboxes: Sequence[int]) -> tuple[str, list[Any]]:
    """All documents that match, of these tickets; by whichever of the two PostgreSQL expects less."""
    sql = f"""
        SELECT d.ticket_id, d.updated_at, d.vector FROM tickets_searchdocument d
        WHERE d.vector @@ %s::tsquery AND d.inbox_id = ANY(%s) AND d.ticket_id IN ({narrowing})
        ORDER BY d.updated_at DESC
    """  # noqa: S608 - Django's own SQL
    return sql, [tsquery, list(inboxes), *given]


def _newest(narrowing: str, given: Sequence[Any], tsquery: str, inboxes: Sequence[int]) -> tuple[str, list[Any]]:
    """Those of the newest documents of these inboxes that match: along the index of each inbox, merged."""
    parts = " UNION ALL ".join(
        "(SELECT ticket_id, updated_at, vector FROM tickets_searchdocument"
        " WHERE inbox_id = %s ORDER BY updated_at DESC)"
        for _inbox in inboxes
    )
    sql = f"""
        SELECT d.ticket_id, d.updated_at, d.vector FROM (
            SELECT * FROM (
                SELECT * FROM ({parts}) of_inboxes ORDER BY updated_at DESC LIMIT {LOOKED_THROUGH}
            ) newest WHERE vector @@ %s::tsquery LIMIT {2 * RANKED}
        ) d WHERE d.ticket_id IN ({narrowing}) ORDER BY d.updated_at DESC
    """  # noqa: S608 - Django's own SQL
    return sql, [*inboxes, tsquery, *given]


def _about(sql: str, params: Sequence[Any]) -> int:
    """How many rows PostgreSQL expects of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        plan = cursor.fetchone()[0]
    return int((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]["Plan Rows"])


# --- words nobody wrote ---------------------------------------------------------------------------------------------


def _corrected(groups: Sequence[Sequence[_Term]]) -> tuple[dict[str, str], list[list[_Term]]] | None:
    """The same groups with the words nobody ever wrote in place of those that look most alike; None without any."""
    doubtful = {
        term: plain[0]
        for group in groups
        for term in group
        if not term.word.is_negative and len(plain := _plain(term.said)) == 1
        and 4 <= len(plain[0]) <= 40 and not any(letter.isdigit() for letter in plain[0])
    }  # fmt: skip
    known = set(SearchWord.objects.filter(word__in=doubtful.values()).values_list("word", flat=True))
    instead: dict[str, str] = {}
    better: dict[_Term, _Term] = {}
    for term, word in doubtful.items():
        if word in known or (term.is_beginning and SearchWord.objects.filter(word__startswith=word).exists()):
            continue
        if nearest := _nearest(word):
            instead[term.word.text] = nearest
            better[term] = _Term(
                replace(term.word, text=nearest, is_begun=False), f"'{nearest.replace(chr(39), chr(39) * 2)}'"
            )
    if not instead:
        return None
    return instead, [[better.get(term, term) for term in group] for group in groups]


def _nearest(word: str) -> str | None:
    """The word somebody wrote that is the fewest mistakes away; of several, the one that was written more often."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL pg_trgm.similarity_threshold = 0.25")
        cursor.execute(
            "SELECT word, count FROM tickets_searchword WHERE word %% %s AND length(word) BETWEEN %s AND %s"
            " ORDER BY similarity(word, %s) DESC LIMIT 40",
            [word, len(word) - 2, len(word) + 2, word],
        )
        found = cursor.fetchall()
    most = 1 if len(word) <= 4 else 2
    near = [(distance, -count, other) for other, count in found if (distance := mistakes(word, other)) <= most]
    return min(near)[2] if near else None


def mistakes(one: str, other: str) -> int:
    """How many letters must be put in, left out, exchanged or swapped with their neighbour to make one of the other."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]


# --- people, and marks ----------------------------------------------------------------------------------------------


def _people(groups: Sequence[Sequence[_Term]], query: Query, agent: Agent, found: Found) -> bool:
    """Put customers and organisations of that name to what was found. Whether there are any."""
    words = [term.word for group in groups for term in group]
    plain = " ".join(word.text for word in words)
    if not words or any(word.is_negative or word.in_subject for word in words) or len(plain) < 3:
        return False
    if query.typed.qualifiers or any(len(group) > 1 for group in groups):
        return False
    found.customers = list(Customer.objects.visible_to(agent).like(plain).prefetch_related("contact_points")[:PEOPLE])
    organisations = Organisation.objects.filter(name__ilike=plain)
    if not agent.sees_all:
        theirs = Customer.objects.visible_to(agent).filter(organisation=OuterRef("pk"))
        organisations = organisations.filter(Exists(theirs))
    found.organisations = list(organisations[:PEOPLE])
    return bool(found.customers or found.organisations)


def _mark(tickets: Sequence[Any], groups: Sequence[Sequence[_Term]]) -> None:
    """Mark the words in subjects and customers, and put the place where they were said to each ticket."""
    words = []
    for group in groups:
        for term in group:
            if not term.word.is_negative:
                plain = _plain(term.said)
                words += [(one, term.is_beginning and at == len(plain)) for at, one in enumerate(plain, 1)]
    marker = Marker(words)
    said: dict[int, list[tuple[str, str]]] = {}
    if words and tickets:
        messages = Message.objects.filter(ticket__in=[ticket.pk for ticket in tickets], withdrawn_at=None)
        rows = messages.order_by("-pk").values_list("ticket_id", "text", "kind", "sender_name", "author__name")[:500]
        for number, text, kind, sender, author in rows:
            said.setdefault(number, []).append((text[:20_000], author or sender if kind != "note" else author))
    for ticket in tickets:
        ticket.marked_subject = marker.marked(ticket.subject)
        ticket.marked_customer = marker.marked(ticket.customer.display_name)
        ticket.excerpt, ticket.said_by = None, ""
        for text, who in said.get(ticket.pk, ()):
            if excerpt := marker.excerpt(text):
                ticket.excerpt, ticket.said_by = excerpt, who or ""
                break
