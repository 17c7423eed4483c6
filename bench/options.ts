import { join } from "node:path";
import { parseArgs } from "node:util";

/** What can be measured. */
export const sceneNames = [
  "cold",
  "restart",
  "fresh",
  "idle",
  "limits",
  "keys",
  "cli",
  "sops",
  "guard",
  "rotate",
  "kms",
  "vault",
] as const;
/** One of them. */
export type SceneName = (typeof sceneNames)[number];
/** Those that are not measured unless they are asked for: they have nothing of the reference's to be compared with. */
const onRequest: ReadonlySet<SceneName> = new Set(["kms", "vault"]);

/** What a run of the benchmark is made of. */
export type BenchOptions = {
  /** SealedSecrets in the cluster. */
  objects: number;
  /** Values in each. */
  items: number;
  /** Sealing keys in the ring of the scene `keys`, whose SealedSecrets are sealed under one of them each, at random. */
  keys: number;
  /** Length of those keys in bits. */
  keyBits: number;
  /** Pairs of runs, reference and Signet, each on a clean cluster. */
  rounds: number;
  /** SealedSecrets made one by one for the idle latency. */
  samples: number;
  /** How often each whole process is timed. */
  starts: number;
  /** Secrets that one process seals or opens at once, beside a loop of the reference over a tenth of them. */
  many: number;
  only: ReadonlySet<SceneName>;
  /** Folder for profiles of Signet's processes, in the form of V8's `--cpu-prof`; null for none. Profiling slows it down. */
  profile: string | null;
  /** Folder the results are written to, beside being shown. */
  results: string;
};

/** How the options are given. */
export const usage = `npm run bench -- [--n OBJECTS] [--items N] [--keys N] [--key-bits N] [--rounds N] [--samples N]
               [--starts N] [--many SECRETS]
               [--only ${sceneNames.join(",")}] [--results FOLDER] [--profile FOLDER]`;

/**
 * Reads the command line.
 * @throws Error that names the argument that does not fit.
 */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      n: { type: "string", default: "2000" },
      items: { type: "string", default: "3" },
      keys: { type: "string", default: "24" },
      "key-bits": { type: "string", default: "4096" },
      rounds: { type: "string", default: "2" },
      samples: { type: "string", default: "100" },
      starts: { type: "string", default: "20" },
      many: { type: "string", default: "1000" },
      profile: { type: "string" },
      only: { type: "string", default: sceneNames.filter((name) => !onRequest.has(name)).join(",") },
      results: { type: "string", default: join(import.meta.dirname, "results") },
    },
  });
  const only = values.only.split(",").map((name) => {
    const known = sceneNames.find((scene) => scene === name);
    if (known === undefined) throw new Error(`--only: no ${name}; there are ${sceneNames.join(", ")}`);
    return known;
  });
  return {
    objects: count("n", values.n, 20_000),
    items: count("items", values.items, 100),
    keys: count("keys", values.keys, 100),
    keyBits: count("key-bits", values["key-bits"], 8192),
    rounds: count("rounds", values.rounds, 10),
    samples: count("samples", values.samples, 10_000),
    starts: count("starts", values.starts, 1000),
    many: count("many", values.many, 10_000),
    only: new Set(only),
    profile: values.profile ?? null,
    results: values.results,
  };
}

function count(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new Error(`--${name}: ${text} is not a whole number from 1 to ${most}`);
  return value;
}
