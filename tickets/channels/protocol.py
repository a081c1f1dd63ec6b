"""What every channel can do, in the same words: the protocol of decision 16.

A channel is a folder `tickets/channels/<kind>/` whose package names its adapter in `CHANNEL`. Its functions touch no
ticket: they turn what a network says into plain data and plain data into what a network takes. Operations of
`tickets.operations` do the rest, the same way for all.

    receive   webhook: `verify` and the raw body is stored; poll: `poll` yields raw bodies
    parse     raw body -> what happened over there (`Said`, `Edited`, `Deleted`, `Reported`)
    deliver   a `Post` -> a `Receipt` for each part of it, or a typed failure (`Trouble`)
    capabilities, probe
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from django.utils.functional import Promise

if TYPE_CHECKING:
    from tickets.channels.forms import ConnectionForm

# ---------------------------------------------------------------------- what a channel can do

#: letters, UTF-16 units or bytes, as the network counts its limit
Counting = Literal["letters", "utf16", "bytes", "graphemes"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a network carries. What it does not, the composer says before anything is sent."""

    #: the longest message; None has no limit
    most_text: int | None = None
    counts: Counting = "letters"
    #: each link in a text counts as so many letters, however long it is
    link: int | None = None
    #: a longer answer goes out as several, else it is refused
    splits: bool = True
    #: media types sent, as prefixes ("image/"); none sends no files
    files: tuple[str, ...] = ()
    most_files: int = 1
    #: bytes of one file
    most_file: int = 10 * 1024 * 1024
    #: how many of them go with one message; more become messages of their own. None takes all at once
    files_a_message: int | None = None
    #: the longest text beside a file; a longer one goes before it, in a message of its own
    most_caption: int | None = None
    #: the network fetches files itself, from an address of ours that names them for some hours
    fetches_files: bool = False
    #: answers are public posts where the conversation is
    is_public: bool = False
    #: after the customer's last message nothing may be sent for longer than this, but templates
    window: timedelta | None = None
    #: the network tells of edits and deletions
    tells_edits: bool = False
    tells_deletions: bool = False
    #: what the customer takes back there is taken away here too (else it is marked)
    honours_deletions: bool = False
    #: the network knows a repeated send by our key, so that an uncertain one is simply sent again
    is_idempotent: bool = False
    #: the network reports what became of a message
    reports: bool = False
    #: a link may be sent of our own accord: surveys and acknowledgements
    carries_links: bool = True
    #: nothing is sent from here: calls, reviews without an API
    is_read_only: bool = False
    #: nothing is sent this way: answers go by mail, to the address the customer named (`Person.claimed`)
    answers_by_mail: bool = False
    #: the messages are ours: no network stands between (live chat)
    is_at_home: bool = False
    #: what it carries in private talks, where those are of another kind than the public ones
    in_private: "Capabilities | None" = None


# ---------------------------------------------------------------------- what happened over there


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote, as the network knows them: `address` is for ever, `handle` is what people call them."""

    address: str
    name: str = ""
    handle: str = ""
    #: what the network vouches for beside it: {"email": …, "phone": …} joins identities, with its reason
    vouched: Mapping[str, str] = field(default_factory=dict)
    #: what the person says of themselves, unproven: it is suggested and joins nothing
    claimed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class File:
    """A file of a message: its bytes where they came along, else how the adapter fetches it (`reference`)."""

    filename: str = ""
    content_type: str = ""
    content: bytes | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody wrote. `identifier` is the network's name of the message, unique in the account."""

    identifier: str
    #: the network's name of the conversation: a chat, the root of a thread
    thread: str
    sender: Person
    text: str = ""
    html: str = ""
    at: datetime | None = None
    files: tuple[File, ...] = ()
    #: the identifier of the message it answers
    answers: str = ""
    is_public: bool = False
    #: our own account wrote it, not through us; `sender` is the customer it was written to, without a name
    is_ours: bool = False
    is_automated: bool = False
    subject: str = ""
    language: str = ""
    #: where people can look at it
    url: str = ""
    #: facts of the channel that are shown beside it: {"stars": 2}
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edited:
    """The sender changed a message; `said` is all of it as it is now, so that it may come before the message."""

    said: Said


