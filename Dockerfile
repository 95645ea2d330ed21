# Berth's commands in one image, but for the demo, which compiles a Kubernetes. No shell, no package manager, no root, and
# no package runs anything while it is installed. docker buildx build --platform linux/amd64,linux/arm64 makes both.

# The packages are the same on every platform once the optional ones, which are Node itself, are left out.
FROM --platform=$BUILDPLATFORM node:24-trixie-slim AS packages
WORKDIR /berth
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts

# The pages for browsers are built once, since they are the same everywhere.
FROM --platform=$BUILDPLATFORM node:24-trixie-slim AS pages
WORKDIR /berth
COPY package.json package-lock.json .npmrc tsconfig.json ./
RUN npm ci --ignore-scripts
COPY api ./api
COPY portal ./portal
COPY console-proxy ./console-proxy
RUN node_modules/.bin/vite build portal/web --logLevel warn
RUN node_modules/.bin/vite build console-proxy/web --logLevel warn

# Node runs the sources as they are. But what takes off their types stays in memory, 30 MiB in each process; here it is done
# once.
FROM --platform=$BUILDPLATFORM node:24-trixie-slim AS code
WORKDIR /berth
COPY package.json ./
COPY api ./api
COPY kube ./kube
COPY proxmox ./proxmox
COPY operator ./operator
COPY simulator ./simulator
COPY portal ./portal
COPY console-proxy ./console-proxy
COPY cli ./cli
RUN node cli/image/main.ts stripped

FROM gcr.io/distroless/nodejs24-debian13:nonroot
WORKDIR /berth
ENV NODE_ENV=production
COPY --from=packages /berth/node_modules ./node_modules
COPY LICENSE ./
COPY --from=code /berth/stripped .
COPY --from=pages /berth/portal/web/dist ./portal/web/dist
COPY --from=pages /berth/console-proxy/web/dist ./console-proxy/web/dist
# In numbers, or Kubernetes cannot tell that it is not root.
USER 65532:65532
ENTRYPOINT ["/nodejs/bin/node", "/berth/cli/berth.js"]
