"""The pages of the voice of the customer and of quality reviews."""

from django.urls import include, path

from feedback.views import complaints, topics, voice

urlpatterns = [
    path("settings/", include("feedback.voice_settings")),
    path("feedback/voice/", voice.listing, name="voice"),
    path("feedback/voice/new/", voice.note, name="remark_new"),
    path("feedback/voice/<int:pk>/", voice.remark, name="remark"),
    path("feedback/voice/<int:pk>/acts", voice.act, name="remark_act"),
    path("feedback/complaints/", complaints.listing, name="complaints"),
    path("tickets/<int:number>/complaint/", complaints.act, name="complaint_act"),
    path("tickets/<int:number>/topic/", topics.ticket_topic, name="ticket_topic"),
]
