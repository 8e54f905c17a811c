# One image, three commands: gunicorn (the service), `python manage.py migrate`, any other management command.
ARG BASE_IMAGE=python:3.13-slim-bookworm

FROM ${BASE_IMAGE} AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /app
RUN python -m venv /venv
COPY requirements.txt ./
RUN /venv/bin/pip install --quiet --no-deps --require-hashes --only-binary=:all: -r requirements.txt \
 && /venv/bin/pip check \
 && /venv/bin/pip uninstall --quiet --yes pip
# .dockerignore names the packages that must not be in the image.
COPY . .
# Compile byte code now, because the root file system may be read-only later. The key and the URL exist only in this
# step, and it connects to no database.
RUN /venv/bin/python -m compileall -q . \
 && SECRET_KEY=only-to-collect-static-files DATABASE_URL=postgres://nobody@localhost/none \
    /venv/bin/python manage.py collectstatic --noinput --verbosity 0

FROM ${BASE_IMAGE}
# Without the base image's pip nobody can install packages in a container.
RUN pip uninstall --quiet --yes --root-user-action=ignore pip \
 && groupadd --gid 10001 itemsvc && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin itemsvc
COPY --from=builder /venv /venv
COPY --from=builder /app /app
ARG APP_VERSION=development
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=itemsvc.settings \
    METRICS_BIND=0.0.0.0 \
    APP_VERSION=${APP_VERSION}
WORKDIR /app
# Fargate mounts a volume here. It takes the path's mode from the image, so user 10001 can write to it.
VOLUME /tmp
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-I", "-S", "/app/itemsvc/http/healthcheck.py"]
CMD ["gunicorn"]
