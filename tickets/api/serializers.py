"""What is sent, and what may be sent. They check and present; operations change."""

import base64
import binascii
import re
from typing import Any, ClassVar, TypedDict

from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from helpdesk.api.views import Body, absolute, shaping
from helpdesk.models import Agent, Event, Role, Team
from helpdesk.prepared import Prepared
from tickets import delivery_words
from tickets.models import (
    Attachment,
    ContactPoint,
    Customer,
    Delivery,
    DeliveryState,
    Inbox,
    Message,
    MessageKind,
    Organisation,
    Priority,
    Status,
    Ticket,
    TicketType,
)
from tickets.models.inbox import InboxQuerySet
from tickets.operations.opening import MOST_TEXT
from tickets.operations.posting import BY_MAIL
from tickets.operations.recipients import MOST as MOST_RECIPIENTS
from tickets.operations.replying import Upload

MOST_FILES = 20
MOST_FILE_BYTES = 15 * 1024 * 1024
_MEDIA_TYPE = re.compile(r"[a-z0-9][\w.+-]*/[a-z0-9][\w.+-]*\Z", re.ASCII | re.IGNORECASE)


# --- What is sent -----------------------------------------------------------------------------------------------------
class TeamSerializer(serializers.ModelSerializer[Team]):
    """Agents who share inboxes."""

    class Meta:
        model = Team
        fields = ["id", "name"]


class AgentBriefSerializer(serializers.ModelSerializer[Agent]):
    class Meta:
        model = Agent
        fields = ["id", "name"]


class AgentSerializer(serializers.ModelSerializer[Agent]):
    """Somebody who works tickets."""

    teams = TeamSerializer(many=True)

    class Meta:
        model = Agent
        fields = ["id", "name", "email", "role", "teams"]


class InboxBriefSerializer(serializers.ModelSerializer[Inbox]):
    class Meta:
        model = Inbox
        fields = ["id", "name", "address"]


class InboxSerializer(serializers.ModelSerializer[Inbox]):
    """A shared inbox."""

    teams = TeamSerializer(many=True)

    class Meta:
        model = Inbox
        fields = ["id", "name", "channel", "address", "teams", "response_target_minutes", "is_active"]


class OrganisationSerializer(serializers.ModelSerializer[Organisation]):
    class Meta:
        model = Organisation
        fields = ["id", "name", "domain"]


class WholeOrganisationSerializer(serializers.ModelSerializer[Organisation]):
    """A company whose people write."""

    url = serializers.SerializerMethodField()
    fields = serializers.DictField(help_text="Answers to custom fields, by their keys.")  # type: ignore[assignment]

    class Meta:
        model = Organisation
        fields: ClassVar[list[str]] = ["id", "url", "name", "domain", "fields", "created_at"]

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, organisation: Organisation) -> str:
        return absolute(reverse("api_organisation", args=[organisation.pk]))


class ContactPointSerializer(serializers.ModelSerializer[ContactPoint]):
    class Meta:
        model = ContactPoint
        fields = ["id", "channel", "address", "is_verified", "is_bouncing"]


class CustomerSerializer(serializers.ModelSerializer[Customer]):
    """A person who writes, and their addresses."""

    url = serializers.SerializerMethodField()
    organisation = OrganisationSerializer(allow_null=True)
    contact_points = ContactPointSerializer(many=True)
    fields = serializers.DictField(help_text="Answers to custom fields, by their keys.")  # type: ignore[assignment]

    class Meta:
        model = Customer
        fields: ClassVar[list[str]] = [
            "id", "url", "name", "language", "organisation", "contact_points", "fields", "is_blocked", "created_at",
        ]  # fmt: skip

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, customer: Customer) -> str:
        return absolute(reverse("api_customer", args=[customer.pk]))


class CustomerBriefSerializer(serializers.ModelSerializer[Customer]):
    address = serializers.SerializerMethodField()

    class Meta:
        model = Customer
        fields = ["id", "name", "address"]

    def get_address(self, customer: Customer) -> str:
        """The first address we know."""
        return next((point.address for point in customer.contact_points.all()), "")


