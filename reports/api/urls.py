"""Addresses under /api/v1/reports/."""

from django.urls import path

from reports.api import views

urlpatterns = [
    path("", views.ReportsView.as_view(), name="api_reports"),
    path("<slug:key>/", views.ReportView.as_view(), name="api_report"),
]
