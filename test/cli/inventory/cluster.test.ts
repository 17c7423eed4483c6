import assert from "node:assert/strict";
import { test } from "node:test";
import { objectsInCluster } from "../../../cli/inventory/cluster.ts";
import { AnswerTooLongError, KubeApiError } from "../../../shared/kube/api-error.ts";
import { scriptedClient } from "../../support/scripted-client.ts";
import { newer, sealedUnder } from "./inventory-world.ts";

const ALL = "/apis/bitnami.com/v1alpha1/sealedsecrets";
// Items of a list have neither apiVersion nor kind.
const item = async (name: string) => {
  const { metadata, spec } = await sealedUnder(newer, { name, items: { a: "x" } });
  return { metadata, spec };
};
const [one, two] = await Promise.all([item("one"), item("two")]);
const page = (items: object[], next = "") => ({ items, metadata: { continue: next } });
const GET = { method: "GET" as const };
const tooLong = new AnswerTooLongError("list sealedsecrets", 16 * 1024 * 1024);

test("lists every page of all namespaces, and names what is no SealedSecret", async () => {
  const broken = { metadata: { namespace: "team", name: "broken" }, spec: { encryptedData: { a: 1 } } };
  const { client, requests, done } = scriptedClient([
    { ...GET, path: ALL, answer: page([one, broken], "next") },
    { ...GET, path: ALL, answer: page([two]) },
  ]);
  const { objects, problems } = await objectsInCluster(client, null, null);
  done();
  assert.deepEqual(
    requests.map(({ query }) => query?.["continue"]),
    [undefined, "next"],
  );
  assert.deepEqual(
    objects.map(({ where, origin }) => [where, origin.kind]),
    [
      ["SealedSecret team/one in the cluster", "cluster"],
      ["SealedSecret team/two in the cluster", "cluster"],
    ],
  );
  assert.equal(objects[0]?.values[0]?.claimed, newer.fingerprint);
  assert.deepEqual(
    problems.map(({ where }) => where),
    ["SealedSecret team/broken in the cluster"],
  );
});

test("asks namespace by namespace where some are named, each once", async () => {
  const path = (namespace: string) => `/apis/bitnami.com/v1alpha1/namespaces/${namespace}/sealedsecrets`;
  const { client, done } = scriptedClient([
    { ...GET, path: path("a"), answer: page([one]) },
    { ...GET, path: path("b"), answer: page([two]) },
  ]);
  const { objects } = await objectsInCluster(client, ["a", "b", "a"], 1000);
  done();
  assert.equal(objects.length, 2);
});

test("asks for fewer at once where a page is too long, the first one too", async () => {
  const { client, requests, done } = scriptedClient([
    { ...GET, path: ALL, answer: tooLong },
    { ...GET, path: ALL, answer: page([one], "next") },
    { ...GET, path: ALL, answer: page([two]) },
  ]);
  const { objects } = await objectsInCluster(client, null, null);
  done();
  assert.equal(objects.length, 2);
  assert.deepEqual(
    requests.map(({ query }) => query?.["limit"]),
    ["500", "125", "250"],
  );
});

test("begins anew where the list expired on its way, so that no object comes twice", async () => {
  const { client, done } = scriptedClient([
    { ...GET, path: ALL, answer: page([one], "next") },
    { ...GET, path: ALL, answer: 410 },
    { ...GET, path: ALL, answer: page([one, two]) },
  ]);
  const { objects } = await objectsInCluster(client, null, null);
  done();
  assert.equal(objects.length, 2);
});

test("fails where objects may not be listed: none is passed over in silence", async () => {
  const { client } = scriptedClient([{ ...GET, path: ALL, answer: 403 }]);
  await assert.rejects(
    objectsInCluster(client, null, null),
    (error) => error instanceof KubeApiError && error.status === 403,
  );
  const odd = scriptedClient([{ ...GET, path: ALL, answer: { items: "none" } }]);
  await assert.rejects(objectsInCluster(odd.client, null, null), /the answer is no list of objects/);
});
