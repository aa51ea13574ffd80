# Altiplano with what is pinned: `docker build -t altiplano .`, then
# `docker run --rm -v "$PWD":/work altiplano run demo`. PyTorch is PyPI's build, unless pip is given another index:
# `--build-arg PIP_EXTRA_INDEX_URL=...` (docs/operations.md, "PyTorch").
FROM python:3.11-slim-bookworm AS build
ARG PIP_EXTRA_INDEX_URL=""
ENV PIP_EXTRA_INDEX_URL=$PIP_EXTRA_INDEX_URL
# KenLM compiles itself. Whatever version of these the release has: they stay behind in this stage.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --no-install-recommends --yes g++ make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /altiplano
COPY Makefile pyproject.toml constraints.txt README.md LICENSE altiplano.py ./
COPY pins pins
COPY supply supply
COPY configs configs
COPY samples/dumps samples/dumps
COPY pipeline pipeline
COPY quality_classifier quality_classifier
COPY stages stages
RUN make setup

FROM python:3.11-slim-bookworm
COPY --from=build /altiplano /altiplano
RUN useradd --create-home --uid 1000 altiplano && install --directory --owner=altiplano /work
USER 1000
ENV PATH=/altiplano/.venv/bin:$PATH \
    NUMBA_CACHE_DIR=/home/altiplano/.cache/numba
WORKDIR /work
ENTRYPOINT ["altiplano"]
CMD ["--help"]
