import { InputError } from "../../shared/errors.ts";
import { sealSecret } from "../../shared/seal-secret.ts";
import type { SecretManifest } from "../../shared/secret.ts";
import { isSopsSealedSecret } from "../../shared/sops-sealed-secret/sops-form.ts";
import { clientNamespace } from "../cluster.ts";
import { inDocument } from "../in-document.ts";
import { requireFewSealings, requireNotReferenced } from "../merge-limits.ts";
import type { MergeMeans } from "../merge-means.ts";
import { mergeOne } from "../merge-one.ts";
import type { MergeTarget } from "../merge-target.ts";
import { writeResult } from "../output-folder.ts";
import { writtenProducts } from "../product.ts";
import { judgeScope, namespaceFor, showSealing } from "../sealing.ts";

/** Items to seal, by name. */
export type Items = ReadonlyMap<string, Uint8Array>;

/**
 * Seals items for a SealedSecret and puts them into its file's document; nothing is written yet.
 * @returns a line that tells of it.
 * @throws SealError when it cannot be done; nothing of the target is changed then.
 */
export async function setItems(target: MergeTarget, items: Items, means: MergeMeans): Promise<string> {
  const secret = secretOf(items);
  requireNotReferenced(target, secret);
  // Told before what else may be wrong, and before somebody is asked for a password of a key service.
  if (!isSopsSealedSecret(target.sealedSecret)) await means.key();
  const note = await mergeOne(target, secret, target.where, means);
  requireFewSealings(target);
  return note;
}

/**
 * Seals items for a new file, as YAML, or as JSON where its name says so; nothing is written yet.
 * @param type of the Secret; null for any.
 * @returns writes the file, and tells of it.
 * @throws SealError when nobody names the SealedSecret, or it cannot be sealed.
 */
export async function sealNewFile(
  path: string,
  items: Items,
  means: MergeMeans,
  type: string | null = null,
): Promise<() => void> {
  const { options, asked, io, notices } = means;
  if (options.name === null) throw noSuchFile(path);
  const secret = { ...secretOf(items), type };
  const found = await means.key();
  const key = await found.forTarget(path);
  judgeScope(key, secret, asked, path);
  const request = {
    sealer: key.sealer,
    clusterId: key.clusterId,
    scope: asked,
    name: options.name,
    namespace: await namespaceFor([{ secret, where: path }], asked, options, () =>
      clientNamespace(options, io),
    ),
    allowEmptyData: false,
  };
  const sealing = await inDocument(path, sealSecret(secret, path, request));
  const { sealedSecret: object } = sealing;
  const format = /\.json$/i.test(path) ? "json" : "yaml";
  const text = writtenProducts([{ object, write: key.write?.(object) }], format);
  return () => {
    writeResult(path, text, io.files, { makesFolder: false });
    showSealing(sealing, secret, key, notices);
  };
}

/** @throws InputError when a new file is to be made, and nobody says how its SealedSecret is called. */
export function requireNameForNew(path: string, name: string | null): void {
  if (name === null) throw noSuchFile(path);
}

function noSuchFile(path: string): InputError {
  return new InputError(
    `there is no file ${path}`,
    "name one with a SealedSecret; or give --name NAME, and --namespace, to make a new one",
  );
}

/** A Secret of which nothing is known but its items: name, place and scope are those of the SealedSecret. */
function secretOf(items: Items): SecretManifest {
  return {
    name: null,
    namespace: null,
    generateName: null,
    labels: {},
    annotations: {},
    droppedMetadata: [],
    type: null,
    immutable: null,
    items: new Map([...items].map(([item, bytes]) => [item, new Uint8Array(bytes)])),
  };
}
