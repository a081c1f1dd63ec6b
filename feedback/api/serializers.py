"""How surveys, invitations and answers are said to programs."""

from rest_framework import serializers

from feedback.models import Invitation, Response, Survey


class SurveySerializer(serializers.ModelSerializer[Survey]):
    """A survey: its kind is `csat` (1 to 5), `ces2` (1 to 7), `nps` (0 to 10) or `own`, with the words in `answers`."""

    question = serializers.CharField(source="words")
    inboxes = serializers.SerializerMethodField()

    class Meta:
        model = Survey
        fields = [
            "id", "name", "kind", "question", "answers", "inboxes", "percent", "weight", "cool_down_days", "every_days",
            "is_anonymous", "is_active",
        ]  # fmt: skip

    def get_inboxes(self, survey: Survey) -> list[int]:
        return [inbox.pk for inbox in survey.inboxes.all()]


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    """One asking of one customer; `reason` says why somebody was not asked, or not after all."""

    survey = serializers.IntegerField(source="survey_id")
    ticket = serializers.IntegerField(source="ticket_id", allow_null=True)
    customer = serializers.IntegerField(source="customer_id")
    asked_at = serializers.DateTimeField(source="sent_at", allow_null=True)

    class Meta:
        model = Invitation
        fields = [
            "id", "survey", "ticket", "customer", "state", "reason", "language", "percent", "occasion_at", "due_at",
            "asked_at", "reminded_at", "expires_at",
        ]  # fmt: skip


class ResponseSerializer(serializers.ModelSerializer[Response]):
    """One answer. A `doubtful` one came as from a machine, and no figure counts it."""

    invitation = serializers.IntegerField(source="invitation_id")
    survey = serializers.IntegerField(source="invitation.survey_id")
    kind = serializers.CharField(source="invitation.survey.kind")
    ticket = serializers.IntegerField(source="invitation.ticket_id", allow_null=True)
    customer = serializers.IntegerField(source="invitation.customer_id")
    agent = serializers.IntegerField(source="agent_id", allow_null=True)
    reason = serializers.IntegerField(source="reason_id", allow_null=True)

    class Meta:
        model = Response
        fields = [
            "id", "invitation", "survey", "kind", "ticket", "customer", "score", "is_solved", "reason", "comment",
            "agent", "is_shared", "is_after_reminder", "is_doubtful", "answered_at", "changed_at",
        ]  # fmt: skip
