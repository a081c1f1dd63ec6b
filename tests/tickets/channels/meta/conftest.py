"""A WhatsApp number of ours, and its network."""

import json
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import pytest

from helpdesk.models import Team
from tests.tickets.channels.meta.rig import MetaRig
from tests.tickets.channels.rigs import network
from tickets.models import ChannelAccount, Inbox


@pytest.fixture
def rig(team: Team, settings: Any, db: None) -> Iterator[MetaRig]:
    settings.FETCH_ALLOW = [ip_network("127.0.0.0/8")]
    made = MetaRig()
    with network(made.answer) as made.net:
        address, config, secrets = made.setting()
        made.inbox = Inbox.objects.create(name="Ours at Meta", channel="meta")
        made.inbox.teams.add(team)
        made.account = ChannelAccount(inbox=made.inbox, kind="meta", address=address, config=config)
        made.account.sealed = json.dumps(secrets)
        made.account.save()
        yield made
