"""Addresses of feedback under /api/v1/."""

from django.urls import path

from feedback.api import accounts

urlpatterns = [
    path("account-events/", accounts.AccountEvents.as_view(), name="api_account_events"),
    path("account-events/<int:event>/", accounts.AccountEventView.as_view(), name="api_account_event"),
]
