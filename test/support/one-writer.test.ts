import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuditEvent } from "./control-plane/audit-log.ts";
import { assertOneWriter, type LateWrites } from "./one-writer.ts";

const replicas = [{ credential: "old" }, { credential: "new" }];

/** A write that was accepted, received and answered at that second. */
function write(second: number, credential: string, what: string, verb = "update"): AuditEvent {
  const [resource = "", name = ""] = what.split("/");
  const at = (fraction: string) => `2026-01-01T00:00:${String(second).padStart(2, "0")}.${fraction}Z`;
  return {
    ...{ stage: "ResponseComplete", verb, requestURI: what, user: "", resource, subresource: "" },
    ...{ namespace: "team", name, code: 200, decision: "allow", decidedBy: "", userAgent: "", credential },
    ...{ receivedAt: at("000000"), answeredAt: at("100000") },
  };
}

/** What follows once "new" has taken the lease of "old" and written a Secret. */
function judged(after: readonly AuditEvent[], lateWrites: LateWrites): number {
  const before = [
    write(1, "old", "leases/it"),
    write(2, "old", "secrets/a"),
    write(10, "new", "leases/it"),
    write(11, "new", "secrets/b"),
  ];
  return assertOneWriter([...before, ...after], replicas, lateWrites).late.length;
}

test("nothing may come late unless it is said", () => {
  const late = write(12, "old", "secrets/a");
  assert.equal(judged([], "none"), 0);
  assert.throws(() => judged([late], "none"), /came after/);
  assert.equal(judged([late], "on their way"), 1);
});

test("nothing comes over what a new leader has written", () => {
  assert.throws(() => judged([write(12, "old", "secrets/b")], "on their way"), /came after/);
});

test("of each object and of all events one write may be on its way, and one more in the next term", () => {
  const late = [
    write(12, "old", "secrets/a"),
    write(13, "old", "sealedsecrets/c"),
    ...[1, 2].map(() => write(13, "old", "secrets/", "create")),
    write(13, "old", "events/", "create"),
  ];
  assert.equal(judged(late, "on their way"), 5);
  const nextTerm = [write(14, "old", "leases/it"), write(15, "new", "leases/it")];
  assert.equal(judged([...late, ...nextTerm, write(16, "old", "secrets/a")], "on their way"), 6);
  for (const more of ["secrets/a", "sealedsecrets/a", "events/x", "secrets/c"])
    assert.throws(() => judged([...late, write(14, "old", more, "patch")], "on their way"), /at once/, more);
});
