"""Tickets and all that hangs on them."""

from tickets.models.attachment import Attachment
from tickets.models.brand import Brand
from tickets.models.bulk import BulkAct
from tickets.models.channel import ChannelAccount, ChannelMessage, Conversation
from tickets.models.chat_seat import ChatSeat
from tickets.models.connection import Follower, Merge, TicketLink
from tickets.models.custom_field import CustomField
from tickets.models.customer import ContactPoint, Customer, CustomerMerge, CustomerNote, Organisation
from tickets.models.draft import Draft, DraftFile
from tickets.models.inbox import (
    AcknowledgementText,
    Inbox,
    InboxAccess,
    InboxHealth,
    is_worker,
    readers_of,
    workers_of,
    works_in,
)
from tickets.models.macro import Macro, MacroUse
from tickets.models.mailbox import Grant, Mailbox, MailFolder, OutgoingServer, Security, SignIn
from tickets.models.message import MARKS, AwaitedMessage, Message, MessageKind, SideConversation
from tickets.models.notification import Notification, NotificationChoice, PushSubscription, Way
from tickets.models.outgoing import CaughtMail, Delivery, DeliveryState, MailPicture, OutgoingMail, Unrequested
from tickets.models.raw import RawMessage, RawState
from tickets.models.saved_view import SavedView, ViewPlace
from tickets.models.search import SearchDocument, SearchWord, StaleDocument
from tickets.models.tag import Tag
from tickets.models.ticket import REMOVED, UNSOLVED, Participant, Priority, ReadMark, Status, Ticket, TicketType
from tickets.models.visitor import Visitor, VisitorToken

__all__ = [
    "MARKS",
    "REMOVED",
    "UNSOLVED",
    "AcknowledgementText",
    "Attachment",
    "AwaitedMessage",
    "Brand",
    "BulkAct",
    "CaughtMail",
    "ChannelAccount",
    "ChannelMessage",
    "ChatSeat",
    "ContactPoint",
    "Conversation",
    "CustomField",
    "Customer",
    "CustomerMerge",
    "CustomerNote",
    "Delivery",
    "DeliveryState",
    "Draft",
    "DraftFile",
    "Follower",
    "Grant",
    "Inbox",
    "InboxAccess",
    "InboxHealth",
    "Macro",
    "MacroUse",
    "MailFolder",
    "MailPicture",
    "Mailbox",
    "Merge",
    "Message",
    "MessageKind",
    "Notification",
    "NotificationChoice",
    "Organisation",
    "OutgoingMail",
    "OutgoingServer",
    "Participant",
    "Priority",
    "PushSubscription",
    "RawMessage",
    "RawState",
    "ReadMark",
    "SavedView",
    "SearchDocument",
    "SearchWord",
    "Security",
    "SideConversation",
    "SignIn",
    "StaleDocument",
    "Status",
    "Tag",
    "Ticket",
    "TicketLink",
    "TicketType",
    "Unrequested",
    "ViewPlace",
    "Visitor",
    "VisitorToken",
    "Way",
    "is_worker",
    "readers_of",
    "workers_of",
    "works_in",
]  # fmt: skip
