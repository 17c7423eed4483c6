import assert from "node:assert/strict";
import { test } from "node:test";
import { inFieldOrder } from "../../shared/sealed-secret-order.ts";

test("fields stand as in Go's types, unknown ones last, maps of names as they were", () => {
  const mixed = {
    sops: {},
    apiVersion: "bitnami.com/v1alpha1",
    spec: {
      vault: [],
      encryptedData: { template: "x", data: "y", a: "z" },
      template: {
        data: { b: "1", a: null },
        type: "Opaque",
        metadata: { labels: { name: "x", metadata: "y" }, namespace: "team-a", name: "db" },
      },
    },
    metadata: { annotations: { z: "1", name: "2" }, other: 1, namespace: "team-a", name: "db" },
    kind: "SealedSecret",
  };
  assert.equal(
    JSON.stringify(inFieldOrder(mixed)),
    JSON.stringify({
      kind: "SealedSecret",
      apiVersion: "bitnami.com/v1alpha1",
      metadata: { name: "db", namespace: "team-a", annotations: { z: "1", name: "2" }, other: 1 },
      spec: {
        template: {
          metadata: { name: "db", namespace: "team-a", labels: { name: "x", metadata: "y" } },
          type: "Opaque",
          data: { b: "1", a: null },
        },
        encryptedData: { template: "x", data: "y", a: "z" },
        vault: [],
      },
      sops: {},
    }),
  );
});
