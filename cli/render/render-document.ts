import { isList, objectsOf } from "../../shared/document/read-documents.ts";
import { InputError } from "../../shared/errors.ts";
import {
  asManifest,
  isSealedSecret,
  isSecret,
  isSopsStream,
  type Manifest,
  requireNoLostValues,
  requireNothingHidden,
} from "./object-kind.ts";
import { plainJson } from "./plain-json.ts";
import type { Rendering } from "./render-sealed-secret.ts";
import { AS_WRITTEN, leftSealed, type ManifestDocument, type Rendered } from "./rendered.ts";

/**
 * Makes the plain form of one document that is none of SOPS: an object, or a list of them.
 * @throws SealError when it is no manifest, or does not open.
 */
export async function renderDocument(
  { value, where }: Pick<ManifestDocument, "value" | "where">,
  rendering: Rendering,
): Promise<Rendered> {
  const objects = objectsOf(value, where);
  const results: Rendered[] = [];
  for (const object of objects) results.push(await renderObject(object, rendering));
  const [only = AS_WRITTEN] = results;
  if (!isList(value)) return only;
  const isOpened = results.some((result) => result.objects !== null);
  return {
    objects: isOpened ? results.flatMap((result, index) => result.objects ?? written(objects[index])) : null,
    warnings: results.flatMap(({ warnings }) => warnings),
    left: results.flatMap(({ left }) => left),
  };
}

/** Makes the plain form of one object. @throws SealError as `renderDocument`. */
export async function renderObject(
  { value, where }: Pick<ManifestDocument, "value" | "where">,
  rendering: Rendering,
): Promise<Rendered> {
  const manifest = asManifest(value, where);
  if (isSealedSecret(manifest)) {
    // Loaded with the first: a tree of SOPS documents has none.
    const { renderSealedSecret } = await import("./render-sealed-secret.ts");
    return renderSealedSecret(manifest, where, rendering);
  }
  if (isSopsStream(manifest)) return sopsItem(manifest, where);
  requireNothingHidden(manifest, where);
  if (isSecret(manifest)) requireNoLostValues(manifest, where);
  return AS_WRITTEN;
}

/** SOPS knows whole files: an item of a list has nothing that its MAC could be held against. */
function sopsItem(manifest: Manifest, where: string): Rendered {
  if (!isSecret(manifest)) return leftSealed(`${where} is a SOPS document of kind ${manifest.kind}`);
  throw new InputError(
    `${where} is a SOPS document, and no list can hold one`,
    "write it as a document of its own, as sops wrote it",
  );
}

/** An item of a list that comes item by item. */
function written(object: { value: unknown; where: string } | undefined): object[] {
  return object === undefined ? [] : [plainJson(object.value, object.where) as object];
}
