import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeRequest } from "../../../shared/kube/client.ts";
import { corePath, sealedSecretPath, serviceProxyPath } from "../../../shared/kube/paths.ts";
import { requestWords } from "../../../shared/kube/request-words.ts";

const cases: [request: KubeRequest, words: string][] = [
  [{ method: "GET", path: corePath("secrets", "a", "db") }, 'get secrets "db" in namespace "a"'],
  [{ method: "GET", path: corePath("secrets", "a") }, 'list secrets in namespace "a"'],
  [{ method: "GET", path: sealedSecretPath() }, "list sealedsecrets"],
  [{ method: "GET", path: sealedSecretPath(), query: { watch: "true" } }, "watch sealedsecrets"],
  [{ method: "GET", path: corePath("namespaces", null, "kube-system") }, 'get namespaces "kube-system"'],
  [
    { method: "POST", path: corePath("secrets", "a"), body: { metadata: { name: "db" } } },
    'create secrets "db" in namespace "a"',
  ],
  [
    { method: "POST", path: corePath("events", "a"), body: { metadata: { generateName: "x" } } },
    'create events in namespace "a"',
  ],
  [{ method: "POST", path: corePath("secrets", "a"), body: "x" }, 'create secrets in namespace "a"'],
  [
    { method: "PUT", path: `${sealedSecretPath("a", "db")}/status`, body: {} },
    'update status of sealedsecrets "db" in namespace "a"',
  ],
  [{ method: "PATCH", path: corePath("secrets", "a", "db") }, 'patch secrets "db" in namespace "a"'],
  [{ method: "DELETE", path: corePath("secrets", "a", "db") }, 'delete secrets "db" in namespace "a"'],
  [{ method: "DELETE", path: corePath("secrets", "a") }, 'delete all secrets in namespace "a"'],
  [
    { method: "GET", path: serviceProxyPath("kube-system", "sc", "http", "/v1/cert.pem") },
    'get proxy of services "http:sc:http" in namespace "kube-system"',
  ],
  [{ method: "GET", path: "/version" }, "GET /version"],
  [{ method: "GET", path: "/api/v1/nodes/%zz" }, 'get nodes "%zz"'],
];
for (const [request, words] of cases) test(words, () => assert.equal(requestWords(request), words));
