"""The pages of feedback."""

from django.urls import include, path

from feedback.views import askings, survey, topics

urlpatterns = [
    path("s/<slug:token>/", survey.survey, name="survey"),
    path("s/<slug:token>/thanks/", survey.thanks, name="survey_thanks"),
    path("s/<slug:token>/unsubscribe/", survey.unsubscribe, name="survey_unsubscribe"),
    path("b/<slug:token>/", survey.ballot, name="ballot"),
    path("feedback/askings/", askings.askings, name="askings"),
    path("settings/", include("feedback.settings_pages")),
    path("settings/", include("feedback.voice_settings")),
    path("tickets/<int:number>/topic/", topics.ticket_topic, name="ticket_topic"),
]
