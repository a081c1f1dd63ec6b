"""Make a token for a script."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from helpdesk.models import Agent
from helpdesk.operations import tokens


class Command(BaseCommand):
    """Prints the token and nothing else. It is shown this once; only its hash is kept."""

    help = "Print a new API token that acts as this agent."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("email", help="the agent's address")
        parser.add_argument("--name", default="Script", help="what the token is for")

    def handle(self, *args: Any, **options: Any) -> None:
        agent = Agent.objects.active().filter(email__iexact=options["email"].strip()).first()
        if agent is None:
            raise CommandError(f"No active agent has the address {options['email']}.")
        _token, secret = tokens.issue(agent, name=options["name"][:80])
        self.stdout.write(secret)
