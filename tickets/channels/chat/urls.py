"""The widget's addresses. `/chat/<key>/live` is answered by the server itself (`stream`)."""

from django.urls import path

from tickets.channels.chat import pages, views

urlpatterns = [
    path("demo/", pages.demo, name="chat_demo"),
    path("<str:key>/widget.js", pages.widget, name="chat_widget"),
    path("<str:key>/boot", views.boot, name="chat_boot"),
    path("<str:key>/send", views.send, name="chat_send"),
    path("<str:key>/messages", views.messages, name="chat_messages"),
    path("<str:key>/picture", views.picture, name="chat_picture"),
    path("<str:key>/seen", views.seen, name="chat_seen"),
    path("<str:key>/typing", views.typing, name="chat_typing"),
    path("<str:key>/page", views.page, name="chat_page"),
    path("<str:key>/email", views.email, name="chat_email"),
    path("<str:key>/transcript", views.transcript, name="chat_transcript"),
    path("<str:key>/answer", views.answer, name="chat_answer"),
    path("<str:key>/goodbye", views.goodbye, name="chat_goodbye"),
]
