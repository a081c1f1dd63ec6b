"""A few endpoints that do nothing but what a test wants of them."""

from typing import Any

from django.db import OperationalError
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk.api.views import ApiView, Body


class Echo(ApiView):
    """Answers with what it was sent, or fails as told."""

    def get(self, request: Request) -> Response:
        match request.query_params.get("fail"):
            case "unexpected":
                raise RuntimeError("a secret of ours")
            case "database":
                raise OperationalError("server closed the connection, password=secret")
        return Response({"agent": request.user.pk})

    def post(self, request: Request) -> Response:
        return Response(request.data)

    def put(self, request: Request) -> Response:
        Body(data=request.data).is_valid(raise_exception=True)
        return Response({})


urlpatterns: list[Any] = [path("api/v1/echo/", Echo.as_view()), path("api/", include("helpdesk.api.urls"))]