@dataclass(frozen=True, slots=True)
class Deleted:
    """The sender took a message back."""

    identifier: str
    thread: str


@dataclass(frozen=True, slots=True)
class Reported:
    """The network says what became of a message of ours."""

    identifier: str
    action: Literal["delivered", "read", "failed"]
    words: str = ""
    #: instead of an identifier: it is so of all we said in this talk until then
    thread: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """People talked with each other, or one of us tried to reach the customer: a call that is over.

    A call of theirs that nobody took is plainly `Said`. `said.is_ours`: we called them.
    """

    #: the customer, what was said as far as anybody knows, and when it began
    said: Said
    #: who of us, by their e-mail address
    by: str = ""
    #: None: nobody answered
    answered_at: datetime | None = None
    #: it is told again, with what is known of it by now
    is_edit: bool = False


Happened = Said | Edited | Deleted | Reported | Called


class Unreadable(ValueError):
    """A raw body says something we do not understand: it is kept in quarantine with these words."""


class Forged(ValueError):
    """A webhook that is not signed, or stale: 401, and nothing is kept."""


@dataclass(frozen=True, slots=True)
class Request:
    """A webhook as it came: header names in lower case."""

    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    #: the address it was sent to, as the network was told it
    url: str


@dataclass(frozen=True, slots=True)
class Raw:
    """A raw body to keep; `key` is the source's own name of it, so that it is kept once."""

    content: bytes
    key: str = ""


# ---------------------------------------------------------------------- what goes out


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file that goes with an answer."""

    filename: str
    content_type: str
    content: bytes
    #: where it is for some hours, for a network that fetches it
    url: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """One part of an answer, ready to hand on."""

    #: for ever the same for this part of this answer
    key: str
    thread: str
    #: the customer's address on this channel
    to: str
    text: str
    files: tuple[OutgoingFile, ...] = ()
    #: the identifier of the message it answers, or of the part before it
    answers: str = ""
    is_public: bool = False
    #: what the network needs to find the conversation again, as its adapter kept it
    facts: Mapping[str, Any] = field(default_factory=dict)
    #: a template to use instead of free text, where the network wants one
    template: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the network calls a message of ours."""

    identifier: str
    url: str = ""


#: a place in a template
PLACE = re.compile(r"\{\{\s*(\w{1,60})\s*\}\}")


@dataclass(frozen=True, slots=True)
class Template:
    """Words the network has approved, sent instead of free ones when its time for those is over."""

    #: the network's name of it, for ever the same
    key: str
    name: str
    language: str
    #: with its places as {{1}} or {{name}}
    text: str
    #: the names of the places, in the order they come
    places: tuple[str, ...] = ()

    @property
    def pieces(self) -> list[tuple[str, bool]]:
        """Its words and the names of its places in turn, each with whether it is a place."""
        return [(piece, n % 2 == 1) for n, piece in enumerate(PLACE.split(self.text)) if piece]


class Trouble(Exception):
    """Handing on failed; the words are for people."""


class Later(Trouble):
    """The network is away or overloaded: the same again later. `after` is how long it wants to be left alone."""

    def __init__(self, words: str, *, after: timedelta | None = None, rests: bool = False) -> None:
        super().__init__(words)
        self.after = after
        #: the whole account rests, not this message only
        self.rests = rests


class Refused(Trouble):
    """The network does not take this message, now or ever."""


class TokenDead(Trouble):
    """The network no longer knows us: nothing goes in or out until somebody connects it anew."""


class Unknowable(Trouble):
    """It went out and no answer came: it may or may not have arrived."""


