"""The secret with which mail posted to an inbox is signed: made, renewed with a day's overlap, taken away."""

import json
import secrets
from datetime import datetime, timedelta

from django.db import transaction

from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent
from tickets.models import Inbox

#: after a renewal the former secret is good for that long, so that nothing is refused while the sender is told
OVERLAP = timedelta(days=1)


def accepted(inbox: Inbox, now: datetime | None = None) -> list[str]:
    """The secrets a signature may be made with now, the newest first; none when the inbox takes no posted mail."""
    if not inbox.webhook_secret:
        return []
    kept = json.loads(inbox.webhook_secret)
    is_former_good = kept["former"] and datetime.fromisoformat(kept["until"]) > (now or clock.now())
    return [kept["secret"], *([kept["former"]] if is_former_good else [])]


@transaction.atomic
def renew(inbox: Inbox, *, actor: Agent) -> str:
    """A new secret, to be shown this once."""
    inbox = Inbox.objects.select_for_update(no_key=True).get(pk=inbox.pk)
    former = next(iter(accepted(inbox)), "")
    secret = f"whs_{secrets.token_urlsafe(32)}"
    until = (clock.now() + OVERLAP).isoformat()
    inbox.webhook_secret = json.dumps({"secret": secret, "former": former, "until": until})
    inbox.save(update_fields=["webhook_secret"])
    record("inbox.changed", inbox, actor=actor, fields=["webhook_secret"])
    return secret


@transaction.atomic
def revoke(inbox: Inbox, *, actor: Agent) -> None:
    """Take the secrets away at once: nothing more can be posted. Twice is as once."""
    inbox = Inbox.objects.select_for_update(no_key=True).get(pk=inbox.pk)
    if not inbox.webhook_secret:
        return
    inbox.webhook_secret = ""
    inbox.save(update_fields=["webhook_secret"])
    record("inbox.changed", inbox, actor=actor, fields=["webhook_secret"])
