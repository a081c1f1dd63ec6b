"""Every failure is a problem document, and says nothing it should not."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from helpdesk.api import parsing
from helpdesk.models import Agent, ApiToken

pytestmark = pytest.mark.urls("tests.helpdesk.api.urls")
URL = "/api/v1/echo/"


@pytest.fixture
def client(ana: Agent) -> APIClient:
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {ApiToken.objects.issue(ana, 'test')[1]}")


def problem(answer: Any, status: int) -> dict[str, Any]:
    """The problem document of an answer that must be one."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == status and document["title"] and document["detail"]
    return document


def test_a_failure_nobody_expected_has_a_reference_and_no_secrets(client: APIClient) -> None:
    answer = client.get(URL, {"fail": "unexpected"}, HTTP_X_REQUEST_ID="abcdef123456")
    assert problem(answer, 500)["reference"] == "abcdef123456" == answer["X-Request-Id"]
    assert "secret" not in answer.content.decode()


def test_a_database_that_is_away_is_tried_again_later(client: APIClient) -> None:
    answer = client.get(URL, {"fail": "database"})
    problem(answer, 503)
    assert answer["Retry-After"] == "5" and "secret" not in answer.content.decode()


def test_a_wrong_method_names_the_right_ones(client: APIClient) -> None:
    answer = client.patch(URL)
    problem(answer, 405)
    assert "GET" in answer["Allow"] and "PATCH" not in answer["Allow"]


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v1/", "/api/v1/absent/", "/api/v1/echo", "/api/v2/echo/", "/api/v1/%00/"]
)
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_an_address_that_leads_nowhere_says_so(client: APIClient, path: str, method: str) -> None:
    problem(getattr(client, method)(path), 404)


@pytest.mark.parametrize("accept", ["text/html", "application/problem+json", "image/png", "", "*/*", "nonsense"])
def test_whatever_is_asked_for_json_is_answered(client: APIClient, accept: str) -> None:
    answer = client.get(URL, HTTP_ACCEPT=accept)
    assert answer.status_code == 200 and answer["Content-Type"] == "application/json"


def test_a_body_of_another_kind_is_refused(client: APIClient) -> None:
    problem(client.post(URL, "a=b", content_type="application/x-www-form-urlencoded"), 415)


def test_a_body_that_is_too_large_is_not_read(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MOST_BYTES", 100)
    assert client.post(URL, f'"{"x" * 98}"', content_type="application/json").status_code == 200
    assert problem(client.post(URL, f'"{"x" * 99}"', content_type="application/json"), 413)["type"].endswith(
        "too-large"
    )


def test_a_body_of_unknown_length_is_refused(client: APIClient) -> None:
    answer = client.generic("POST", URL, "", content_type="application/json", HTTP_TRANSFER_ENCODING="chunked")
    problem(answer, 411)


def test_a_body_larger_than_django_keeps_in_memory_is_read(client: APIClient) -> None:
    body = {"x": "y" * 4_000_000}
    assert client.post(URL, body, format="json").json() == body


def test_names_are_escaped_as_pointers(client: APIClient) -> None:
    answer = client.put(URL, {"a/b~c": 1}, format="json")
    assert problem(answer, 400)["errors"] == [{"pointer": "#/a~1b~0c", "detail": "There is no such field to set here."}]


def test_options_say_which_methods_there_are(client: APIClient) -> None:
    answer = client.options(URL)
    assert answer.status_code == 204 and "POST" in answer["Allow"]
    assert APIClient().options(URL).status_code == 401
