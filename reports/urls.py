"""The report pages, under /reports/."""

from django.urls import path

from reports import views
from reports.views import alarms, annotations, customers, saved, timelines

urlpatterns = [
    path("", views.report, name="reports"),
    path("definitions/", views.definitions, name="report_definitions"),
    path("saved/", saved.saved_reports, name="saved_reports"),
    path("saved/new/", saved.saved_report_new, name="saved_report_new"),
    path("saved/<int:pk>/", saved.saved_report, name="saved_report"),
    path("saved/<int:pk>/edit/", saved.saved_report_edit, name="saved_report_edit"),
    path("saved/<int:pk>/delete/", saved.saved_report_deletion, name="saved_report_deletion"),
    path("saved/off/<str:token>/", saved.mail_off, name="report_mail_off"),
    path("annotations/", annotations.annotations_page, name="report_annotations"),
    path("annotations/<int:pk>/", annotations.annotation, name="report_annotation"),
    path("annotations/<int:pk>/delete/", annotations.annotation_deletion, name="report_annotation_deletion"),
    path("alarms/", alarms.alarms, name="report_alarms"),
    path("alarms/mail/", alarms.alarm_mails, name="report_alarm_mails"),
    path("tickets/<slug:key>/", views.tickets, name="report_tickets"),
    path("loyalty/customers/<slug:which>/", customers.behind, name="report_customers"),
    path("customers/<int:pk>/", timelines.customer, name="report_customer"),
    path("organisations/<int:pk>/", timelines.organisation, name="report_organisation"),
    path("<slug:key>.csv", views.report_csv, name="report_csv"),
    path("<slug:key>.xlsx", views.report_xlsx, name="report_xlsx"),
    path("<slug:key>/", views.report, name="report"),
]
