import type { BenchOptions } from "./options.ts";

/** How a figure of Signet is compared, and what it should reach. */
export type Goal = {
  /** As the table shows it. */
  text: string;
  /** `times`: how many times the other's figure is Signet's. `share`: Signet's part of the other's. `plain`: the figure itself. */
  compare: "times" | "share" | "plain";
  /** Whose figure it is compared with; the reference's by default. */
  with?: string;
  met: (value: number) => boolean;
};

/** One row of the table. */
export type Figure = { title: string; goal: Goal | null };

const times = (least: number, other?: string): Goal => ({
  text: `≥ ${least} ×${other === undefined ? "" : ` ${other}`}`,
  compare: "times",
  ...(other === undefined ? {} : { with: other }),
  met: (value) => value >= least,
});
const share = (most: number, other?: string): Goal => ({
  text: `≤ ${most} ×${other === undefined ? "" : ` ${other}`}`,
  compare: "share",
  ...(other === undefined ? {} : { with: other }),
  met: (value) => value <= most,
});
const rate = (least: number, other?: string): Goal => ({ ...times(least, other), compare: "share" });
const below = (limit: number, text: string): Goal => ({
  text,
  compare: "plain",
  met: (value) => value < limit,
});
const none = (): Goal => ({ text: "0", compare: "plain", met: (value) => value === 0 });

/** The subject whose rate with one key the rates with many are compared with. */
export const oneKey = "Signet, one key";
/** Where the memory is to be judged. */
const MEMORY_OBJECTS = 10_000;

/** @returns over how many of so many Secrets the reference is run one by one; what that takes is scaled. */
export const loopedOf = (many: number): number => Math.max(1, Math.round(many / 10));

/** @returns how many files of two values each are rotated, so that there are so many values. */
export const rotatedOf = (many: number): number => Math.max(1, Math.round(many / 2));

/** All rows in the table's order, with what each should reach. */
export function figuresOf({ objects, keys, many }: BenchOptions) {
  const looped = loopedOf(many);
  return {
    cold: { title: "cold start, to the last Secret and status (s)", goal: times(4.5) },
    coldRate: { title: "cold start, objects per second", goal: null },
    coldCpu: { title: "cold start, CPU per object, events included (ms)", goal: share(0.4) },
    clusterCpu: { title: "cold start, CPU per object of API server and etcd (ms)", goal: null },
    events: { title: "cold start, all events written (s)", goal: times(3.8) },
    eventsBehind: {
      title: "cold start, from the last status to the last event (s)",
      goal: below(60, "< 60 s"),
    },
    eventsMissing: { title: "cold start, events not written", goal: none() },
    memory: {
      title: "memory after the cold start (MiB)",
      goal: objects >= MEMORY_OBJECTS ? share(1.25) : null,
    },
    memoryPeak: { title: "memory, peak (MiB)", goal: null },
    limits: { title: "cold start with default client limits, per object (ms)", goal: times(80) },
    restartOperations: { title: "restart, nothing changed, private-key operations", goal: none() },
    restartCpu: { title: "restart, nothing changed, CPU until quiet (s)", goal: share(0.05) },
    restartQuiet: { title: "restart, nothing changed, until quiet, to 0.5 s (s)", goal: null },
    fresh: {
      title: "a fresh SealedSecret once the new process has sent its first list, to its Secret (ms)",
      goal: below(1000, "< 1000 ms"),
    },
    idle50: { title: "idle, SealedSecret to Secret, p50 (ms)", goal: share(0.5) },
    idle95: { title: "idle, SealedSecret to Secret, p95 (ms)", goal: null },
    idle99: { title: "idle, SealedSecret to Secret, p99 (ms)", goal: share(0.5) },
    idleCpu: { title: "idle, CPU per SealedSecret (ms)", goal: null },
    ringHint: {
      title: `${keys} keys in the ring, values with a key hint, objects per second`,
      goal: rate(0.9, oneKey),
    },
    ring: { title: `${keys} keys in the ring, values without a hint, objects per second`, goal: rate(9) },
    ...keyServiceFigures("kms", "AWS KMS (a stand-in)"),
    ...keyServiceFigures("vault", "a real Vault"),
    oneSecret: {
      title: "CLI, one Secret of two items offline, whole process (ms)",
      goal: share(2, "node -e 0"),
    },
    manySecrets: {
      title: `CLI, ${many} Secrets: one run of signet, a loop of kubeseal scaled from ${looped} (s)`,
      goal: times(10),
    },
    oneSops: {
      title: "SOPS, one Secret under age, whole process; the reference is sops (ms)",
      goal: share(4.5, "node -e 0"),
    },
    manySops: {
      title: `SOPS, ${many} Secrets under age: one run of signet render, a loop of sops scaled from ${looped} (s)`,
      goal: times(5),
    },
    guard: {
      title: "guard, 200 changed files staged, whole process (ms)",
      goal: below(150, "< 150 ms"),
    },
    rotate: {
      title: `rotate offline, ${rotatedOf(many)} files of two values: one run, a loop of kubeseal (--recovery-unseal, then seal) scaled from ${loopedOf(rotatedOf(many))} (s)`,
      goal: times(8),
    },
    rotateAgain: {
      title: "rotate offline, the same again, which opens all and changes nothing (s)",
      goal: null,
    },
  } satisfies Record<string, Figure>;
}

function keyServiceFigures<Service extends "kms" | "vault">(service: Service, name: string) {
  const rows = {
    Cold: { title: `values under ${name}: cold start, to the last Secret and status (s)`, goal: null },
    Calls: {
      title: `values under ${name}: cold start, calls that open, per SealedSecret`,
      goal: { text: "≤ 1", compare: "plain", met: (value: number) => value <= 1 } satisfies Goal,
    },
    Restart: { title: `values under ${name}: restart, nothing changed, requests`, goal: none() },
  };
  type Rows = { [Row in keyof typeof rows as `${Service}${Row}`]: Figure };
  return Object.fromEntries(
    Object.entries(rows).map(([row, figure]) => [`${service}${row}`, figure]),
  ) as Rows;
}

/** Name of a row. */
export type FigureName = keyof ReturnType<typeof figuresOf>;
