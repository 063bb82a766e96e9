# The image of Focus: built on Debian 13 by the same ./dev as everywhere, shipped without compiler and sources.
# It runs as user 10001, writes only below /var/lib/focus, and stands a read-only root file system.

FROM debian:13-slim AS build
WORKDIR /src
# The packages change seldom: they have a layer of their own.
COPY dev ./
COPY scripts/common.sh scripts/environment.sh scripts/install-packages.sh scripts/
COPY deploy/packages.txt deploy/
RUN ./dev install build web && rm -rf /var/lib/apt/lists/*
COPY . .
# Compiled objects outlive the layer, so that a rebuild compiles what has changed.
RUN --mount=type=cache,target=/root/.cache/ccache --mount=type=cache,target=/root/.npm \
    ./dev build release focus && cmake --install build/release --prefix /opt/focus --component server --strip

FROM debian:13-slim
LABEL org.opencontainers.image.title="Focus" \
      org.opencontainers.image.description="Records app usage, keeps limits, runs challenges, tells people" \
      org.opencontainers.image.licenses="MIT"
RUN --mount=type=bind,source=dev,target=/tmp/setup/dev --mount=type=bind,source=scripts,target=/tmp/setup/scripts \
    --mount=type=bind,source=deploy/packages.txt,target=/tmp/setup/deploy/packages.txt \
    FOCUS_CACHE=/tmp/setup-cache /tmp/setup/dev install run && rm -rf /tmp/setup-cache /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/focus --shell /usr/sbin/nologin focus \
    && install -d -o focus -g focus -m 0700 /var/lib/focus
COPY --from=build /opt/focus/bin/focus /usr/local/bin/focus
COPY --from=build /opt/focus/share/doc/focus /usr/local/share/doc/focus
USER 10001:10001
WORKDIR /var/lib/focus
# The database is /var/lib/focus/data/focus.db unless DATABASE_URL or DATABASE_URL_FILE says otherwise.
ENV HOST=0.0.0.0 PORT=8000 LOG_FORMAT=json
VOLUME /var/lib/focus
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 CMD ["focus", "healthcheck"]
ENTRYPOINT ["focus"]
CMD ["serve"]
