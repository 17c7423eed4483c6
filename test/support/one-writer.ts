import assert from "node:assert/strict";
import type { AuditEvent } from "./control-plane/audit-log.ts";
import type { SignetController } from "./signet-controller.ts";

/** What the audit log tells of replicas that stood for one lease. */
export type LeadingRecord = {
  /** How often another replica than before wrote the lease. */
  changes: number;
  /** Writes beside those of the lease that were accepted. */
  writes: number;
  /** Of those, writes of one whose lease another one had taken by then. */
  late: readonly AuditEvent[];
};

/** How strictly to judge. */
export type LateWrites =
  /** Once a new leader has written anything, nothing of the one before is accepted. */
  | "none"
  /**
   * What was on its way may arrive, which of each object is one write, and of all events one: the next is sent once that was
   * answered. What creates an object, which the audit log does not name, is not counted: it is accepted once at most. Nothing
   * may arrive over what a new leader has written to the same object.
   */
  | "on their way";

const writeVerbs = new Set(["create", "update", "patch", "delete", "deletecollection"]);

/**
 * Judges by the API server's audit log that no two replicas worked at the same time.
 * @throws AssertionError naming the write.
 */
export function assertOneWriter(
  events: readonly AuditEvent[],
  replicas: Iterable<Pick<SignetController, "credential">>,
  lateWrites: LateWrites = "none",
): LeadingRecord {
  const credentials = new Set([...replicas].map(({ credential }) => credential));
  assert.ok(credentials.size > 1 && !credentials.has(""), "replicas have tokens of their own");
  const accepted = events
    .filter(
      ({ stage, verb, code, credential, resource }) =>
        stage === "ResponseComplete" &&
        writeVerbs.has(verb) &&
        code >= 200 &&
        code < 300 &&
        credentials.has(credential) &&
        !resource.endsWith("reviews"),
    )
    .sort((a, b) => order(a.receivedAt, b.receivedAt));
  const leaseWrites = accepted.filter(({ resource }) => resource === "leases");
  const writes = accepted.filter(({ resource }) => resource !== "leases");
  const late: AuditEvent[] = [];
  const onTheirWay = new Map<string, AuditEvent>();
  for (const write of writes) {
    const own = leaseWrites.findLast(
      ({ credential, receivedAt }) => credential === write.credential && receivedAt <= write.receivedAt,
    );
    assert.ok(own !== undefined, `a write without a lease: ${inWords(write)}`);
    const taken = leaseWrites.find(
      ({ credential, receivedAt, answeredAt }) =>
        credential !== write.credential && receivedAt > own.receivedAt && answeredAt < write.receivedAt,
    );
    if (taken === undefined) continue;
    const newer = writes.find(
      (other) =>
        other.credential === taken.credential &&
        other.receivedAt > taken.receivedAt &&
        other.answeredAt < write.receivedAt &&
        (lateWrites === "none" || isSameObject(other, write)),
    );
    if (newer !== undefined) assert.fail(`${inWords(write)} came after ${inWords(newer)} of a new leader`);
    const place = [own.credential, own.receivedAt, turnOf(write)].join(" ");
    const first = onTheirWay.get(place);
    if (first !== undefined && !isNameless(write))
      assert.fail(`${inWords(write)} was not on its way at once with ${inWords(first)}`);
    onTheirWay.set(place, write);
    late.push(write);
  }
  const changes = leaseWrites.filter(
    ({ credential }, index) => index > 0 && credential !== leaseWrites[index - 1]?.credential,
  ).length;
  return { changes, writes: writes.length, late };
}

/** What is written one after the other: a SealedSecret and its Secret, which have the same name, or all events. */
function turnOf({ resource, namespace, name }: AuditEvent): string {
  return resource === "events" ? resource : `${namespace}/${name}`;
}

/** The log has no name of what is created, unless it is an event: of these one is written after the other. */
function isNameless({ resource, name }: AuditEvent): boolean {
  return name === "" && resource !== "events";
}

/** Whether both change the same part of the same object; what creates something takes nothing's place. */
function isSameObject(a: AuditEvent, b: AuditEvent): boolean {
  if (a.verb === "create" || b.verb === "create") return false;
  const [one, other] = [a, b].map(({ resource, subresource, namespace, name }) =>
    [resource, subresource, namespace, name].join("/"),
  );
  return one === other;
}

function inWords({ verb, requestURI, name, receivedAt, code, credential }: AuditEvent): string {
  return `${receivedAt} ${verb} ${requestURI} ${name} ${code} (${credential.slice(0, 12)})`;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
