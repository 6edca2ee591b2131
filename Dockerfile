# One image for every process of the system; its command says which service runs.
#   docker build -t quadrille . && docker run quadrille dist/order-service.js
# Not an image for each service: they share all their packages, so four images would hold the same layers four times.

ARG NODE_IMAGE=node:24-slim

# What npm needs to know about this repository, and nothing that changes with its source.
FROM ${NODE_IMAGE} AS manifests
WORKDIR /quadrille
COPY package.json package-lock.json .npmrc ./
COPY shared-events/package.json shared-events/
COPY service-chassis/package.json service-chassis/
COPY order-service/package.json order-service/
COPY inventory-service/package.json inventory-service/
COPY payment-service/package.json payment-service/
COPY notification-service/package.json notification-service/
COPY operator/package.json operator/
COPY proof/package.json proof/
COPY test-kit/package.json test-kit/
COPY tests/package.json tests/
COPY bench/package.json bench/

# `npm install` with the versions of the lock file, not `npm ci`: see INSTALL in operator/bootstrap/prepare.mjs.
FROM manifests AS build
RUN npm install --no-save --ignore-scripts --include=dev --no-progress --loglevel=error
COPY . .
RUN node operator/bootstrap/build.mjs

# Only the packages of the services: the operator's own (a PostgreSQL of 60 MB) are for machines without Docker.
FROM manifests AS packages
RUN npm install --no-save --ignore-scripts --omit=dev --omit=optional --no-progress --loglevel=error \
      --workspace order-service --workspace inventory-service --workspace payment-service --workspace notification-service \
 # Removes 60 MB of query compilers for databases other than PostgreSQL.
 && find node_modules/@prisma/client/runtime -name 'query_compiler_*' ! -name '*.postgresql.*' -delete

FROM ${NODE_IMAGE}
ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /quadrille
COPY --from=packages /quadrille/node_modules node_modules
COPY package-lock.json ./
COPY prisma prisma
COPY --from=build /quadrille/dist dist
USER node
# Ready to work, not merely alive. Unhealthy only after a minute, since a service that waits for its database or broker
# recovers by itself. PORT tells both the service and this probe where to listen and to ask.
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=12 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node"]
