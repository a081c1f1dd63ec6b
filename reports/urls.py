"""The report pages, under /reports/."""

from django.urls import path

from reports import views

urlpatterns = [
    path("", views.service, name="report_service"),
    path("service.csv", views.service_csv, name="report_csv"),
    path("definitions/", views.definitions, name="report_definitions"),
    path("tickets/<slug:key>/", views.tickets, name="report_tickets"),
]
