# Both binaries in one small image; compose picks which of them runs.
ARG RUST_IMAGE=rust:1.95.0-bookworm
ARG DEBIAN_IMAGE=debian:12.12-slim
FROM ${RUST_IMAGE} AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock rustfmt.toml ./
COPY shared shared
COPY target-app target-app
COPY loadgen loadgen
# Not built into the image; the workspace names it.
COPY guards guards
# `--build-arg PROFILE=ci` builds in half the time, and is good for tests only; `PROFILE=dist` takes longer than
# `release` and optimises across crates. Not `dev`, whose folder Cargo names `debug`.
ARG PROFILE=release
# The image's sources have no history. `--build-arg SOURCE_COMMIT="$(git rev-parse HEAD)"` names the commit in reports.
ARG SOURCE_COMMIT=
# The caches keep a second build short; what is wanted is copied out of them in the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --profile "$PROFILE" --locked -p target-app -p loadgen \
 && mkdir -p /out \
 && cp "target/$PROFILE/target-app" "target/$PROFILE/loadgen" /out/

FROM ${DEBIAN_IMAGE}
RUN groupadd --gid 10001 app \
 && useradd --uid 10001 --gid app --no-create-home --shell /usr/sbin/nologin app \
 && install -d -o app -g app /media /results /keys
COPY --from=build /out/target-app /out/loadgen /usr/local/bin/
USER app
EXPOSE 8080 8090
ENTRYPOINT []
CMD ["target-app", "serve"]
