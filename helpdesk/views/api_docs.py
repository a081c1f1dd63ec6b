"""The browsable page of the API."""

from drf_spectacular.views import SpectacularSwaggerSplitView


class ApiDocs(SpectacularSwaggerSplitView):
    """Swagger UI from the packaged assets; its start-up script is a response of its own, as our policy wants."""

    url_name = "api_schema"
    template_name = "helpdesk/api_docs.html"
