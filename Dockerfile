# syntax=docker/dockerfile:1
# From source:                        docker build -t throughline .
# Of what scripts/release built:      scripts/release && docker build --target prebuilt -t throughline .
# docker run -p 127.0.0.1:4242:4242 -v throughline:/data throughline

FROM debian:bookworm-slim AS base
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin throughline \
    && install -d -o throughline -g throughline -m 0700 /data
USER throughline
VOLUME /data
EXPOSE 4242
# A container is reached from outside of itself, so something in front of it has to encrypt: publish the
# port on 127.0.0.1, or to a proxy. For TLS by the server itself unset THROUGHLINE_BEHIND_PROXY and give
# `serve` its --tls-… or --acme-… flags, and a health check of its own.
ENV THROUGHLINE_DATA=/data THROUGHLINE_LISTEN=0.0.0.0:4242 THROUGHLINE_BEHIND_PROXY=true
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/4242 && printf 'GET /healthz HTTP/1.0\\r\\nHost: 127.0.0.1\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["throughline"]
CMD ["serve"]

FROM debian:bookworm-slim AS unpack
COPY dist/ /dist/
COPY packaging/install.sh /install.sh
RUN sh /install.sh --from /dist --to /usr/local/bin

FROM base AS prebuilt
COPY --from=unpack /usr/local/bin/throughline /usr/local/bin/throughline

FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends build-essential cmake && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
ENV CARGO_TARGET_DIR=/target CARGO_INCREMENTAL=0
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/target \
    cargo build --release --locked -p throughline && cp /target/release/throughline /usr/local/bin/throughline

FROM base
COPY --from=build /usr/local/bin/throughline /usr/local/bin/throughline
