import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type AgeIdentities, readAgeIdentities } from "../../shared/document/sops/keys/age-identities.ts";
import { sopsUnwrapper } from "../../shared/document/sops/keys/unwrapper.ts";
import { sopsWrapper } from "../../shared/document/sops/keys/wrapper.ts";
import type { SopsRecipient } from "../../shared/document/sops/metadata.ts";
import { type OpenedSops, openSopsDocuments } from "../../shared/document/sops/open-document.ts";
import { readSopsTree } from "../../shared/document/sops/read-tree.ts";
import type { SopsFormat } from "../../shared/document/sops/tree.ts";
import { ensureRealComponents } from "../tools/real-components.ts";
import { makeScratchFolder } from "./control-plane/scratch-folder.ts";
import { type CommandResult, runProgram } from "./run-program.ts";
import { newAgeIdentity } from "./sops-keys.ts";

const { signal } = new AbortController();

/** The stock tool in a folder of its own, beside which it finds nothing but what it is given. */
export class StockSops {
  readonly folder: string;
  /** Removes the folder. */
  readonly stop: () => Promise<void>;
  readonly #binary: string;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(
    binary: string,
    env: Readonly<Record<string, string>>,
    folder: string,
    stop: () => Promise<void>,
  ) {
    this.#binary = binary;
    this.#env = env;
    this.folder = folder;
    this.stop = stop;
  }

  /** @param env beside PATH and HOME: identities, credentials. */
  static async start(env: Readonly<Record<string, string>> = {}): Promise<StockSops> {
    const { sops } = await ensureRealComponents(["sops"]);
    const scratch = await makeScratchFolder("stock-sops");
    return new StockSops(sops, env, scratch.path, () => scratch.remove());
  }

  /**
   * Runs it in its folder, to its end.
   * @param env on top of what it was started with.
   */
  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
    const base = { PATH: process.env["PATH"], HOME: this.folder, AWS_EC2_METADATA_DISABLED: "true" };
    return runProgram(this.#binary, args, { cwd: this.folder, env: { ...base, ...this.#env, ...env } });
  }

  /** Runs it and expects success. @returns what it printed. */
  async succeed(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, env);
    assert.equal(code, 0, `sops ${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  /** Writes a file of the folder. */
  async write(file: string, text: string | Uint8Array): Promise<void> {
    const path = join(this.folder, file);
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, text);
  }

  read(file: string): Promise<string> {
    return readFile(join(this.folder, file), "utf8");
  }

  /** Decrypts a text that is written to the file first. @returns what it printed. */
  async decrypt(file: string, text: string): Promise<string> {
    await this.write(file, text);
    return this.succeed(["decrypt", file]);
  }
}

/** Three people with an age identity each, for whom both sides encrypt, and who open everything. */
export class AgePeople {
  readonly recipients: readonly (SopsRecipient & { type: "age" })[];
  /** As the stock tool takes them in SOPS_AGE_KEY. */
  readonly keyText: string;
  readonly unwrapper: ReturnType<typeof sopsUnwrapper>;
  readonly wrapper = sopsWrapper({ kms: null, vault: null, now: () => new Date() });

  private constructor(recipients: readonly string[], keyText: string, identities: AgeIdentities) {
    this.recipients = recipients.map((recipient) => ({ type: "age", recipient }));
    this.keyText = keyText;
    this.unwrapper = sopsUnwrapper({ age: { identities, hint: "" }, kms: null, vault: null });
  }

  static async create(): Promise<AgePeople> {
    const people = await Promise.all([newAgeIdentity(), newAgeIdentity(), newAgeIdentity()]);
    const keyText = people.map(({ text }) => text).join("\n");
    const identities = await readAgeIdentities(new TextEncoder().encode(keyText), "the identities", null);
    return new AgePeople(
      people.map(({ recipient }) => recipient),
      keyText,
      identities,
    );
  }

  /** Opens a text of either side with ours. */
  open(text: string, format: SopsFormat = "yaml"): Promise<OpenedSops> {
    const where = `secret.${format}`;
    return openSopsDocuments(readSopsTree(text, format, where), { unwrapper: this.unwrapper, where, signal });
  }
}
