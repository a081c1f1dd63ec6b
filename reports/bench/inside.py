"""What runs against one filled database: `python -m reports.bench.inside SIZE WHAT…`, started by `manage.py bench`."""

import argparse
import os
import sys
import time
from pathlib import Path

import django

from reports.bench.timing import USUAL, Effort, say

#: reading first: intake and API add to what is read
ORDER = ("queue", "views", "search", "ticket", "report", "reports", "surveys", "intake", "webhooks", "api")


#: what is measured only when it is named: it takes long, and other programs beside it
ALONE = ("chat",)


def main() -> int:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("size")
    parser.add_argument("what", nargs="+", choices=(*ORDER, *ALONE))
    parser.add_argument("--times", type=int, default=USUAL.times)
    parser.add_argument("--seconds", type=float, default=USUAL.seconds)
    parser.add_argument("--mails", type=int, default=USUAL.mails)
    parser.add_argument("--visitors", type=int, default=2000)
    parser.add_argument("--agents", type=int, default=50)
    asked = parser.parse_args()
    django.setup()
    from helpdesk.models import Agent, Role
    from reports.bench import api, chat, intake, pages, reports, search, surveys, views, web, webhooks
    from tickets.models import Message, Ticket

    effort, folder = Effort(asked.times, asked.seconds, asked.mails), Path(os.environ["DATA"])
    agent = Agent.objects.create(email="bench@bench.localhost", name="Bench Mark", role=Role.ADMIN)
    load = ", ".join(f"{one:.2f}" for one in os.getloadavg())
    say(f"{asked.size}: {Ticket.objects.count():,} tickets, {Message.objects.count():,} messages; load {load}")
    with web.lasting(folder / "web.log") as ports:
        measures = {
            "queue": lambda: pages.queue(asked.size, effort, agent, ports),
            "views": lambda: views.measure(asked.size, effort, agent),
            "search": lambda: search.measure(asked.size, effort, agent),
            "ticket": lambda: pages.ticket(asked.size, effort, agent, ports),
            "report": lambda: pages.report(asked.size, effort, agent),
            "reports": lambda: reports.measure(asked.size, effort, agent),
            "surveys": lambda: surveys.measure(asked.size, effort, ports),
            "intake": lambda: intake.measure(asked.size, effort),
            "webhooks": lambda: webhooks.measure(asked.size, effort),
            "api": lambda: api.measure(asked.size, effort, agent, ports),
            "chat": lambda: chat.measure(asked.size, effort, folder, asked.visitors, asked.agents),
        }
        for what in (*ORDER, *ALONE):
            if what in asked.what:
                began = time.monotonic()
                measures[what]()
                say(f"  {what} took {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
