# utmql beside a ClickHouse of its own: CLICKHOUSE_URL must be set, since the embedded engine (540 MB) is left out.

FROM node:22.20.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# The optional dependencies of package.json are the embedded engine and nothing else. Those of its libraries stay: the
# buffer locks its folder through the native part of ffi-rs. The rest is what package-lock.json says.
RUN npm pkg delete optionalDependencies && npm install --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json vite.config.ts ./
COPY src ./src
COPY schema/generated ./schema/generated
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:22.20.0-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000 DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY clickhouse ./clickhouse
COPY schema/persisted ./schema/persisted
RUN chmod +x dist/main.js && ln -s /app/dist/main.js /usr/local/bin/utmql && mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 4000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Not npm: signals reach the program itself.
CMD ["utmql", "start"]
