import assert from "node:assert/strict";
import type { Behaviour } from "./contract-scene.ts";
import { create, get, refusalOf, sealedSecret } from "./contract-scene.ts";

/** Bodies, names and paths that are refused, discovery, and the Service proxy's refusals. */
export const refusalBehaviours: Behaviour[] = [
  {
    name: "a name that is none is refused with 422 that says the rule",
    run: async (scene) => {
      for (const [path, kind, object] of [
        [scene.secrets, "Secret", { metadata: { name: "A_b" } }],
        [scene.sealedSecrets, "SealedSecret.bitnami.com", sealedSecret("A_b")],
      ] as const) {
        const { message, details } = refusalOf(await scene.api.request("POST", path, object), 422, "Invalid");
        assert.ok(
          message?.startsWith(
            `${kind} "A_b" is invalid: metadata.name: Invalid value: "A_b": a lowercase RFC 1123 subdomain must consist of`,
          ),
          message,
        );
        const causes = details?.["causes"] as { reason: string; field: string }[];
        assert.deepEqual(
          causes.map(({ reason, field }) => [reason, field]),
          [["FieldValueInvalid", "metadata.name"]],
        );
      }
    },
  },
  {
    name: "names have a length, and those of namespaces no dots",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "a".repeat(253) } });
      const long = await scene.api.request("POST", scene.secrets, { metadata: { name: "a".repeat(254) } });
      assert.match(
        refusalOf(long, 422, "Invalid").message ?? "",
        /must be no more than 253 (bytes|characters)/,
      );
      const dotted = await scene.api.request("POST", "/api/v1/namespaces", { metadata: { name: "a.b" } });
      assert.match(
        refusalOf(dotted, 422, "Invalid").message ?? "",
        /metadata\.name: Invalid value: "a\.b": must not contain dots$/,
      );
      const odd = await scene.api.request("POST", "/api/v1/namespaces", { metadata: { name: "a_b" } });
      assert.match(
        refusalOf(odd, 422, "Invalid").message ?? "",
        /a lowercase RFC 1123 label must consist of/,
      );
      await create(scene, scene.secrets, { metadata: { name: "a.b" } });
    },
  },
  {
    name: "neither name nor generateName is refused with 422",
    run: async (scene) => {
      const refusal = refusalOf(
        await scene.api.request("POST", scene.secrets, { metadata: {} }),
        422,
        "Invalid",
      );
      assert.equal(
        refusal.message,
        'Secret "" is invalid: metadata.name: Required value: name or generateName is required',
      );
    },
  },
  {
    name: "labels and annotations that are none are refused",
    run: async (scene) => {
      const metadata = { name: "a", labels: { a: "b c" }, annotations: { "A B": "c" } };
      const refusal = refusalOf(await scene.api.request("POST", scene.secrets, { metadata }), 422, "Invalid");
      const causes = refusal.details?.["causes"] as { field: string }[];
      assert.deepEqual(
        causes.map(({ field }) => field),
        ["metadata.labels", "metadata.annotations"],
      );
      const typed = { metadata: { name: "a", labels: { a: 1 } } };
      refusalOf(await scene.api.request("POST", scene.secrets, typed), 400, "BadRequest");
      const long = { metadata: { name: "a", annotations: { a: "x".repeat(256 * 1024) } } };
      assert.match(
        refusalOf(await scene.api.request("POST", scene.secrets, long), 422, "Invalid").message ?? "",
        /metadata\.annotations: Too long: may not be more than 262144 bytes/,
      );
    },
  },
  {
    name: "another namespace in the body than in the path is refused with 400",
    run: async (scene) => {
      const answer = await scene.api.request("POST", scene.secrets, {
        metadata: { name: "a", namespace: "b" },
      });
      assert.equal(
        refusalOf(answer, 400, "BadRequest").message,
        "the namespace of the provided object does not match the namespace sent on the request",
      );
    },
  },
  {
    name: "another kind or version than the path's is refused",
    run: async (scene) => {
      const kind = { kind: "ConfigMap", apiVersion: "v1", metadata: { name: "a" } };
      refusalOf(await scene.api.request("POST", scene.secrets, kind), 400, "BadRequest");
      const version = { kind: "Secret", apiVersion: "v2", metadata: { name: "a" } };
      refusalOf(await scene.api.request("POST", scene.secrets, version), 400, "BadRequest");
      const custom = sealedSecret("a", {}, { apiVersion: "bitnami.com/v1" });
      assert.equal(
        refusalOf(await scene.api.request("POST", scene.sealedSecrets, custom), 400, "BadRequest").message,
        "the API version in the data (bitnami.com/v1) does not match the expected API version (bitnami.com/v1alpha1)",
      );
      const other = sealedSecret("a", {}, { kind: "Other" });
      refusalOf(await scene.api.request("POST", scene.sealedSecrets, other), 422, "Invalid");
    },
  },
  {
    name: "a custom resource must say its kind, a built-in one need not",
    run: async (scene) => {
      const untyped = sealedSecret("a", {}, { kind: undefined });
      assert.match(
        refusalOf(await scene.api.request("POST", scene.sealedSecrets, untyped), 400, "BadRequest").message ??
          "",
        /Object 'Kind' is missing in/,
      );
      assert.equal((await create(scene, scene.secrets, { metadata: { name: "a" } })).kind, "Secret");
    },
  },
  {
    name: "a body that is no JSON object is refused with 400, of another media type with 415",
    run: async (scene) => {
      for (const body of ["{bad", "[]"])
        refusalOf(await scene.api.request("POST", scene.secrets, body), 400, "BadRequest");
      const answer = await scene.api.request("POST", scene.secrets, "{}", { "content-type": "text/plain" });
      refusalOf(answer, 415, "UnsupportedMediaType");
    },
  },
  {
    name: "an unknown resource is 404 as a Status in a known group, as text elsewhere",
    run: async (scene) => {
      for (const path of [
        "/api/v1/nothings",
        "/apis/coordination.k8s.io/v1/nothings",
        `${scene.secrets}/a/status`,
      ]) {
        const refusal = refusalOf(await scene.api.request("GET", path), 404, "NotFound");
        assert.equal(refusal.message, "the server could not find the requested resource");
      }
      for (const path of ["/nothing", "/apis/nothing.example/v1/things"]) {
        const { status, body } = await scene.api.request("GET", path);
        assert.deepEqual([status, body], [404, "404 page not found\n"]);
      }
    },
  },
  {
    name: "methods that do not fit the path are refused with 405",
    run: async (scene) => {
      for (const [method, path] of [
        ["POST", "/api/v1/secrets"],
        ["POST", `${scene.secrets}/a`],
        ["PUT", scene.secrets],
      ] as const)
        refusalOf(
          await scene.api.request(method, path, { metadata: { name: "a" } }),
          405,
          "MethodNotAllowed",
        );
    },
  },
  {
    name: "an unknown propagation policy is refused with 422",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "a" } });
      const answer = await scene.api.request("DELETE", `${scene.secrets}/a`, { propagationPolicy: "None" });
      assert.match(
        refusalOf(answer, 422, "Invalid").message ?? "",
        /propagationPolicy: Unsupported value: "None"/,
      );
    },
  },
  {
    name: "an Event must lie in the namespace of what it is about",
    run: async (scene) => {
      const event = { metadata: { name: "a" }, involvedObject: { namespace: "elsewhere" } };
      const answer = await scene.api.request("POST", `/api/v1/namespaces/${scene.namespace}/events`, event);
      assert.match(
        refusalOf(answer, 422, "Invalid").message ?? "",
        /involvedObject\.namespace: Invalid value: "elsewhere": does not match event\.namespace/,
      );
      const clusterWide = {
        metadata: { name: scene.namespace },
        involvedObject: { kind: "Node", name: "n" },
      };
      refusalOf(
        await scene.api.request("POST", `/api/v1/namespaces/${scene.namespace}/events`, clusterWide),
        422,
        "Invalid",
      );
      await create(scene, "/api/v1/namespaces/default/events", clusterWide);
    },
  },
  {
    name: "the Service proxy refuses what it cannot reach",
    run: async (scene) => {
      const services = `/api/v1/namespaces/${scene.namespace}/services`;
      const spec = { ports: [{ name: "http", port: 8080 }] };
      await create(scene, services, { metadata: { name: "s" }, spec });
      await create(scene, `/api/v1/namespaces/${scene.namespace}/endpoints`, { metadata: { name: "s" } });
      const answer = (id: string): ReturnType<typeof scene.api.request> =>
        scene.api.request("GET", `${services}/${id}/proxy/v1/cert.pem`);
      assert.equal(
        refusalOf(await answer("http:none:"), 404, "NotFound").message,
        'services "none" not found',
      );
      for (const id of ["s", "s:8080", "http:s:http", "http:s:8080", "http:s:"])
        assert.equal(
          refusalOf(await answer(id), 503, "ServiceUnavailable").message,
          'no endpoints available for service "s"',
        );
      assert.equal(
        refusalOf(await answer("http:s:81"), 503, "ServiceUnavailable").message,
        'no service port 81 found for service "s"',
      );
      assert.equal(
        refusalOf(await answer("a:b:c:d"), 400, "BadRequest").message,
        'invalid service request "a:b:c:d"',
      );
    },
  },
  {
    name: "discovery names the resources, and health is ok",
    run: async (scene) => {
      type Discovery = { resources: { name: string; kind: string; namespaced: boolean }[] };
      const resources = async (path: string): Promise<string[]> =>
        ((await get(scene, path)) as unknown as Discovery).resources.map(({ name }) => name);
      const core = await resources("/api/v1");
      for (const name of ["secrets", "namespaces", "events", "services/proxy"])
        assert.ok(core.includes(name), name);
      assert.deepEqual(await resources("/apis/bitnami.com/v1alpha1"), [
        "sealedsecrets",
        "sealedsecrets/status",
      ]);
      assert.deepEqual(await resources("/apis/coordination.k8s.io/v1"), ["leases"]);
      assert.equal((await get(scene, "/api")).kind, "APIVersions");
      const { groups } = (await get(scene, "/apis")) as unknown as { groups: { name: string }[] };
      const names = groups.map(({ name }) => name);
      assert.ok(names.includes("bitnami.com"));
      assert.ok(!names.includes(""), "the core group has a list of its own");
      const version = (await get(scene, "/version")) as unknown as { major: string; gitVersion: string };
      assert.match(version.gitVersion, /^v1\.\d+\.\d+/);
      for (const path of ["/readyz", "/livez"]) {
        const { status, body } = await scene.api.request("GET", path);
        assert.deepEqual([status, body], [200, "ok"]);
      }
    },
  },
];
