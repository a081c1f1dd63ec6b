"""Who is asking: the session and the agent of each request, in two statements that are not put together anew."""

from functools import lru_cache
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.utils import timezone

from helpdesk import prepared, statements
from helpdesk.models import Agent


class SessionStore(DatabaseSessions):
    """Django's sessions in the database, read with less ado."""

    def load(self) -> dict[str, Any]:
        with statements.cursor() as cursor:
            cursor.execute(
                "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > %s",
                [self.session_key, timezone.now()],
            )
            row = cursor.fetchone()
        if row is None:
            self._session_key = None
            return {}
        found: dict[str, Any] = self.decode(row[0])
        return found


class Backend(AuthenticationBackend):
    """allauth's way of signing in; who has signed in is looked up by their key at each request."""

    def get_user(self, user_id: Any) -> Agent | None:
        with statements.cursor() as cursor:
            cursor.execute(_agent(), [user_id])
            row = cursor.fetchone()
        agent = prepared.made(Agent, row) if row else None
        return agent if agent is not None and self.user_can_authenticate(agent) else None


@lru_cache(maxsize=1)
def _agent() -> str:
    columns = ", ".join(f'"{name}"' for name in prepared.columns(Agent))
    return f"SELECT {columns} FROM helpdesk_agent WHERE id = %s"  # noqa: S608 - columns of our model
