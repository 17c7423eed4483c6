# The controller's image: nothing but Node and the controller's bundle.
FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY scripts/ scripts/
COPY shared/ shared/
COPY cli/ cli/
COPY controller/ controller/
# Not `npm run build`: its bootstrap would look for a Node 24 and for dependencies, which are here already.
RUN node scripts/build.ts /out

FROM gcr.io/distroless/nodejs24-debian12:nonroot
WORKDIR /app
COPY --from=build /out/controller.mjs /out/LICENSES.txt ./
COPY --from=build /out/controller/ controller/
# A number, so that Kubernetes can see that runAsNonRoot holds.
USER 65532:65532
# Empty, so that nothing left in a base image opens an inspector or loads code.
ENV NODE_ENV=production NODE_OPTIONS=
EXPOSE 8080 8081
# SIGUSR1 makes a new sealing key. Until the controller's first statement listens for it, Node would open an inspector on
# it: give that an address which no machine has (RFC 5737). --disable-sigusr1 would keep the signal from the controller.
# What is new in the heap may take three times 4 MiB instead of 16: half the memory after many objects at once, at no cost that
# could be measured.
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=4", "--inspect-port=203.0.113.1:9229", "/app/controller.mjs"]
