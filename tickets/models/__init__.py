"""Tickets and all that hangs on them."""

from tickets.models.attachment import Attachment
from tickets.models.customer import ContactPoint, Customer, Organisation
from tickets.models.draft import Draft, DraftFile
from tickets.models.inbox import AcknowledgementText, Inbox, InboxHealth
from tickets.models.mailbox import Grant, Mailbox, MailFolder, OutgoingServer, Security, SignIn
from tickets.models.message import MARKS, AwaitedMessage, Message, MessageKind, SideConversation
from tickets.models.outgoing import CaughtMail, Delivery, DeliveryState, OutgoingMail, Unrequested
from tickets.models.raw import RawMessage, RawState
from tickets.models.tag import Tag
from tickets.models.ticket import Participant, Priority, ReadMark, Status, Ticket

__all__ = [
    "MARKS",
    "AcknowledgementText",
    "Attachment",
    "AwaitedMessage",
    "CaughtMail",
    "ContactPoint",
    "Customer",
    "Delivery",
    "DeliveryState",
    "Draft",
    "DraftFile",
    "Grant",
    "Inbox",
    "InboxHealth",
    "MailFolder",
    "Mailbox",
    "Message",
    "MessageKind",
    "Organisation",
    "OutgoingMail",
    "OutgoingServer",
    "Participant",
    "Priority",
    "RawMessage",
    "RawState",
    "ReadMark",
    "Security",
    "SideConversation",
    "SignIn",
    "Status",
    "Tag",
    "Ticket",
    "Unrequested",
]  # fmt: skip
