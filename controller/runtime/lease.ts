import type { KubeObject } from "../../shared/kube/client.ts";

/** A Lease of coordination.k8s.io/v1 as read. Its fields are anybody's: what is not of its form counts as absent. */
export type Lease = {
  /** What is written again: all of it but the record of field managers, so that what we do not know survives. */
  readonly object: KubeObject;
  readonly resourceVersion: string;
  /** `spec.holderIdentity`; empty or null when nobody holds it. */
  readonly holder: string | null;
  /** `spec.renewTime` as it stands there. */
  readonly renewTime: string | null;
  /** Ms that its holder wants to be waited for; 0 where none are given. */
  readonly durationMs: number;
  /** Whether its holder gave it back, or nobody ever held it. */
  readonly isFree: boolean;
  /** Differs whenever somebody took, renewed or edited it; annotations do not count. */
  readonly record: string;
  readonly annotations: Readonly<Record<string, string>>;
};

/** Who writes a lease, and when. */
export type LeaseWriter = {
  identity: string;
  durationMs: number;
  /** Moment for the record, see `microTime`. */
  at: string;
};

type Spec = Readonly<Record<string, unknown>>;

const LARGEST_INT32 = 2 ** 31 - 1;

/** Reads an answer; null when it has no resourceVersion and so is no stored object. */
export function readLease(answer: KubeObject): Lease | null {
  const { managedFields: _, ...metadata } = answer.metadata;
  const { resourceVersion } = metadata;
  if (typeof resourceVersion !== "string" || resourceVersion === "") return null;
  const spec = specOf(answer);
  const { holderIdentity, renewTime, leaseDurationSeconds } = spec;
  const holder = typeof holderIdentity === "string" ? holderIdentity : null;
  return {
    object: { ...answer, metadata },
    resourceVersion,
    holder,
    renewTime: typeof renewTime === "string" ? renewTime : null,
    durationMs: isCount(leaseDurationSeconds) ? leaseDurationSeconds * 1000 : 0,
    // One second is the mark of who gave it back. A lease that lost its holder some other way may have a leader still.
    isFree: (holder ?? "") === "" && leaseDurationSeconds === 1,
    record: JSON.stringify([metadata.uid ?? "", spec]),
    annotations: metadata.annotations ?? {},
  };
}

/** A Lease that was not there, taken. */
export function newLease(namespace: string, name: string, writer: LeaseWriter): KubeObject {
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { namespace, name },
    spec: held({ leaseTransitions: 0 }, writer, writer.at),
  };
}

/** The lease, taken from whoever held it. */
export function takenLease(lease: Lease, writer: LeaseWriter): KubeObject {
  const spec = specOf(lease.object);
  const { leaseTransitions: past } = spec;
  const leaseTransitions = isCount(past) && past < LARGEST_INT32 ? past + 1 : 0;
  return { ...lease.object, spec: held({ ...spec, leaseTransitions }, writer, writer.at) };
}

/** The lease, held on; annotations given are added. */
export function renewedLease(
  lease: Lease,
  writer: LeaseWriter,
  annotations: Readonly<Record<string, string>> = {},
): KubeObject {
  const { object } = lease;
  const spec = specOf(object);
  const { acquireTime } = spec;
  return {
    ...object,
    metadata: { ...object.metadata, annotations: { ...lease.annotations, ...annotations } },
    spec: held(spec, writer, typeof acquireTime === "string" ? acquireTime : writer.at),
  };
}

/** The lease, given back: the shortest duration that the API server takes, so that nobody waits. */
export function releasedLease(lease: Lease, at: string): KubeObject {
  const spec = { ...specOf(lease.object), acquireTime: at, renewTime: at };
  return { ...lease.object, spec: { ...spec, holderIdentity: "", leaseDurationSeconds: 1 } };
}

/** The lease as one that is to be created: what the server gave it is dropped. */
export function withoutServerFields({ metadata, ...rest }: KubeObject): KubeObject {
  const { namespace, name, labels, annotations } = metadata;
  const kept = Object.entries({ namespace, name, labels, annotations }).filter(([, value]) => value != null);
  return { ...rest, metadata: Object.fromEntries(kept) };
}

/**
 * A MicroTime as the API server takes it: RFC 3339 in UTC with exactly six fraction digits.
 * @param ms since 1970.
 * @param count gives the last three digits, so that no two records of one writer look alike, whatever the wall clock does.
 */
export function microTime(ms: number, count: number): string {
  return new Date(ms).toISOString().replace("Z", `${`${count % 1000}`.padStart(3, "0")}Z`);
}

function held(spec: Spec, { identity, durationMs, at }: LeaseWriter, acquireTime: string): Spec {
  const leaseDurationSeconds = Math.ceil(durationMs / 1000);
  return { ...spec, holderIdentity: identity, leaseDurationSeconds, acquireTime, renewTime: at };
}

function specOf({ spec }: KubeObject): Spec {
  return typeof spec === "object" && spec !== null && !Array.isArray(spec) ? (spec as Spec) : {};
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