class TicketSerializer(serializers.ModelSerializer[Ticket]):
    """A customer's matter. Read-only: status, assignee and tags change at addresses of their own."""

    url = serializers.SerializerMethodField()
    web_url = serializers.SerializerMethodField()
    status = serializers.ChoiceField(Status.choices)
    priority = serializers.ChoiceField(Priority.choices)
    inbox = InboxBriefSerializer()
    customer = CustomerBriefSerializer()
    assignee = AgentBriefSerializer(allow_null=True)
    team = TeamSerializer(allow_null=True)
    tags = serializers.SlugRelatedField[Any](slug_field="name", many=True, read_only=True)
    type = serializers.ChoiceField(TicketType.choices, allow_blank=True)
    fields = serializers.DictField(help_text="Answers to custom fields, by their keys; see `/fields/`.")  # type: ignore[assignment]
    follow_up_of = serializers.IntegerField(source="follow_up_of_id", allow_null=True)
    merged_into = serializers.IntegerField(source="merged_into_id", allow_null=True)

    class Meta:
        model = Ticket
        fields: ClassVar[list[str]] = [
            "number", "url", "web_url", "subject", "status", "priority", "type", "channel", "inbox", "customer",
            "assignee", "team", "tags", "fields", "snippet", "follow_up_of", "merged_into", "created_at", "updated_at",
            "waiting_since", "resolved_at", "snoozed_until",
        ]  # fmt: skip

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, ticket: Ticket) -> str:
        return absolute(reverse("api_ticket", args=[ticket.number]))

    @extend_schema_field(OpenApiTypes.URI)
    def get_web_url(self, ticket: Ticket) -> str:
        """Its page for people."""
        return absolute(ticket.get_absolute_url())


class KnownTicketSerializer(TicketSerializer):
    """A ticket by itself: with the version to send back in `If-Match`, and after an act with the way back."""

    version = serializers.IntegerField(help_text="The newest event of the ticket; also in `ETag`.")
    undo = serializers.URLField(
        allow_null=True, help_text="POST there to take the act back; null where nothing can be."
    )

    class Meta(TicketSerializer.Meta):
        fields: ClassVar[list[str]] = [*TicketSerializer.Meta.fields, "version", "undo"]


class AttachmentSerializer(serializers.ModelSerializer[Attachment]):
    size = serializers.IntegerField(source="file.size")
    url = serializers.SerializerMethodField()

    class Meta:
        model = Attachment
        fields = ["id", "filename", "content_type", "size", "is_inline", "url"]

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, attachment: Attachment) -> str:
        return absolute(reverse("api_attachment", args=[attachment.message.ticket_id, attachment.pk]))


class SenderSerializer(serializers.Serializer[Any]):
    address = serializers.CharField()
    name = serializers.CharField()
    customer = serializers.IntegerField()


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """One recipient of a reply, and how it went. Read-only: only a server or a report can say that mail arrived."""

    state = serializers.ChoiceField(DeliveryState.choices)
    reason = serializers.SerializerMethodField()
    corrected_to = serializers.IntegerField(
        source="corrected_by_id", allow_null=True, help_text="The delivery to the address put in place of this one."
    )

    class Meta:
        model = Delivery
        fields = [
            "id", "recipient", "state", "reason", "status_code", "answer", "attempts", "corrected_to", "sent_at",
            "settled_at",
        ]  # fmt: skip

    def get_reason(self, delivery: Delivery) -> str:
        """Why it did not arrive, in words; empty when it did, or nobody said."""
        return delivery_words.reason(delivery.status_code, delivery.answer) if delivery.state in _TROUBLED else ""


_TROUBLED = (DeliveryState.FAILED, DeliveryState.BOUNCED, DeliveryState.DELAYED, DeliveryState.QUEUED)


_delivery = shaping(DeliverySerializer)


class MessageSerializer(serializers.ModelSerializer[Message]):
    """Something said on a ticket. `text` is what is new in it, `full_text` all of it where that is more."""

    kind = serializers.ChoiceField(MessageKind.choices)
    author = AgentBriefSerializer(allow_null=True)
    sender = serializers.SerializerMethodField()
    to = serializers.ListField(child=serializers.CharField())
    cc = serializers.ListField(child=serializers.CharField())
    bcc = serializers.ListField(child=serializers.CharField())
    attachments = AttachmentSerializer(many=True)
    deliveries = serializers.SerializerMethodField()

    class Meta:
        model = Message
        fields = [
            "id", "kind", "author", "sender", "channel", "subject", "text", "full_text", "to", "cc", "bcc",
            "message_id", "is_automated", "attachments", "deliveries", "created_at",
        ]  # fmt: skip

    @extend_schema_field(SenderSerializer(allow_null=True))
    def get_sender(self, message: Message) -> dict[str, Any] | None:
        """The customer's address it came from; null for what we wrote."""
        point = message.sender
        return (
            None
            if point is None
            else {"address": point.address, "name": message.sender_name, "customer": point.customer_id}
        )

    @extend_schema_field(DeliverySerializer(many=True))
    def get_deliveries(self, message: Message) -> Any:
        """How a reply's mail fared, for each recipient."""
        mail = getattr(message, "outgoing", None)
        return [_delivery(delivery) for delivery in mail.deliveries.all()] if mail else []


