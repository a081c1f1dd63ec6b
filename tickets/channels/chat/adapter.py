"""Live chat as a channel: what the widget carries. What comes in is heard by its own endpoints (`views`)."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy

from tickets.channels.chat.forms import ChatForm
from tickets.channels.forms import ConnectionForm
from tickets.channels.protocol import Account, Capabilities, Channel, Happened, Post, Receipt, Unreadable

MOST_FILES = 5
MOST_FILE = 10 * 1024 * 1024


class Chat(Channel):
    """The widget on a site."""

    kind = "chat"
    name = gettext_lazy("Live chat")
    icon = "message-circle"
    about = gettext_lazy("A chat on your own site: one line of HTML. Answers to who has left go on by mail.")
    docs = "chat.md"
    connection_template = "tickets/settings/chat.html"
    can = Capabilities(
        most_text=20_000, files=("",), most_files=MOST_FILES, most_file=MOST_FILE, is_idempotent=True, reports=True,
        is_at_home=True,
    )  # fmt: skip

    def form(self) -> type[ConnectionForm]:
        return ChatForm

    def connected(self, account: Account) -> str:
        return ""  # we are at home: there is nobody to ask, and any number of widgets

    def parse(self, account: Account, content: bytes) -> Sequence[Happened]:
        raise Unreadable("Chats come in by the widget only.")

    def deliver(self, account: Account, post: Post) -> Receipt:
        """It is in the talk with this receipt; open widgets are told, and fetch it as themselves."""
        return Receipt(post.key)
