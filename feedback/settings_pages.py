"""The settings pages of feedback."""

from django.urls import path

from feedback.views import accounts, surveys

urlpatterns = [
    path("retention/", accounts.retention, name="settings_retention"),
    path("account-events/", accounts.account_events, name="settings_account_events"),
    path("account-events/files/<int:pk>/", accounts.account_file, name="settings_account_file"),
    path("account-events/imports/<int:pk>/undo/", accounts.account_import_undo, name="settings_account_import_undo"),
    path("surveys/", surveys.listing, name="settings_surveys"),
    path("surveys/new/", surveys.edit, name="settings_surveys_new"),
    path("surveys/<int:pk>/", surveys.edit, name="settings_surveys_edit"),
    path("surveys/<int:pk>/page/", surveys.page, name="settings_surveys_page"),
    path("surveys/<int:pk>/trial/", surveys.trial, name="settings_surveys_trial"),
]
