"""Connecting an inbox to its account on a channel other than email, and taking it away."""

import json
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from helpdesk.events import record
from helpdesk.models import Agent
from tickets.models import ChannelAccount, Inbox
from tickets.operations import posting
from tickets.operations.status import NotPossible


@transaction.atomic
def connect(
    inbox: Inbox, *, actor: Agent, address: str, config: dict[str, Any], secrets: dict[str, str]
) -> ChannelAccount:
    """Keep how an inbox signs in at its network, and who it is there; what waited for it goes on.

    Raises NotPossible for who is no admin, and for an account another inbox has.
    """
    if not actor.is_admin:
        raise NotPossible(_("Only an admin connects inboxes."))
    known = ChannelAccount.objects.select_for_update(of=("self",)).filter(inbox=inbox).first()
    account = known or ChannelAccount(inbox=inbox, kind=inbox.channel)
    if known is not None and known.address != address:
        account.cursor = {}  # another account's place means nothing here
    account.address, account.config, account.sealed = address[:320], config, json.dumps(secrets)
    try:
        with transaction.atomic():
            account.save()
    except IntegrityError:
        raise NotPossible(_("Another inbox is connected to “%(address)s”.") % {"address": address}) from None
    record("inbox.account_changed", inbox, actor=actor, kind=inbox.channel, is_new=known is None)
    posting.works_again(account)
    return account
