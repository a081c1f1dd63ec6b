"""The ground every endpoint stands on."""

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.permissions import SAFE_METHODS, BasePermission, IsAuthenticated
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from helpdesk.api import paging, parsing
from helpdesk.api.schema import Schema
from helpdesk.api.throttling import TokenThrottle
from helpdesk.models import Agent, ApiToken


class AlwaysJson(BaseContentNegotiation):
    """We speak JSON, whatever is asked for; RFC 9110 lets a server say so rather than refuse."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        kind = (request.content_type or "application/json").partition(";")[0].strip().lower()
        return next(iter(parsers)) if kind == "application/json" or kind.endswith("+json") else None

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class MayChange(BasePermission):
    """Light collaborators read everything they see, and change nothing unless the endpoint lets them."""

    message = _("A light collaborator reads and notes; others change tickets and answer customers.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        agent = request.user
        if request.method not in SAFE_METHODS and isinstance(request.auth, ApiToken) and not request.auth.may_write:
            self.message = _("This token only reads.")
            return False
        light_may = request.method in getattr(view, "light_methods", ())
        return request.method in SAFE_METHODS or light_may or (isinstance(agent, Agent) and agent.may_reply)


class ApiView(APIView):
    """An endpoint: JSON in and out, a known agent, a limit on size and pace, every failure a problem document."""

    permission_classes = [IsAuthenticated, MayChange]
    throttle_classes = [TokenThrottle]
    parser_classes = [parsing.StrictJSONParser]
    renderer_classes = [JSONRenderer]
    content_negotiation_class = AlwaysJson
    schema = Schema()
    http_method_names = ["get", "head", "post", "put", "patch", "delete", "options"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        _base.set(request.build_absolute_uri("/")[:-1])
        super().initial(request, *args, **kwargs)
        if request.method in ("POST", "PUT", "PATCH", "DELETE"):
            parsing.check_length(request)

    def options(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # type: ignore[override]
        """Which methods there are; the schema says the rest."""
        return Response(status=204)


def paged(order: paging.Order) -> Callable[[Callable[..., tuple[Any, Any]]], Callable[..., Response]]:
    """Answer with a page of a queryset. The handler returns (queryset, function from row to plain data)."""

    def decorate(handler: Callable[..., tuple[Any, Any]]) -> Callable[..., Response]:
        def answer(view: ApiView, request: Request, *args: Any, **kwargs: Any) -> Response:
            rows, shape = handler(view, request, *args, **kwargs)
            shown, after = paging.page(request, rows, order)
            return Response(paging.envelope(request, [shape(row) for row in shown], after))

        answer.__name__, answer.__doc__ = handler.__name__, handler.__doc__
        answer.is_paged = True  # type: ignore[attr-defined]
        return answer

    return decorate


_base: ContextVar[str] = ContextVar("api_base", default="")


def absolute(path: str) -> str:
    """A path of ours as an address, at the host that is being asked."""
    return _base.get() + path


def shaping(serializer: type[serializers.BaseSerializer[Any]]) -> Callable[[Any], Any]:
    """The function that turns a row into what is sent.

    The serializer is made once: REST framework builds all fields anew for each one made, which costs more than the
    query. So it must not use its context; addresses come from `absolute`.
    """
    made: list[serializers.BaseSerializer[Any]] = []

    def shape(row: Any) -> Any:
        if not made:
            made.append(serializer())
        return made[0].to_representation(row)

    return shape


def render(data: Any) -> bytes:
    """Data as it is sent."""
    return JSONRenderer().render(data)


class Body(serializers.Serializer[Any]):
    """What may be sent. A field nobody knows is refused by its name: nothing is quietly dropped, or quietly set."""

    default_error_messages = {"unknown": _("There is no such field to set here.")}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := [name for name in data if name not in self.fields]):
            raise serializers.ValidationError({name: [self.error_messages["unknown"]] for name in unknown[:20]})
        return super().to_internal_value(data)


def read(body: type[Body], request: Request, **context: Any) -> dict[str, Any]:
    """The body, checked. Raises a ValidationError that names every field it cannot use."""
    serializer = body(data=request.data, context={"request": request, **context})
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data
