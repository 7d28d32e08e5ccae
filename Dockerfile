# The one binary, for those who run containers. Build: docker build -t doorbuster .
# The Kafka client is compiled from source, hence the C and C++ compilers and make of the builder.
FROM rust:1-bookworm AS builder
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin doorbuster

FROM debian:bookworm-slim
RUN useradd --system --create-home --home-dir /var/lib/doorbuster doorbuster
COPY --from=builder /src/target/release/doorbuster /usr/local/bin/doorbuster
USER doorbuster
WORKDIR /var/lib/doorbuster
# The embedded store, its lock and its secret; with DATABASE_URL, the lock alone.
VOLUME /var/lib/doorbuster/data
ENV DOORBUSTER__SERVER__LISTEN=0.0.0.0:8080 \
    DOORBUSTER__SERVER__DATA_DIR=/var/lib/doorbuster/data
EXPOSE 8080
# SIGTERM is a graceful stop with exit code 0.
STOPSIGNAL SIGTERM
ENTRYPOINT ["doorbuster"]
CMD ["serve"]
