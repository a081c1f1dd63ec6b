"""Addresses under /api/v1/."""

from django.urls import path

from tickets.api import views

urlpatterns = [
    path("tickets/", views.Tickets.as_view(), name="api_tickets"),
    path("tickets/<int:number>/", views.TicketView.as_view(), name="api_ticket"),
    path("tickets/<int:number>/messages/", views.Messages.as_view(), name="api_messages"),
    path("tickets/<int:number>/attachments/<int:id>/", views.AttachmentView.as_view(), name="api_attachment"),
    path("tickets/<int:number>/resolution/", views.Resolution.as_view(), name="api_resolution"),
    path("tickets/<int:number>/assignment/", views.Assignment.as_view(), name="api_assignment"),
    path("tickets/<int:number>/tags/", views.Tags.as_view(), name="api_tags"),
    path("tickets/<int:number>/tags/<path:name>/", views.TagView.as_view(), name="api_tag"),
    path("tickets/<int:number>/status/", views.StatusView.as_view(), name="api_status"),
    path("tickets/<int:number>/events/", views.Events.as_view(), name="api_events"),
    path("inboxes/", views.Inboxes.as_view(), name="api_inboxes"),
    path("agents/", views.Agents.as_view(), name="api_agents"),
    path("teams/", views.Teams.as_view(), name="api_teams"),
    path("customers/<int:id>/", views.CustomerView.as_view(), name="api_customer"),
]
