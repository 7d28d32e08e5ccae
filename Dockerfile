# syntax=docker/dockerfile:1
# No image was built of it: no Docker engine was available. A test compares this file with the program's settings.
#
# The one binary, for those who run containers. Build: docker build -t doorbuster .
# The Kafka client is compiled from source, hence the C and C++ compilers and make of the builder.
FROM rust:1-bookworm AS builder
WORKDIR /src
COPY . .
# Crates and compiled dependencies stay in the builder's caches, so that a change of the source compiles our crates only. The
# caches are no part of the image, so the program is copied out of them.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --features kafka-tls --bin doorbuster && \
    strip --strip-all -o /doorbuster target/release/doorbuster

FROM debian:bookworm-slim
# OpenSSL for TLS to brokers; the authorities that are trusted.
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates libssl3 && rm -rf /var/lib/apt/lists/*
# A number, because Kubernetes can prove of a number only that it is not root.
# The data folder exists before VOLUME names it, because a volume takes its owner from the image.
RUN useradd --system --uid 10001 --user-group --home-dir /var/lib/doorbuster doorbuster && \
    install --directory --owner=doorbuster --group=doorbuster --mode=0700 /var/lib/doorbuster /var/lib/doorbuster/data
COPY --from=builder /doorbuster /usr/local/bin/doorbuster
USER 10001:10001
WORKDIR /var/lib/doorbuster
# The embedded store, its lock and its secret; with DATABASE_URL, the lock alone.
VOLUME /var/lib/doorbuster/data
ENV DOORBUSTER__SERVER__LISTEN=0.0.0.0:8080 \
    DOORBUSTER__SERVER__DATA_DIR=/var/lib/doorbuster/data
EXPOSE 8080
# Asks /readyz at the address that the process has written into its data folder.
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 CMD ["doorbuster", "health"]
# SIGTERM is a graceful stop with exit code 0.
STOPSIGNAL SIGTERM
ENTRYPOINT ["doorbuster"]
CMD ["serve"]
