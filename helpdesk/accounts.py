"""How people sign in: allauth, with no way to sign up; agents are invited."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Closed to strangers; signing in brings the agent's language and zone along."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def login(self, request, user):  # type: ignore[no-untyped-def]
        super().login(request, user)
        from helpdesk.pages import remember_reader

        remember_reader(request, user)
