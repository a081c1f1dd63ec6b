"""How the schema describes what every endpoint has in common."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from helpdesk.api import problems
from helpdesk.api.paging import DEFAULT_LIMIT, MOST

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER,
    description="At most 255 characters. The same request with the same key is answered again, not done again; "
    "kept for 72 hours.",
)  # fmt: skip
PAGING = [
    OpenApiParameter("cursor", OpenApiTypes.STR, description="Where the page begins; taken from `next`."),
    OpenApiParameter("limit", OpenApiTypes.INT, description=f"Rows a page, 1 to {MOST}.", default=DEFAULT_LIMIT),
]


class ProblemErrorSerializer(serializers.Serializer[Any]):
    """One thing to correct: where it is, in the body or in the address, and what is wrong."""

    pointer = serializers.CharField(required=False, help_text="JSON pointer into the body.")
    parameter = serializers.CharField(required=False, help_text="Name of a parameter in the address.")
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """RFC 9457 problem details."""

    type = serializers.CharField(help_text="Names the problem to programs; `about:blank` says no more than the status.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = ProblemErrorSerializer(many=True, required=False)  # type: ignore[assignment]
    reference = serializers.CharField(required=False, help_text="Of an unexpected failure; it is in our logs.")


class Schema(AutoSchema):
    """Adds to each operation: the problem it may answer with, the repeat key of a POST, the paging of a list."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation = super().get_operation(*args, **kwargs)
        if operation:
            reference = self.resolve_serializer(ProblemSerializer, "response").ref
            operation["responses"]["default"] = {
                "description": "Any failure, as RFC 9457 problem details.",
                "content": {problems.CONTENT_TYPE: {"schema": reference}},
            }
        return operation

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        """A DELETE that answers with a thing does so with 200; the library takes it that nothing is answered."""
        found = self.get_response_serializers()
        if self.method != "DELETE" or isinstance(found, dict):
            return super()._get_response_bodies(direction)
        return {"200": self._get_response_for_code(found, "200", direction=direction)}

    def get_override_parameters(self) -> list[Any]:
        handler = getattr(self.view, self.method.lower())
        parameters = list(super().get_override_parameters())
        if getattr(handler, "is_idempotent", False):
            parameters.append(IDEMPOTENCY_KEY)
        if getattr(handler, "is_paged", False):
            parameters.extend(PAGING)
        return parameters
