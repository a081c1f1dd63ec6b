"""`manage.py bootstrap`: what a new installation needs before anybody can use it."""

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction

from feedback.operations.bootstrapping import bootstrap


class Command(BaseCommand):
    """On the first start: an admin, a team, business hours, an inbox, a survey. On every later one: nothing."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", default="", help="the admin's address; admin@MAIL_DOMAIN without it")
        parser.add_argument("--password", default="", help="the admin's password; a random one without it")

    def handle(self, *args: Any, **options: Any) -> None:
        email, password = options["email"].strip(), options["password"]
        try:
            if email:
                validate_email(email)
            if password:
                validate_password(password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        # Shown before the commit: a start killed between the two shows another one next time, and never none.
        with transaction.atomic():
            if login := bootstrap(email=email, password=password):
                self.stdout.write(f"LOGIN {login.email} {login.password}")
                self.stdout.flush()
