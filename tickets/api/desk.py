"""What else the workspace has for programs: custom fields, tags, and what one was told."""

from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk.api import forms, paging
from helpdesk.api.idempotency import idempotent
from helpdesk.api.problems import BadQuery
from helpdesk.api.schema import PAGING
from helpdesk.api.views import ApiView, Body, absolute, paged, read, shaping
from tickets import bell
from tickets.api.shared import agent_of, flag_of, only, words_of
from tickets.field_form import CustomFieldForm
from tickets.models import CustomField, Inbox, Tag, Ticket
from tickets.operations import notifying

BY_ID = paging.Order("id", "id")
NEWEST = paging.Order("pk", "pk", down=True)


class CustomFieldSerializer(serializers.ModelSerializer[CustomField]):
    """A question of your company's. Answers stand in `fields` of the thing it is about, under its key."""

    url = serializers.SerializerMethodField()
    about = serializers.ChoiceField(CustomField.About.choices)
    kind = serializers.ChoiceField(CustomField.Kind.choices)
    choices = serializers.ListField(child=serializers.CharField(), help_text="Of the kind `choice`.")
    inboxes = serializers.PrimaryKeyRelatedField[Any](many=True, read_only=True, help_text="None are all.")

    class Meta:
        model = CustomField
        fields = [
            "id", "url", "about", "key", "name", "kind", "choices", "help_text", "is_required_to_resolve", "inboxes",
            "position", "is_active",
        ]  # fmt: skip

    def get_url(self, field: CustomField) -> str:
        return absolute(reverse("api_field", args=[field.pk]))


_field = shaping(CustomFieldSerializer)


class FieldChangeBody(Body):
    """What to change of a custom field. Its key, its kind and what it is about never change: answers hang on them."""

    name = serializers.CharField(max_length=80, required=False)
    choices = serializers.ListField(child=serializers.CharField(max_length=200), required=False, max_length=500)
    help_text = serializers.CharField(max_length=200, required=False, allow_blank=True)  # type: ignore[assignment]
    is_required_to_resolve = serializers.BooleanField(required=False)
    inboxes = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), required=False, max_length=1000,
        help_text="Of tickets only; none are all.",
    )  # fmt: skip
    position = serializers.IntegerField(required=False, min_value=0, max_value=32767)
    is_active = serializers.BooleanField(required=False, help_text="No: it is asked no more; its answers stay.")

    def validate_choices(self, value: list[str]) -> str:
        return "\n".join(" ".join(one.split()) for one in value)


class FieldBody(FieldChangeBody):
    """A custom field to ask."""

    name = serializers.CharField(max_length=80)
    about = serializers.ChoiceField(CustomField.About.choices, required=False, help_text="`ticket` if left out.")
    kind = serializers.ChoiceField(CustomField.Kind.choices, required=False, help_text="`text` if left out.")
    key = serializers.CharField(max_length=40, required=False, help_text="Made of the name if left out.")


