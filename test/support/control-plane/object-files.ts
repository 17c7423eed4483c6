import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { asKubeObject, type KubeObject } from "./kube-object.ts";

/** Path of the SealedSecret definition this product ships. */
export const sealedSecretDefinitionFile = join(import.meta.dirname, "../../../crds/sealedsecrets.yaml");

/**
 * Reads every object of a YAML file.
 * @throws Error when a document is no Kubernetes object.
 */
export async function readObjects(path: string): Promise<KubeObject[]> {
  const documents = parseAllDocuments(await readFile(path, "utf8"));
  if (!Array.isArray(documents)) throw new Error(`${path} is empty`);
  const values = documents.map((document): unknown => {
    if (document.errors.length > 0) throw new Error(`${path}: ${document.errors[0]?.message}`);
    return document.toJS();
  });
  return values.filter((value) => value !== null).map(asKubeObject);
}