# ---------------------------------------------------------------------- the channel


@dataclass(frozen=True, slots=True)
class Account:
    """An inbox's account at a network: what the adapter needs and nothing it could change."""

    inbox: int
    #: who we are over there
    address: str
    config: Mapping[str, Any]
    secrets: Mapping[str, str]
    #: where the poll left off, as the adapter wrote it
    cursor: Mapping[str, Any]
    #: where the network sends its webhooks
    webhook_url: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """One step of a poll: what to keep, and from where to go on once it is kept."""

    raws: Sequence[Raw]
    cursor: Mapping[str, Any]


class Channel:
    """An adapter. Subclasses fill in what their network has; what they leave out, it has not."""

    kind: ClassVar[str]
    name: ClassVar[str | Promise]
    icon: ClassVar[str]
    #: one sentence for the page on which a channel is chosen
    about: ClassVar[str | Promise]
    can: ClassVar[Capabilities]
    #: the page of an inbox's connection, where it shows more than the form
    connection_template: ClassVar[str] = "tickets/settings/connection.html"
    #: its docs page, in docs/
    docs: ClassVar[str]
    is_polled: ClassVar[bool] = False
    has_webhook: ClassVar[bool] = False
    #: another way in and out than the protocol's own: email, which came first, and chat, which is at home
    is_apart: ClassVar[bool] = False
    #: why nothing is sent where its capabilities say `is_read_only`, and what to do instead
    read_only_words: ClassVar[str | Promise] = ""
    #: what a webhook is answered with once it is kept, and its media type
    thanks: ClassVar[tuple[bytes, str]] = (b"", "text/plain")

    def capabilities(self, account: Account) -> Capabilities:
        """What this account's network can, where accounts of one channel differ."""
        return self.can

    def form(self) -> "type[ConnectionForm]":
        """The settings form: what the account's `config` and `secrets` are made of."""
        raise NotImplementedError

    def connected(self, account: Account) -> str:
        """Who we are with these settings, asked of the network. Raises Trouble with words for people."""
        raise NotImplementedError

    def greet(self, account: Account, request: Request) -> bytes | None:
        """The answer to a network that asks whether the webhook is ours; None for any other request."""
        return None

    def verify(self, account: Account, request: Request) -> Sequence[Raw]:
        """What to keep of a webhook. Raises Forged where it is not signed, or stale."""
        raise Forged("This channel takes no webhooks.")

    def poll(self, account: Account) -> Iterator[Fetched]:
        """What is new over there, step by step. Raises Trouble."""
        return iter(())

    def parse(self, account: Account, content: bytes) -> Sequence[Happened]:
        """What a raw body says. Pure. Raises Unreadable."""
        raise NotImplementedError

    def fetch(self, account: Account, file: File) -> File:
        """A file with its bytes. Raises Trouble."""
        raise Refused("This channel carries no files.")

    def introduce(self, account: Account, person: Person) -> Person:
        """Who somebody is whom a message did not name; asked once, of a network that tells. Raises Trouble."""
        return person

    def closed(self, facts: Mapping[str, Any]) -> str:
        """Why nothing may be sent into a talk with these facts, in words; "" where something may."""
        return ""

    def measure(self, parts: Sequence[str]) -> str:
        """What sending these costs, in words, where the network counts; shown while an answer is written."""
        return ""

    def templates(self, account: Account) -> Sequence[Template]:
        """The templates that may be sent after the network's time for free words. Raises Trouble."""
        return ()

    def repeats_safely(self, post: Post) -> bool:
        """Whether the network knows this post by its key, where not all kinds of talk are alike in that."""
        return self.can.is_idempotent

    def deliver(self, account: Account, post: Post) -> Receipt:
        """Hand one part on. Raises Trouble."""
        raise NotImplementedError

    def probe(self, account: Account) -> None:
        """Ask whether the account works. Raises Trouble with words for people."""
        self.connected(account)
