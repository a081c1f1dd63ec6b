"""Tickets and all that hangs on them."""

from tickets.models.attachment import Attachment
from tickets.models.customer import ContactPoint, Customer, Organisation
from tickets.models.inbox import Inbox, Mailbox
from tickets.models.message import AwaitedMessage, Message, MessageKind
from tickets.models.outgoing import CaughtMail, Delivery, DeliveryState, OutgoingMail
from tickets.models.raw import RawMessage, RawState
from tickets.models.tag import Tag
from tickets.models.ticket import Participant, Priority, ReadMark, Status, Ticket

__all__ = [
    "Attachment", "AwaitedMessage", "CaughtMail",
    "ContactPoint", "Customer", "Delivery", "DeliveryState", "Inbox", "Mailbox", "Message",
    "MessageKind", "Organisation", "OutgoingMail", "Participant", "Priority", "RawMessage", "RawState", "ReadMark",
    "Status", "Tag", "Ticket",
]  # fmt: skip
