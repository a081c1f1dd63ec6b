"""Addresses of feedback under /api/v1/."""

from django.urls import path

from feedback.api import accounts, views, voice

urlpatterns = [
    path("account-events/", accounts.AccountEvents.as_view(), name="api_account_events"),
    path("account-events/<int:event>/", accounts.AccountEventView.as_view(), name="api_account_event"),
    path("surveys/", views.Surveys.as_view(), name="api_surveys"),
    path("invitations/", views.Invitations.as_view(), name="api_invitations"),
    path("topics/", voice.Topics.as_view(), name="api_topics"),
    path("remarks/", voice.Remarks.as_view(), name="api_remarks"),
    path("complaints/", voice.Complaints.as_view(), name="api_complaints"),
    path("responses/", views.Responses.as_view(), name="api_responses"),
]
