"""Reviews told by programs: kept as a webhook's are, and read by workers."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk.api.idempotency import idempotent
from helpdesk.api.views import ApiView, Body, read
from tickets.api.shared import agent_of
from tickets.channels import handling
from tickets.channels.protocol import Unreadable
from tickets.channels.reviews import csv_file
from tickets.models import ChannelAccount, Inbox
from tickets.operations.posting import account_of

MOST = 500


class ReviewBody(Body):
    """A review as it is now. `source` and `id` name it for ever."""

    source = serializers.CharField(max_length=60)  # type: ignore[assignment]
    id = serializers.CharField(max_length=190)
    stars = serializers.FloatField(required=False, allow_null=True, min_value=0.5, max_value=5)
    title = serializers.CharField(required=False, allow_blank=True, max_length=300)
    text = serializers.CharField(required=False, allow_blank=True, max_length=100_000)
    author = serializers.CharField(required=False, allow_blank=True, max_length=200)
    author_id = serializers.CharField(required=False, allow_blank=True, max_length=190)
    email = serializers.EmailField(required=False, allow_blank=True, max_length=320)
    link = serializers.URLField(required=False, allow_blank=True, max_length=500)
    language = serializers.CharField(required=False, allow_blank=True, max_length=10)
    at = serializers.DateTimeField(required=False, allow_null=True)


class ReviewsBody(Body):
    reviews = serializers.ListField(child=ReviewBody(), min_length=1, max_length=MOST)


class KeptSerializer(serializers.Serializer[Any]):
    kept = serializers.IntegerField(help_text="How many of them are new, or say something new.")


class Reviews(ApiView):
    """What is written about us elsewhere."""

    @extend_schema(
        operation_id="inbox_reviews_create", summary="Tell of reviews", tags=["people"], request=ReviewsBody,
        responses={202: KeptSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, id: int) -> Response:
        """Tell of up to 500 reviews, as they are now: those that are here already are brought up to date."""
        agent = agent_of(request)
        inbox = get_object_or_404(Inbox.objects.visible_to(agent).active().filter(channel="reviews"), pk=id)
        account = get_object_or_404(ChannelAccount.objects.select_related("inbox"), inbox=inbox)
        raws = []
        for number, given in enumerate(read(ReviewsBody, request)["reviews"]):
            event = {name: value for name, value in given.items() if value not in (None, "")} | {"type": "edited"}
            if at := event.get("at"):
                event["at"] = at.isoformat()
            try:
                raws.append(csv_file.checked(event, account_of(inbox)))
            except Unreadable as why:
                raise serializers.ValidationError({"reviews": {str(number): [str(why)]}}) from None
        return Response({"kept": handling.keep_all(account, raws, source="api")}, status=202)
