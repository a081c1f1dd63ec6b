import json
from typing import Any

import pytest
from django.core.cache import cache

from helpdesk.models import Team
from tests.tickets.channels.chat.rig import SECRET, SITE, Browser
from tickets.models import ChannelAccount, Inbox


@pytest.fixture
def chat(team: Team, inbox: Inbox) -> ChannelAccount:
    """A widget on shop.example, whose mails go out through support@."""
    made = Inbox.objects.create(name="Shop chat", channel="chat", mails_through=inbox)
    made.teams.add(team)
    config: dict[str, Any] = {"allowed_origins": [SITE], "asks_page": True, "questions": ["Order number"]}
    account = ChannelAccount.objects.create(inbox=made, kind="chat", config=config)
    account.sealed = json.dumps({"identity_secret": SECRET})
    account.save()
    cache.clear()
    return account


@pytest.fixture
def dora(chat: ChannelAccount) -> Browser:
    return Browser(chat.key)


@pytest.fixture
def emil(chat: ChannelAccount) -> Browser:
    """A stranger, with a browser of his own."""
    return Browser(chat.key)
