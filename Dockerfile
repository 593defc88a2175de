# docker build -t maxtac-render . && docker run --rm -v "$PWD:/src:ro" maxtac-render render /src
# Without arguments it is a KRM function: docker run --rm -i maxtac-render < resourcelist.yaml
# The controller runs from it, too: maxtac manifests controller | kubectl apply --server-side -f -
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN python -m pip install --constraint constraints.txt --upgrade pip \
    && python -m venv --without-pip /opt/app
COPY maxtac_render ./maxtac_render
RUN python -m pip wheel --no-deps --build-constraint constraints.txt --wheel-dir dist . \
    && python -m pip --python /opt/app install --constraint constraints.txt --no-compile dist/*.whl \
    && /opt/app/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/app \
    && chmod -R a+rX /opt/app

FROM python:${PYTHON}-slim
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="maxtac-render" \
    org.opencontainers.image.description="MaxTac resources and annotated Services in, NetworkPolicies out" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.created="${CREATED}"
COPY --from=builder /opt/app /opt/app
ENV PATH=/opt/app/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
ENTRYPOINT ["maxtac-render-krm"]
