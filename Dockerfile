# All of Berth's commands in one image: no shell, no package manager, no root, nothing that a package runs while it is
# installed. For both platforms: docker buildx build --platform linux/amd64,linux/arm64 .

# The packages are the same on every platform once the optional ones, which are Node itself, are left out.
FROM --platform=$BUILDPLATFORM node:24-trixie-slim AS packages
WORKDIR /berth
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM gcr.io/distroless/nodejs24-debian13:nonroot
WORKDIR /berth
ENV NODE_ENV=production
COPY --from=packages /berth/node_modules ./node_modules
COPY package.json LICENSE ./
COPY api ./api
COPY kube ./kube
COPY proxmox ./proxmox
COPY operator ./operator
COPY simulator ./simulator
COPY cli ./cli
# `berth demo` is loaded with the other commands, though it needs Go and so does not run here.
COPY test/control-plane ./test/control-plane
COPY test/tools ./test/tools
# In numbers, or Kubernetes cannot tell that it is not root.
USER 65532:65532
ENTRYPOINT ["/nodejs/bin/node", "/berth/cli/berth.ts"]