def whole_messages(messages: Any) -> Any:
    """A queryset of messages with all that is said of them."""
    return messages.select_related("author", "sender", "outgoing").prefetch_related(
        "attachments__file", "outgoing__deliveries"
    )


class WayLimits(TypedDict):
    """What goes that way. `files` are the beginnings of media types; an empty one is any, none at all no files."""

    most_text: int | None
    splits: bool
    files: list[str]
    most_files: int
    most_file_bytes: int


class WaySerializer(serializers.Serializer[Any]):
    """A way an answer may go. Say its `key` as `via` of a reply."""

    key = serializers.CharField(help_text="`mail`, or a conversation's.")
    channel = serializers.CharField(source="kind")
    name = serializers.CharField(help_text="The channel in words.")
    to = serializers.CharField(help_text="Who is reached.")
    is_public = serializers.BooleanField(help_text="Everybody can read an answer there.")
    is_usual = serializers.BooleanField(help_text="The way an answer goes where nothing else is said.")
    closed = serializers.CharField(help_text="Why nothing can be sent this way now, in words; empty when it can.")
    limits = serializers.SerializerMethodField()

    def get_limits(self, way: Any) -> WayLimits:
        return {
            "most_text": way.can.most_text, "splits": way.can.splits, "files": list(way.can.files),
            "most_files": min(way.can.most_files, MOST_FILES),
            "most_file_bytes": min(way.can.most_file, MOST_FILE_BYTES),
        }  # fmt: skip


class EventSerializer(serializers.ModelSerializer[Event]):
    """A fact of the ledger. `actor` is an agent's id; null is the customer, a rule or the clock."""

    actor = serializers.IntegerField(source="actor_id", allow_null=True)
    facts = serializers.DictField()

    class Meta:
        model = Event
        fields = ["id", "at", "verb", "actor", "facts"]


ticket = shaping(TicketSerializer)
known_ticket = shaping(KnownTicketSerializer)
message = shaping(MessageSerializer)
event = shaping(EventSerializer)
inbox = shaping(InboxSerializer)
agent = shaping(AgentSerializer)
team = shaping(TeamSerializer)
customer = shaping(CustomerSerializer)
organisation = shaping(WholeOrganisationSerializer)


# --- What may be sent -------------------------------------------------------------------------------------------------
def _seen_by(agent: Agent) -> InboxQuerySet:
    return Inbox.objects.visible_to(agent).active().order_by()


def _at(inboxes: InboxQuerySet, address: str) -> InboxQuerySet:
    return inboxes.alias(lower=Lower("address")).filter(lower=address)[:1]


_any_at = Prepared(lambda place: _at(_seen_by(Agent(role=Role.ADMIN)), place(str)))
#: whose agent it is, is one of the values
_visible_at = Prepared(lambda place: _at(_seen_by(Agent(pk=place(int), role=Role.AGENT)), place(str)))


def _inbox_at(agent: Agent, address: str) -> Inbox | None:
    """The inbox of an address, of those an agent sees: each ticket that is opened by a program asks for it."""
    if not agent.is_active or agent.limited_to is not None:
        return _at(_seen_by(agent), address).first()
    found = _any_at(address) if agent.is_admin else _visible_at(agent.pk, address)
    return next(iter(found), None)


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string", "format": "email"}]})
class InboxField(serializers.Field):
    """An inbox by its id or its address, of those the agent sees."""

    default_error_messages = {"absent": _("There is no such inbox, or none you may use.")}

    def to_internal_value(self, data: Any) -> Inbox:
        agent, found = self.context["request"].user, None
        if type(data) is int and 0 < data < 2**63:
            found = _seen_by(agent).filter(pk=data).first()
        elif isinstance(data, str) and len(data) <= 254 and data.isprintable():
            found = _inbox_at(agent, data.lower())
        if found is None:
            self.fail("absent")
        return found

    def to_representation(self, value: Inbox) -> int:
        return value.pk


