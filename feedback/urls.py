"""The pages of feedback."""

from django.urls import include, path

from feedback.views import askings, recoveries, survey

urlpatterns = [
    path("s/<slug:token>/", survey.survey, name="survey"),
    path("s/<slug:token>/thanks/", survey.thanks, name="survey_thanks"),
    path("s/<slug:token>/unsubscribe/", survey.unsubscribe, name="survey_unsubscribe"),
    path("b/<slug:token>/", survey.ballot, name="ballot"),
    path("feedback/askings/", askings.askings, name="askings"),
    path("feedback/", recoveries.feedback, name="feedback"),
    path("feedback/recoveries/", recoveries.listing, name="recoveries"),
    path("feedback/recoveries/<int:pk>/", recoveries.recovery, name="recovery"),
    path("feedback/recoveries/<int:pk>/acts", recoveries.act, name="recovery_act"),
    path("feedback/recoveries/<int:pk>/undo/<int:event>", recoveries.undo, name="recovery_undo"),
    path("feedback/recoveries/of-ticket/<int:number>/", recoveries.new, name="recovery_new"),
    path("feedback/answers/<int:pk>/reason", recoveries.answer_reason, name="answer_reason"),
    path("settings/", include("feedback.settings_pages")),
    path("settings/", include("feedback.department_settings")),
    path("", include("feedback.voice_urls")),
]
