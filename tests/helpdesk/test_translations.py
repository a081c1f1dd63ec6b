"""Every word people read can be said in the second language too."""

import re

import pytest
from django.utils import translation

from helpdesk import catalogs

PLACES = re.compile(r"%\((\w+)\)[sd]")


@pytest.mark.parametrize("language", catalogs.languages())
def test_nothing_is_left_untranslated(language):
    assert catalogs.missing(language) == []


@pytest.mark.parametrize("language", catalogs.languages())
def test_translations_have_the_same_places_as_their_source(language):
    for message in catalogs.read(language):
        sources = [message.id] if isinstance(message.id, str) else list(message.id)
        strings = [message.string] if isinstance(message.string, str) else list(message.string)
        for string in strings:
            if sources[0]:
                assert set(PLACES.findall(string)) <= set(PLACES.findall(" ".join(sources))), sources[0]
                assert string.count("{") == sources[-1].count("{"), sources[0]


def test_a_page_speaks_german_to_a_german_browser(client, db):
    catalogs.compile_all()
    page = client.get("/accounts/login/", headers={"accept-language": "de"})
    assert page["Content-Language"] == "de"
    with translation.override("de"):
        assert translation.gettext("Sign in") in page.content.decode()
        assert translation.gettext("Sign in") != "Sign in"


@pytest.mark.parametrize("language", catalogs.languages())
def test_the_same_messages_give_the_same_file(language, settings, tmp_path):
    catalog = catalogs.read(language)
    settings.LOCALE_PATHS = [tmp_path]
    catalogs.write(language, catalog)
    first = catalogs.path_of(language).read_bytes()
    catalogs.write(language, catalogs.read(language))
    assert catalogs.path_of(language).read_bytes() == first
    assert b"fuzzy" not in first and b"Date:" not in first
