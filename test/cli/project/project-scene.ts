import { run } from "../../../cli/run.ts";
import { type ChainKey, chainKey } from "../../support/certificate-chains.ts";
import { type MemoryRun, type MemoryWorld, memoryIo } from "../../support/memory-io.ts";

/** When tests of projects take place. */
export const NOW = new Date(Date.UTC(2030, 5, 1));
/** What a user accepted, where it lies. */
export const PINS = "/home/.config/signet/pins.json";

/** Sealing keys, each newer than the one before. */
export const KEYS: readonly ChainKey[] = await Promise.all(
  [1, 2, 3].map((day) => chainKey(new Date(Date.UTC(2030, 4, day)))),
);
export const [PROD, STAGING, LATER] = KEYS as [ChainKey, ChainKey, ChainKey];

/** A cluster in a project file. */
export function clusterText(name: string, key: ChainKey, more = ""): string {
  return `  ${name}:\n    certificate: certs/${name}.pem\n    fingerprint: ${key.certificate.fingerprint}\n${more}`;
}

/** A repository with a project of two clusters. */
export function projectFiles(
  rules = "",
  clusters = clusterText("prod", PROD) + clusterText("staging", STAGING),
): Record<string, string> {
  return {
    "/.git/HEAD": "ref: refs/heads/main\n",
    "/.signet.yaml": `version: 1\nclusters:\n${clusters}${rules}`,
    "/certs/prod.pem": PROD.certificate.pem,
    "/certs/staging.pem": STAGING.certificate.pem,
  };
}

/** A Secret as a developer writes it. */
export function secretText(name: string, annotation = ""): string {
  const annotations =
    annotation === "" ? "" : `, annotations: {sealedsecrets.bitnami.com/${annotation}: "true"}`;
  return `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}, namespace: shop${annotations}}\nstringData: {password: hunter2}\n`;
}

/**
 * Runs the CLI in a repository; paths are taken from its root.
 * @param links by their path where each leads.
 * @param meanwhile files as another process leaves them before this one gets the lock of the first.
 */
export async function inProject(
  args: readonly string[],
  world: MemoryWorld = {},
  links: Readonly<Record<string, string>> = {},
  meanwhile: Readonly<Record<string, string>> = {},
): Promise<MemoryRun> {
  const { io, left } = memoryIo(args, { now: NOW, ...world, env: { HOME: "/home", ...world.env } });
  const rooted = (path: string) => {
    const named = path.startsWith("/") ? path : `/${path.replace(/^\.\//, "")}`;
    return links[named] ?? named;
  };
  const { files } = io;
  let unwritten = meanwhile;
  const whole = {
    ...files,
    read: (path: string) => files.read(rooted(path)),
    replace: (path: string, content: string | Uint8Array) => files.replace(rooted(path), content),
    create: (path: string, content: string) => {
      for (const [name, text] of Object.entries(unwritten)) files.replace(name, text);
      unwritten = {};
      files.create(path, content);
    },
    kindOf: (path: string) => (path === "" ? null : files.kindOf(rooted(path))),
    list: (folder: string) => files.list(rooted(folder)),
    destination: (path: string) => files.destination(rooted(path)),
  };
  return left(await run({ ...io, files: whole }));
}

/** The fingerprint that a sealed product names. */
export function sealedUnder(product: string | undefined): string | null {
  return /SHA256:[A-Za-z0-9+/]{43}/.exec(product ?? "")?.[0] ?? null;
}
