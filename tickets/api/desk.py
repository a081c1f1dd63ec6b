"""What else the workspace has for programs: custom fields, and what one was told."""

from typing import Any

from django.db.models import Q
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk.api import paging
from helpdesk.api.idempotency import idempotent
from helpdesk.api.problems import BadQuery
from helpdesk.api.schema import PAGING
from helpdesk.api.views import ApiView, Body, absolute, paged, read, shaping
from tickets import bell
from tickets.api.shared import agent_of, flag_of, only
from tickets.models import CustomField, Inbox
from tickets.operations import notifying

BY_ID = paging.Order("id", "id")
NEWEST = paging.Order("pk", "pk", down=True)


class CustomFieldSerializer(serializers.ModelSerializer[CustomField]):
    """A question of your company's. Answers stand in `fields` of the thing it is about, under its key."""

    about = serializers.ChoiceField(CustomField.About.choices)
    kind = serializers.ChoiceField(CustomField.Kind.choices)
    choices = serializers.ListField(child=serializers.CharField(), help_text="Of the kind `choice`.")
    inboxes = serializers.PrimaryKeyRelatedField[Any](many=True, read_only=True, help_text="None are all.")

    class Meta:
        model = CustomField
        fields = [
            "id", "about", "key", "name", "kind", "choices", "help_text", "is_required_to_resolve", "inboxes",
            "position",
        ]  # fmt: skip


_field = shaping(CustomFieldSerializer)


class Fields(ApiView):
    """Custom fields."""

    @extend_schema(
        operation_id="fields_list", summary="List custom fields", tags=["people"],
        parameters=[OpenApiParameter("about", OpenApiTypes.STR, enum=CustomField.About.values), *PAGING],
        responses=paging.described(CustomFieldSerializer),
    )  # fmt: skip
    @paged(BY_ID)
    def get(self, request: Request) -> Any:
        """The custom fields in use: of tickets those of every inbox, and of the inboxes you see."""
        only(request, "about", "cursor", "limit")
        asked_in = CustomField.inboxes.through.objects
        theirs = asked_in.filter(inbox__in=Inbox.objects.visible_to(agent_of(request)))
        everywhere = ~Q(pk__in=asked_in.values("customfield"))
        found = CustomField.objects.filter(everywhere | Q(pk__in=theirs.values("customfield")), is_active=True)
        if (about := request.query_params.get("about")) is not None:
            if about not in CustomField.About.values:
                raise BadQuery("about", _("One of: %(choices)s.") % {"choices": ", ".join(CustomField.About.values)})
            found = found.filter(about=about)
        return found.prefetch_related("inboxes"), _field


class NotificationSerializer(serializers.Serializer[Any]):
    """What you were told, in words."""

    id = serializers.IntegerField(source="pk")
    url = serializers.SerializerMethodField(help_text="POST there when it was read; DELETE to keep it for later.")
    kind = serializers.CharField()
    sentence = serializers.CharField()
    more = serializers.CharField(help_text="What else happened within the minute.")
    snippet = serializers.CharField()
    ticket = serializers.IntegerField(source="ticket.number")
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
        """What you were told of tickets you may see, the newest first."""
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
    """One's own notification, of a ticket one may see now."""
    found = bell.shown(list(bell.of(agent_of(request)).filter(pk=pk).select_related("ticket__customer")))
    if not found:
        raise Http404
    return _notification(found[0])