@extend_schema_field(OpenApiTypes.BYTE)
class Base64Field(serializers.Field):
    """Bytes as base64."""

    default_error_messages = {"invalid": _("This is not base64.")}

    def to_internal_value(self, data: Any) -> bytes:
        try:
            return base64.b64decode(data.encode("ascii"), validate=True)
        except (AttributeError, ValueError, binascii.Error):
            self.fail("invalid")

    def to_representation(self, value: bytes) -> str:
        return base64.b64encode(value).decode()


class AttachmentBody(Body):
    filename = serializers.CharField(max_length=200)
    content_type = serializers.CharField(max_length=100, default="application/octet-stream")
    content = Base64Field()

    def validate_content_type(self, value: str) -> str:
        if not _MEDIA_TYPE.match(value):
            raise serializers.ValidationError(_("Write it as in image/png."))
        return value.lower()


class AttachmentsField(serializers.ListField):
    """Files to send along, within limits."""

    child = AttachmentBody()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "default": list, "max_length": MOST_FILES, **kwargs})

    def run_validation(self, data: Any = serializers.empty) -> list[Upload]:
        files = [Upload(**item) for item in super().run_validation(data)]
        if sum(len(file.content) for file in files) > MOST_FILE_BYTES:
            raise serializers.ValidationError(_("Attachments may have 15 MB together."))
        return files


class CustomerBody(Body):
    address = serializers.EmailField(max_length=254)
    name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class TicketBody(Body):
    """A ticket to open, with what the customer said."""

    inbox = InboxField(help_text="Its id or its address.")
    customer = CustomerBody()
    subject = serializers.CharField(max_length=300)
    text = serializers.CharField(max_length=MOST_TEXT)
    attachments = AttachmentsField()


def people_field() -> serializers.ListField:
    """Mail addresses somebody chooses."""
    one = serializers.EmailField(max_length=254)
    return serializers.ListField(child=one, required=False, max_length=MOST_RECIPIENTS)


def way_field() -> serializers.CharField:
    """The way an answer goes."""
    return serializers.CharField(
        required=False, allow_blank=True, max_length=20,
        help_text="A `key` of the ticket's `ways/`; empty or left out: the way the answered message came.",
    )  # fmt: skip


def must_go_together(attrs: dict[str, Any], *, is_note: bool) -> None:
    """Raise ValidationError where recipients, the way and the kind do not go together."""
    named = [name for name in ("to", "cc", "bcc", "via") if attrs.get(name)]
    if named and is_note:
        raise serializers.ValidationError({named[0]: [_("A note goes to nobody.")]})
    chosen = [name for name in named if name != "via"]
    if chosen and not attrs.get("to"):
        raise serializers.ValidationError({"to": [_("Say who gets it.")]})
    if chosen and attrs.get("via", BY_MAIL) not in ("", BY_MAIL):
        raise serializers.ValidationError({"to": [_("A conversation goes to whoever is in it.")]})


class MessageBody(Body):
    """A reply to the customer, or a note among agents.

    A reply goes the way the message it answers came, to whoever that says, unless `to` (then with `cc` and `bcc`) says
    otherwise, or `via` chooses another of the ticket's `ways/`.
    """

    kind = serializers.ChoiceField([MessageKind.REPLY.value, MessageKind.NOTE.value])
    text = serializers.CharField(max_length=MOST_TEXT)
    to = people_field()
    cc = people_field()
    bcc = people_field()
    via = way_field()
    attachments = AttachmentsField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        must_go_together(attrs, is_note=attrs["kind"] == MessageKind.NOTE)
        return attrs


class AssignmentBody(Body):
    """Who takes it on. What is left out stays as it is; null takes it away."""

    agent = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=2**63 - 1)
    team = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=2**63 - 1)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError(_("Name an agent, a team or both."))
        return attrs


class TagBody(Body):
    name = serializers.CharField(max_length=50)


class StatusBody(Body):
    status = serializers.ChoiceField([Status.OPEN.value, Status.PENDING.value, Status.ON_HOLD.value])
