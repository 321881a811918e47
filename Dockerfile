# One image for every process; docker-compose.yml says which command each container runs.

FROM python:3.11-slim AS build
COPY requirements/base.txt /tmp/base.txt
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --require-hashes -r /tmp/base.txt

# The browser's libraries are only fetched here; the image itself has no Node.
FROM node:20-slim AS libraries
WORKDIR /libraries
COPY package.json package-lock.json .npmrc ./
RUN npm ci

FROM python:3.11-slim
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=config.settings.production \
    WEB_HOST=0.0.0.0 \
    PORT=8000
# What PDFs are laid out with; without them records are printed from the page.
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin clinic
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY . .
COPY --from=libraries /libraries/node_modules ./node_modules
# Collecting needs no secret: the development settings name the same folders.
RUN DJANGO_SETTINGS_MODULE=config.settings.dev python manage.py collectstatic --noinput \
    && mkdir -p var/run var/imports var/downtime \
    && chown -R clinic:clinic var/run var/imports var/downtime
USER clinic
EXPOSE 8000
CMD ["gunicorn", "--config", "config/gunicorn.py", "config.wsgi"]
