"""The survey's page: scanners that follow every link and record nothing, and people whose every answer is recorded."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from itertools import count, cycle, islice
from typing import Any
from urllib.parse import urlencode

from django.db.models import Max

from feedback.models import Hit, Invitation, InvitationState, Response, Survey
from helpdesk import clock
from reports.bench import floors, web
from reports.bench.timing import Effort, Figure, per_second, say, tell
from tickets.models import Ticket

CLIENTS = 4
#: nobody will answer more than that a second here
MOST_A_SECOND = 3000
_NONCE = re.compile(rb'name="nonce" value="([^"]+)"')


def measure(size: str, effort: Effort, ports: web.Ports) -> None:
    """Both figures, each beside the statements that such a request cannot do without."""
    scanned = _invitations(1)[0]
    most = int(effort.seconds * MOST_A_SECOND) + 100
    tokens, bare_ones = [one.token for one in _invitations(most)], iter([one.pk for one in _invitations(most)])
    readers = [floors.session() for _client in range(CLIENTS)]
    writers = [floors.session(autocommit=False) for _client in range(CLIENTS)]
    try:
        look, _calls = per_second([floors.survey_page(bare, scanned.token) for bare in readers], effort.seconds / 2)
        write, _calls = per_second([floors.survey_answer(bare, bare_ones) for bare in writers], effort.seconds / 4)
    finally:
        for bare in [*readers, *writers]:
            bare.close()
    clients = _clients(ports(), "Scanner")
    rate, requests = per_second([_scanner(client, scanned.token) for client in clients], effort.seconds)
    recorded = Response.objects.filter(invitation=scanned).count() + Hit.objects.filter(invitation=scanned).count()
    if recorded:
        raise RuntimeError(f"{recorded} of {requests} requests of scanners were recorded")
    tell(
        Figure("surveys", size, "per_s", rate, look, f"scanners' requests, {CLIENTS} clients",
               {"clients": CLIENTS, "part": "scanners", "recorded": recorded})
    )  # fmt: skip
    hands = iter(tokens)
    answered: list[str] = []
    people = _clients(ports(), "Person")
    rate, _answers = per_second([_person(client, hands, answered) for client in people], effort.seconds)
    kept = Response.objects.filter(invitation__token__in=answered).count()
    if kept != len(answered):
        raise RuntimeError(f"{len(answered)} people were thanked, and {kept} answers are kept")
    tell(
        Figure("surveys", size, "per_s", rate, write, f"people's answers, {CLIENTS} clients",
               {"clients": CLIENTS, "part": "answers", "kept": kept})
    )  # fmt: skip
    say(f"  of {requests:,} requests of scanners none was an answer; of {len(answered):,} answers all are kept")


def _clients(ports: list[int], name: str) -> list[web.Client]:
    return [web.Client(port, Host="localhost", User_Agent=name) for port in islice(cycle(ports), CLIENTS)]


def _invitations(number: int) -> list[Invitation]:
    """So many people who were asked an hour ago."""
    survey, _is_new = Survey.objects.get_or_create(name="Benchmark", defaults={"is_active": False})
    last = Ticket.objects.aggregate(last=Max("pk"))["last"]
    tickets = list(Ticket.objects.filter(pk__gt=last - 1000).values_list("pk", "customer_id"))
    occasion = (Invitation.objects.aggregate(last=Max("pk"))["last"] or 0) + 10**12
    now = clock.now()
    asked = now - timedelta(hours=1)
    rows = (
        Invitation(
            survey=survey, ticket_id=ticket, customer_id=customer, occasion_id=occasion + at, occasion_at=asked,
            due_at=asked, queued_at=asked, sent_at=asked, expires_at=now + timedelta(days=1),
            state=InvitationState.SENT, language="en",
        )
        for at, (ticket, customer) in zip(count(), cycle(tickets), strict=False)
    )  # fmt: skip
    return Invitation.objects.bulk_create(islice(rows, number), batch_size=1000)


def _scanner(client: web.Client, token: str) -> Callable[[], Any]:
    """Follows each of the five links of a mail, again and again."""
    turn = cycle(f"/s/{token}/?score={score}" for score in range(1, 6))
    return lambda: client.get(next(turn))


def _person(client: web.Client, tokens: Iterator[str], answered: list[str]) -> Callable[[], None]:
    """Opens the page of an invitation of their own and presses the button."""

    def answer() -> None:
        token = next(tokens)
        found = _NONCE.search(client.get(f"/s/{token}/?score=4"))
        if found is None:
            raise RuntimeError("the page has no nonce")
        with closing(_posted(client, f"/s/{token}/", {"score": 4, "nonce": found[1].decode()})) as done:
            done.read()
            if done.status != 302:
                raise RuntimeError(f"an answer was answered with {done.status}")
        answered.append(token)

    return answer


def _posted(client: web.Client, path: str, data: dict[str, Any]) -> Any:
    headers = {**client.headers, "Content-Type": "application/x-www-form-urlencoded"}
    client.connection.request("POST", path, urlencode(data).encode(), headers)
    return client.connection.getresponse()
