# Two stages: the first builds an environment from the hash-pinned lock, the second holds only what runs.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/meshtether
COPY requirements.lock ./
RUN /opt/meshtether/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
# The build backend has an environment of its own, which stays in this stage.
COPY requirements-build.lock pyproject.toml README.md LICENSE ./
COPY proto proto
COPY principal principal
COPY agent agent
COPY mesh mesh
COPY stores stores
COPY meshtether meshtether
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements-build.lock \
    && /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/meshtether/bin/pip install --no-cache-dir --no-deps /wheels/*.whl

FROM python:3.11-slim-bookworm
COPY --from=build /opt/meshtether /opt/meshtether
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# Numeric, so that Kubernetes can prove runAsNonRoot; neither 1337 (Istio's proxy) nor 2102 (Linkerd's).
USER 10001:10001
ENTRYPOINT ["/opt/meshtether/bin/meshtether"]
