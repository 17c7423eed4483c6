import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { GitRepository } from "../test/support/git-repository.ts";
import { type Measurement, median } from "./measurement.ts";

const signetFile = join(import.meta.dirname, "..", "dist", "signet.cjs");

/** Changed files, as a hook may meet them. */
const FILES = 200;

/**
 * Times whole processes of `signet guard --staged` on changed files: SealedSecrets for the most part, SOPS documents, and
 * manifests of other kinds, in twenty folders and under a creation rule.
 * @param repeats how often it is run.
 */
export function runGuard({ repeats }: { repeats: number }): Measurement[] {
  const repository = new GitRepository();
  try {
    repository.stage(Object.fromEntries(Array.from({ length: FILES }, (_, i) => changedFile(i))));
    repository.stage({
      ".sops.yaml": "creation_rules:\n  - path_regex: \\.sops\\.ya?ml$\n    age: age1example\n",
    });
    const time = (args: readonly string[]): number => {
      const start = performance.now();
      const result = spawnSync(process.execPath, args, { cwd: repository.folder, env: repository.env });
      const elapsed = performance.now() - start;
      if (result.status !== 0)
        throw new Error(`${args.join(" ")}: ${result.status} ${result.stdout}${result.stderr}`);
      return elapsed;
    };
    const subjects = { "node -e 0": ["-e", "0"], Signet: [signetFile, "guard", "--staged"] };
    const times = new Map(Object.keys(subjects).map((subject) => [subject, [] as number[]]));
    // One after the other in turn, so that whatever else the machine does meets all alike; the first turn warms up.
    for (let turn = 0; turn <= repeats; turn += 1) {
      for (const [subject, args] of Object.entries(subjects)) {
        const elapsed = time(args);
        if (turn > 0) times.get(subject)?.push(elapsed);
      }
    }
    return [...times].map(([subject, values]) => ({ figure: "guard", subject, value: median(values) }));
  } finally {
    repository.remove();
  }
}

/** Path and content of one of them. */
function changedFile(i: number): [path: string, content: string] {
  const folder = `apps/team-${i % 20}`;
  if (i < 120) return [`${folder}/sealed-${i}.yaml`, sealedSecret(i)];
  if (i < 150) return [`${folder}/secret-${i}.sops.yaml`, encryptedSecret(i)];
  return [`${folder}/deployment-${i}.yaml`, deployment(i)];
}

function sealedSecret(i: number): string {
  const value = () => Buffer.concat([Buffer.from([2, 0]), randomBytes(512 + 32)]).toString("base64");
  const items = ["user", "password", "token"].map((item) => `    ${item}: ${value()}\n`).join("");
  return `apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: app-${i}\n  namespace: shop\nspec:\n  encryptedData:\n${items}  template:\n    metadata:\n      name: app-${i}\n      namespace: shop\n`;
}

function encryptedSecret(i: number): string {
  const base64 = (bytes: number) => randomBytes(bytes).toString("base64");
  const value = () => `ENC[AES256_GCM,data:${base64(12)},iv:${base64(32)},tag:${base64(16)},type:str]`;
  return `apiVersion: v1\nkind: Secret\nmetadata:\n    name: app-${i}\nstringData:\n    user: ${value()}\n    password: ${value()}\nsops:\n    age:\n        - recipient: age1example\n          enc: |\n            -----BEGIN AGE ENCRYPTED FILE-----\n            ${base64(48)}\n            -----END AGE ENCRYPTED FILE-----\n    encrypted_regex: ^(data|stringData)$\n    lastmodified: "2026-01-02T03:04:05Z"\n    mac: ${value()}\n    version: 3.9.0\n`;
}

function deployment(i: number): string {
  return `apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-${i}\nspec:\n  template:\n    spec:\n      containers:\n        - name: app\n          image: example.com/app:${i}\n          env:\n            - name: PASSWORD\n              valueFrom:\n                secretKeyRef: {name: app-${i}, key: password}\n`;
}
