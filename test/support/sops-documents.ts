import { type EncryptingOptions, encryptSopsDocuments } from "../../shared/document/sops/encrypt-document.ts";
import { type OpenedSops, openSopsDocuments } from "../../shared/document/sops/open-document.ts";
import { readSopsTree } from "../../shared/document/sops/read-tree.ts";
import type { SopsMap } from "../../shared/document/sops/tree.ts";
import { writeSopsTree } from "../../shared/document/sops/write-tree.ts";
import { PlainSopsKeys } from "./plain-sops-keys.ts";

/** Never aborted. */
export const patience = new AbortController().signal;

/** The time at which documents of tests are encrypted, and how their metadata has it. */
export const ENCRYPTED_AT = new Date("2026-01-02T03:04:05.678Z");

export const yamlTree = (text: string): SopsMap[] => readSopsTree(text, "yaml", "secret.yaml");
export const yamlText = (documents: readonly SopsMap[]): string => writeSopsTree(documents, "yaml");

/** Encrypts YAML for one plain age key, by the default rule unless the options say otherwise. */
export async function encryptedTree(
  text: string,
  keys: PlainSopsKeys,
  options: Partial<EncryptingOptions> = {},
): Promise<SopsMap[]> {
  return encryptSopsDocuments(yamlTree(text), {
    groups: [[{ type: "age", recipient: "age1a" }]],
    shamirThreshold: 0,
    selection: { rule: "default" },
    macOnlyEncrypted: false,
    wrapper: keys,
    now: ENCRYPTED_AT,
    signal: patience,
    ...options,
  });
}

/** As `encryptedTree`, but as text. */
export async function encryptedYaml(text: string, options: Partial<EncryptingOptions> = {}): Promise<string> {
  return yamlText(await encryptedTree(text, new PlainSopsKeys(), options));
}

/** Opens encrypted YAML. */
export async function openYaml(text: string, keys = new PlainSopsKeys()): Promise<OpenedSops> {
  return openSopsDocuments(yamlTree(text), { unwrapper: keys, where: "secret.yaml", signal: patience });
}

/** Opens encrypted YAML and writes what came out, without metadata. */
export async function openedYaml(text: string): Promise<string> {
  return yamlText((await openYaml(text)).documents);
}
