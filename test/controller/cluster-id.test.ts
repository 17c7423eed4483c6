import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterIdOf } from "../../controller/cluster-id.ts";
import { openLog } from "../../controller/log.ts";
import { KubeApiError, KubeUnreachableError } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeRequest } from "../../shared/kube/client.ts";

const refusal = (status: number) =>
  new KubeApiError({ request: "get namespaces", status, reason: "", retryAfterSeconds: null, fields: [] });

/** Asks with a client that gives these answers in turn. */
async function ask(answers: (Error | string | undefined)[], signal = AbortSignal.timeout(20_000)) {
  const requests: KubeRequest[] = [];
  const lines: string[] = [];
  const client = {
    async request(request: KubeRequest) {
      requests.push(request);
      const answer = answers[requests.length - 1];
      if (answer instanceof Error) throw answer;
      return { metadata: answer === undefined ? {} : { uid: answer } };
    },
  } as unknown as KubeClient;
  const push = (line: string) => lines.push(line);
  const log = openLog({ level: "INFO", format: "text", infoToStdout: true }, { out: push, err: push });
  return { id: await clusterIdOf(client, log, signal), requests, lines };
}

test("the cluster's identity is the uid of kube-system, asked for with a bound", async () => {
  const { id, requests } = await ask(["u-1"]);
  assert.equal(id, "u-1");
  assert.equal(requests[0]?.path, "/api/v1/namespaces/kube-system");
  assert.ok((requests[0]?.timeoutMs ?? 60_000) <= 5000);
});

test("a passing fault is waited out", async () => {
  const { id, lines } = await ask([refusal(503), new KubeUnreachableError("http://x", "refused"), "u-1"]);
  assert.equal(id, "u-1");
  assert.equal(lines.length, 1, "said once");
  assert.match(
    lines.join(""),
    /level=WARN msg="The API server does not answer, will retry" error="cannot get/,
  );
});

test("an API server that stays away is waited for until the controller stops", async () => {
  const away = Array.from({ length: 100 }, () => refusal(503));
  const { id, requests } = await ask(away, AbortSignal.timeout(700));
  assert.equal(id, null);
  assert.ok(requests.length >= 2 && requests.length <= 4, `${requests.length} requests`);
});

test("where it may not be read the identity is unknown, which is said once", async () => {
  for (const answer of [refusal(403), refusal(404), new Error("hunter2")]) {
    const { id, requests, lines } = await ask([answer]);
    assert.equal(id, null);
    assert.equal(requests.length, 1);
    assert.match(lines.join(""), /level=WARN msg="The cluster's identity is unknown; --cluster-id sets it"/);
    assert.ok(!lines.join("").includes("hunter2"));
  }
});

test("a namespace without a uid tells nothing", async () => {
  assert.equal((await ask([undefined])).id, null);
});
