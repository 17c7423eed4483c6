import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Check } from "../../../cli/doctor/check.ts";
import { sealedSecret, statusWorld, TOLD } from "../status/status-world.ts";

const kmsValue = "kms:1:abc";

suite("doctor", () => {
  test("says of an empty cluster what fails, what is not known, and what to do; it writes nothing", async (context) => {
    const { cluster, signet } = await statusWorld(context);
    const { code, stdout, stderr } = await signet(["doctor"]);
    assert.equal(code, 1);
    assert.match(stdout, /^ok {7}cluster +http/);
    assert.match(stdout, /^fail {5}service .*\n +next: ./m);
    assert.match(stdout, /^fail {5}keys +no sealing key is in use in kube-system\n +next: ./m);
    assert.match(stdout, /^unknown {2}your rights +not known: /m);
    assert.match(stderr, /^error: \d+ of \d+ checks failed: what is not right stands above\nhint: ./);
    const writes = cluster.requests.filter(
      ({ method, path }) => method !== "GET" && !path.endsWith("accessreviews"),
    );
    assert.deepEqual(writes, []);
  });

  test("for programs", async (context) => {
    const { signet } = await statusWorld(context);
    const { stdout } = await signet(["doctor", "-o", "json"]);
    const { checks } = JSON.parse(stdout) as { checks: Check[] };
    assert.ok(checks.length > 5);
    for (const { level, about, found, next } of checks) {
      assert.ok(["ok", "warn", "fail", "unknown"].includes(level) && about !== "" && found !== "");
      if (level === "fail") assert.ok(next !== null);
    }
  });

  test("--leave lists what stands in the way, in the cluster and in files; nothing is no failure", async (context) => {
    const { put, signet } = await statusWorld(context);
    put(sealedSecret("shop", "db", TOLD.inSync));
    const free = await signet(["doctor", "--leave"]);
    assert.deepEqual([free.code, free.stderr], [0, "nothing failed\n"]);
    assert.match(free.stdout, /^ok {7}leaving +nothing stands in the way/);
    const files = { "a/db.json": JSON.stringify(sealedSecret("team", "db", null, { value: kmsValue })) };
    const bound = await signet(["doctor", "--leave", "a"], files);
    assert.equal(bound.code, 1);
    assert.match(
      bound.stdout,
      /^fail {5}a\/db\.json +password: sealed by the backend kms\n +next: signet convert/,
    );
    assert.match(
      bound.stderr,
      /^error: 1 of 1 checks failed: what stands in the way of going back stands above/,
    );
  });

  test("without a cluster it says so", async (context) => {
    const { cluster, signet } = await statusWorld(context);
    await cluster.stop();
    const { code, stdout, stderr } = await signet(["doctor"]);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /^error: cannot reach the API server .*\nhint: ./);
  });

  for (const [what, args, says] of [
    ["another form", ["-o", "xml"], /^error: unsupported output format: xml/],
    ["files without --leave", ["a"], /^error: files go with --leave alone/],
  ] as const) {
    test(`refuses ${what}`, async (context) => {
      const { cluster, signet } = await statusWorld(context);
      const { code, stderr } = await signet(["doctor", ...args]);
      assert.equal(code, 2);
      assert.match(stderr, says);
      assert.equal(cluster.requests.length, 0);
    });
  }
});