class Fields(ApiView):
    """Custom fields."""

    @extend_schema(
        operation_id="fields_list", summary="List custom fields", tags=["people"],
        parameters=[
            OpenApiParameter("about", OpenApiTypes.STR, enum=CustomField.About.values),
            OpenApiParameter("active", OpenApiTypes.BOOL, description="False: those asked no more."), *PAGING,
        ],
        responses=paging.described(CustomFieldSerializer),
    )  # fmt: skip
    @paged(BY_ID)
    def get(self, request: Request) -> Any:
        """The custom fields in use, of tickets those of every inbox and of the inboxes you see; or those retired."""
        only(request, "about", "active", "cursor", "limit")
        found = _fields(request).filter(is_active=flag_of(request, "active") is not False)
        if (about := request.query_params.get("about")) is not None:
            if about not in CustomField.About.values:
                raise BadQuery("about", _("One of: %(choices)s.") % {"choices": ", ".join(CustomField.About.values)})
            found = found.filter(about=about)
        return found, _field

    @extend_schema(
        operation_id="fields_create", summary="Add a custom field", tags=["people"], request=FieldBody,
        responses={201: CustomFieldSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """Ask something of all tickets, customers or organisations from now on. Admins do."""
        forms.must_look_after_settings(agent_of(request))
        made = forms.save(CustomFieldForm, read(FieldBody, request), actor=agent_of(request))
        data = _field(made)
        return Response(data, status=201, headers={"Location": data["url"]})


class FieldView(ApiView):
    """One custom field."""

    @extend_schema(
        operation_id="fields_read", summary="Read a custom field", tags=["people"], responses=CustomFieldSerializer
    )
    def get(self, request: Request, field: int) -> Response:
        """A custom field, in use or retired."""
        return Response(_field(get_object_or_404(_fields(request), pk=field)))

    @extend_schema(
        operation_id="fields_change", summary="Change a custom field", tags=["people"], request=FieldChangeBody,
        responses=CustomFieldSerializer,
    )  # fmt: skip
    def patch(self, request: Request, field: int) -> Response:
        """Change what is asked, and where; `is_active` retires it or asks it again. Admins do."""
        return Response(_field(_change(request, field, read(FieldChangeBody, request))))

    @extend_schema(
        operation_id="fields_retire", summary="Retire a custom field", tags=["people"],
        responses=CustomFieldSerializer,
    )  # fmt: skip
    def delete(self, request: Request, field: int) -> Response:
        """Ask it no more; what was answered stays. Retiring twice is retiring once. Admins do."""
        return Response(_field(_change(request, field, {"is_active": False})))


def _fields(request: Request) -> Any:
    """The custom fields the agent may know of."""
    asked_in = CustomField.inboxes.through.objects
    theirs = asked_in.filter(inbox__in=Inbox.objects.visible_to(agent_of(request)))
    everywhere = ~Q(pk__in=asked_in.values("customfield"))
    found = CustomField.objects.filter(everywhere | Q(pk__in=theirs.values("customfield")))
    return found.prefetch_related("inboxes")


@transaction.atomic
def _change(request: Request, pk: int, given: dict[str, Any]) -> CustomField:
    found = get_object_or_404(_fields(request), pk=pk)
    forms.must_look_after_settings(agent_of(request))
    found = CustomField.objects.select_for_update().get(pk=found.pk)
    kept: CustomField = forms.save(CustomFieldForm, given, actor=agent_of(request), thing=found)
    return kept


class TagSerializer(serializers.ModelSerializer[Tag]):
    """A word tickets are sorted by."""

    tickets = serializers.IntegerField(source="tagged", help_text="How many of the tickets you may see have it.")

    class Meta:
        model = Tag
        fields = ["id", "name", "tickets"]


_tag = shaping(TagSerializer)


class TagsInUse(ApiView):
    """Tags."""

    @extend_schema(
        operation_id="tags_list", summary="List tags", tags=["tickets"],
        parameters=[OpenApiParameter("q", OpenApiTypes.STR, description="Letters of its name."), *PAGING],
        responses=paging.described(TagSerializer),
    )  # fmt: skip
    @paged(BY_ID)
    def get(self, request: Request) -> Any:
        """The tags of tickets you may see, each with how many of these have it."""
        only(request, "q", "cursor", "limit")
        seen = Ticket.objects.visible_to(agent_of(request)).order_by().values("pk")
        theirs = Ticket.tags.through.objects.filter(tag=OuterRef("pk"), ticket__in=seen).order_by().values("tag")
        counting: Any = theirs.annotate(n=Count("pk"))
        counted = Coalesce(Subquery(counting.values("n")), 0)
        found = Tag.objects.annotate(tagged=counted).filter(Exists(theirs))
        return found.filter(name__contains=words_of(request, "q", 50).lower()), _tag


class NotificationSerializer(serializers.Serializer[Any]):
    """What you were told, in words."""

    id = serializers.IntegerField(source="pk")
    url = serializers.SerializerMethodField(help_text="POST there when it was read; DELETE to keep it for later.")
    kind = serializers.CharField()
    sentence = serializers.CharField()
    more = serializers.CharField(help_text="What else happened within the minute.")
    snippet = serializers.CharField()
    ticket = serializers.IntegerField(source="number", allow_null=True)
    is_read = serializers.BooleanField()
    is_urgent = serializers.BooleanField()
    at = serializers.DateTimeField()

    def get_url(self, one: bell.Shown) -> str:
        return absolute(reverse("api_notification_read", args=[one.pk]))


_notification = shaping(NotificationSerializer)


class Notifications(ApiView):
    """What you were told."""

    @extend_schema(
        operation_id="notifications_list", summary="List notifications", tags=["notifications"],
        parameters=[OpenApiParameter("read", OpenApiTypes.BOOL), *PAGING],
        responses=paging.described(NotificationSerializer),
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """What you were told of what you may see, the newest first."""
        only(request, "read", "cursor", "limit")
        found = bell.of(agent_of(request)).select_related("ticket__customer")
        if (is_read := flag_of(request, "read")) is not None:
            found = found.filter(read_at__isnull=not is_read)
        rows, after = paging.page(request, found.prefetch_related("ticket__customer__contact_points"), NEWEST)
        return Response(paging.envelope(request, [_notification(one) for one in bell.shown(rows)], after))


class NotificationsRead(ApiView):
    """All of them at once."""

    light_methods = ("POST",)

    @extend_schema(
        operation_id="notifications_read_all", summary="Mark all as read", tags=["notifications"], request=None,
        responses={200: {"type": "object", "properties": {"unread": {"type": "integer"}}, "required": ["unread"]}},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """You have seen everything: it is neither mailed nor pushed any more."""
        read(Body, request)
        notifying.mark_read(agent_of(request))
        return Response({"unread": bell.unread(agent_of(request))})


class NotificationRead(ApiView):
    """One's having been read."""

    light_methods = ("POST", "DELETE")

    @extend_schema(
        operation_id="notifications_read", summary="Mark as read", tags=["notifications"], request=None,
        responses=NotificationSerializer,
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, notification: int) -> Response:
        """You have seen it."""
        _find(request, notification)
        read(Body, request)
        notifying.mark_read(agent_of(request), pk=notification)
        return Response(_find(request, notification))

    @extend_schema(
        operation_id="notifications_unread", summary="Keep for later", tags=["notifications"],
        responses=NotificationSerializer,
    )  # fmt: skip
    def delete(self, request: Request, notification: int) -> Response:
        """It is unread again."""
        _find(request, notification)
        notifying.mark_unread(agent_of(request), pk=notification)
        return Response(_find(request, notification))


def _find(request: Request, pk: int) -> Any:
    """One's own notification, of what one may see now."""
    found = bell.shown(list(bell.of(agent_of(request)).filter(pk=pk).select_related("ticket__customer")))
    if not found:
        raise Http404
    return _notification(found[0])
