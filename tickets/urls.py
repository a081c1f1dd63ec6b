"""The workspace's pages."""

from django.urls import path

from tickets.views import (
    acts,
    belonging,
    catcher,
    content,
    deliveries,
    files,
    intake_log,
    provider_reports,
    queue,
    ticket,
    webhook,
)

urlpatterns = [
    path("", queue.queue, name="queue"),
    path("tickets/<int:number>/", ticket.ticket, name="ticket"),
    path("tickets/<int:number>/reply", ticket.reply, name="ticket_reply"),
    path("tickets/<int:number>/note", ticket.note, name="ticket_note"),
    path("tickets/<int:number>/resolution", acts.resolution, name="ticket_resolution"),
    path("tickets/<int:number>/status", acts.status_change, name="ticket_status"),
    path("tickets/<int:number>/assignment", acts.assignee, name="ticket_assignment"),
    path("tickets/<int:number>/tags", acts.tags, name="ticket_tags"),
    path("tickets/<int:number>/undo/<int:event>", acts.undo, name="ticket_undo"),
    path("messages/<int:pk>/ticket", belonging.message_ticket, name="message_ticket"),
    path("messages/<int:pk>/original", files.original, name="message_original"),
    path("messages/<int:pk>/pictures", files.show_pictures, name="message_pictures"),
    path("messages/<int:pk>/raw", files.raw, name="message_raw"),
    path("deliveries/<int:pk>/again", deliveries.again, name="delivery_again"),
    path("deliveries/<int:pk>/address", deliveries.address, name="delivery_address"),
    path("mail/reports/<int:pk>/<slug:provider>/", provider_reports.reports, name="mail_reports"),
    path("attachments/<int:pk>/", files.attachment, name="attachment"),
    path("content/letter/<str:token>", content.letter, name="content_letter"),
    path("content/file/<str:token>", content.file, name="content_file"),
    path("content/picture/<str:token>", content.picture, name="content_picture"),
    path("intake/", intake_log.intake_log, name="intake_log"),
    path("intake/<int:pk>/replay", intake_log.replay, name="intake_replay"),
    path("intake/<int:pk>/raw", intake_log.raw_mail, name="intake_raw"),
    path("mail/in/<int:pk>/", webhook.mail_in, name="mail_in"),
    path("mail-catcher/", catcher.mail_catcher, name="mail_catcher"),
    path("mail-catcher/<int:pk>/", catcher.mail_catcher, name="mail_catcher_mail"),
    path("mail-catcher/<int:pk>/html", catcher.caught_html, name="mail_catcher_html"),
]
