import { KeyServiceWorld } from "./key-service-world.ts";
import { type MemoryRun, type MemoryWorld, runInMemory } from "./memory-io.ts";
import { newAgeIdentity } from "./sops-keys.ts";
import { CLUSTER } from "./sops-sealed-secrets.ts";

/** Somebody with an age identity of his own, a cluster in mind, and both key services in reach. */
export class SopsUser {
  readonly recipient: string;
  readonly services = new KeyServiceWorld();
  readonly #identity: string;

  private constructor(identity: string, recipient: string) {
    this.#identity = identity;
    this.recipient = recipient;
  }

  static async create(): Promise<SopsUser> {
    const { text, recipient } = await newAgeIdentity();
    return new SopsUser(text, recipient);
  }

  /** Runs the CLI. @param env an empty variable is not set. */
  run(args: readonly string[], world: MemoryWorld = {}): Promise<MemoryRun> {
    return runInMemory(args, {
      ...world,
      keyServices: this.services.connector,
      env: { SOPS_AGE_KEY: this.#identity, SEALED_SECRETS_CLUSTER_ID: CLUSTER, ...world.env },
    });
  }

  /** Seals a Secret `shop/db`, and has it in YAML. */
  async sealed(items: Readonly<Record<string, string>>, ...more: readonly string[]): Promise<string> {
    const run = await this.run(["--age", this.recipient, "-o", "yaml", ...more], {
      stdin: plainSecret(items),
    });
    if (run.code !== 0) throw new Error(run.stderr);
    return run.stdout;
  }
}

/** A Secret `shop/db` in YAML. */
export function plainSecret(items: Readonly<Record<string, string>>, metadata = ""): string {
  const lines = Object.entries(items).map(
    ([item, text]) => `  ${JSON.stringify(item)}: ${JSON.stringify(text)}\n`,
  );
  return `apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  namespace: shop\n${metadata}stringData:\n${lines.join("")}`;
}
