"""The pages of the voice of the customer and of quality reviews."""

from django.urls import include, path

from feedback.views import complaints, quality, topics, voice

urlpatterns = [
    path("settings/", include("feedback.voice_settings")),
    path("feedback/voice/", voice.listing, name="voice"),
    path("feedback/voice/new/", voice.note, name="remark_new"),
    path("feedback/voice/of-ticket/<int:number>/", voice.note, name="remark_new_on"),
    path("feedback/voice/<int:pk>/", voice.remark, name="remark"),
    path("feedback/voice/<int:pk>/acts", voice.act, name="remark_act"),
    path("feedback/complaints/", complaints.listing, name="complaints"),
    path("feedback/quality/", quality.listing, name="quality"),
    path("feedback/quality/<int:pk>/", quality.review, name="quality_review"),
    path("feedback/quality/<int:pk>/acts", quality.act, name="quality_act"),
    path("tickets/<int:number>/complaint/", complaints.act, name="complaint_act"),
    path("tickets/<int:number>/topic/", topics.ticket_topic, name="ticket_topic"),
]
