"""The report pages, under /reports/."""

from django.urls import path

from reports import views

urlpatterns = [
    path("", views.report, name="reports"),
    path("definitions/", views.definitions, name="report_definitions"),
    path("tickets/<slug:key>/", views.tickets, name="report_tickets"),
    path("<slug:key>.csv", views.report_csv, name="report_csv"),
    path("<slug:key>/", views.report, name="report"),
]
