"""Addresses of feedback under /api/v1/."""

from django.urls import path

from feedback.api import accounts, recoveries, views, voice

urlpatterns = [
    path("account-events/", accounts.AccountEvents.as_view(), name="api_account_events"),
    path("account-events/<int:event>/", accounts.AccountEventView.as_view(), name="api_account_event"),
    path("surveys/", views.Surveys.as_view(), name="api_surveys"),
    path("invitations/", views.Invitations.as_view(), name="api_invitations"),
    path("topics/", voice.Topics.as_view(), name="api_topics"),
    path("remarks/", voice.Remarks.as_view(), name="api_remarks"),
    path("complaints/", voice.Complaints.as_view(), name="api_complaints"),
    path("complaints/<int:ticket>/", voice.ComplaintView.as_view(), name="api_complaint"),
    path(
        "complaints/<int:ticket>/acknowledgement/", voice.ComplaintAcknowledgement.as_view(),
        name="api_complaint_acknowledgement",
    ),
    path("complaints/<int:ticket>/decision/", voice.ComplaintDecision.as_view(), name="api_complaint_decision"),
    path("complaints/<int:ticket>/closing/", voice.ComplaintClosing.as_view(), name="api_complaint_closing"),
    path("recoveries/", recoveries.Recoveries.as_view(), name="api_recoveries"),
    path("recoveries/<int:recovery>/", recoveries.RecoveryView.as_view(), name="api_recovery"),
    path("recoveries/<int:recovery>/owner/", recoveries.RecoveryOwner.as_view(), name="api_recovery_owner"),
    path("recoveries/<int:recovery>/taking-up/", recoveries.RecoveryTakingUp.as_view(), name="api_recovery_taking_up"),
    path(
        "recoveries/<int:recovery>/explanation/", recoveries.RecoveryExplanation.as_view(),
        name="api_recovery_explanation",
    ),
    path("recoveries/<int:recovery>/notes/", recoveries.RecoveryNotes.as_view(), name="api_recovery_notes"),
    path("recoveries/<int:recovery>/closing/", recoveries.RecoveryClosing.as_view(), name="api_recovery_closing"),
    path("departments/", recoveries.Departments.as_view(), name="api_departments"),
    path("reasons/", recoveries.Reasons.as_view(), name="api_reasons"),
    path("responses/", views.Responses.as_view(), name="api_responses"),
]  # fmt: skip
