import type { SopsUnwrapper } from "../../shared/document/sops/key-services.ts";
import type { OpenedSops } from "../../shared/document/sops/open-document.ts";
import { SCOPE_ITEM } from "../../shared/document/sops/scope-item.ts";
import type { SopsMap } from "../../shared/document/sops/tree.ts";
import { InputError } from "../../shared/errors.ts";
import { annotatedScopeKind, describeScope, type ScopeKind, scopeAt } from "../../shared/scope.ts";
import type { SecretGates } from "../../shared/secret-gates.ts";
import { scopeDifferences } from "../../shared/sops-sealed-secret/scope-difference.ts";
import { requireAllowed } from "./allowed-secret.ts";
import { type PermittedPlaces, requirePermitted } from "./permitted-places.ts";
import { leftSealed, type ManifestDocument, type Rendered } from "./rendered.ts";
import { ITEM_FIELDS, readSopsSecret, secretNodes } from "./sops-secret.ts";

/** What SOPS documents are opened with, and what may be opened and made. */
export type SopsRendering = {
  /** Who unwraps the data keys of what stands in a namespace; empty where nobody says it. */
  unwrapperFor: (namespace: string) => SopsUnwrapper;
  /** Asked once a document says which cluster it is for. */
  clusterId: () => Promise<string>;
  places: PermittedPlaces;
  gates: SecretGates;
};

/** The documents of one SOPS stream, which open together; `text` is all of them. */
export type SopsStream = { documents: readonly ManifestDocument[]; text: string; where: string };

/**
 * Opens the Secrets of a SOPS stream. What its clear text says is judged before any key is used, and what lay encrypted
 * before anything is given out.
 * @returns one for each document; all `left` where they say that they are no Secrets.
 * @throws SealError when they may not be opened, or do not open; never quotes a value.
 */
export async function renderSops(stream: SopsStream, rendering: SopsRendering): Promise<Rendered[]> {
  const { documents, text, where } = stream;
  const kinds = documents.map(({ value }) => clearText(fieldOf(value, "kind")));
  if (kinds.every((kind) => kind !== null && !OPENED_KINDS.has(kind))) {
    const why = `${where} is a SOPS document of kind ${kinds[0]}, and only Secrets are opened`;
    return documents.map(() => leftSealed(why));
  }
  const namespaces = documents.map((document) => judgeClearText(document, rendering.places));
  const [{ readSopsTree }, { openSopsDocuments }] = await Promise.all([
    import("../../shared/document/sops/read-tree.ts"),
    import("../../shared/document/sops/open-document.ts"),
  ]);
  const encrypted = readSopsTree(text, documents[0]?.format ?? "yaml", where);
  const unwrapper = rendering.unwrapperFor(namespaces[0] ?? "");
  const { signal } = new AbortController();
  const opened = await openSopsDocuments(encrypted, { unwrapper, where, signal });
  try {
    return await secretsOf(opened, stream, rendering);
  } finally {
    opened.wipe();
  }
}

/** Kinds of which a SOPS document may hold Secrets. */
const OPENED_KINDS: ReadonlySet<string> = new Set(["Secret", "List", "SecretList"]);

/** What can be known before anybody is asked. @returns the namespace, as far as it stands in clear. */
function judgeClearText({ value, where }: ManifestDocument, places: PermittedPlaces): string {
  const metadata = fieldOf(value, "metadata");
  const kind = clearText(fieldOf(value, "kind"));
  if (!saysScope(value) && kind !== "List" && kind !== "SecretList") requireUnbound(where, places);
  const [name, namespace] = ["name", "namespace"].map((field) => fieldOf(metadata, field));
  if (isEncrypted(namespace) || (kind !== "Secret" && namespace === undefined)) return "";
  const stated = { namespace: clearText(namespace) ?? "", name: clearText(name) ?? "" };
  return requirePermitted(stated, "strict", where, places);
}

function requireUnbound(where: string, { unbound }: PermittedPlaces): void {
  if (unbound) return;
  throw new InputError(
    `${where}: the SOPS document does not say where it may be opened`,
    "if whoever can change it may have its values, permit such documents with --allow-unbound; signet convert --allow-unbound binds them",
  );
}

async function secretsOf(
  { documents }: OpenedSops,
  stream: SopsStream,
  rendering: SopsRendering,
): Promise<Rendered[]> {
  if (documents.length !== stream.documents.length) {
    throw new InputError(
      `${stream.where} has empty documents among those that SOPS encrypted`,
      "remove them with sops",
    );
  }
  const rendered: Rendered[] = [];
  for (const [index, { value, where }] of stream.documents.entries()) {
    const document = documents[index];
    if (document !== undefined) rendered.push(await openedSecrets(document, { value, where }, rendering));
  }
  return rendered;
}

async function openedSecrets(
  document: SopsMap,
  encrypted: { value: unknown; where: string },
  rendering: SopsRendering,
): Promise<Rendered> {
  const objects: object[] = [];
  const warnings: string[] = [];
  for (const { node, where } of secretNodes(document, encrypted.where)) {
    const { object, manifest, scopeText, emptyItems } = readSopsSecret(node, where);
    const stated = { namespace: manifest.namespace ?? "", name: manifest.name ?? "" };
    const kind = annotatedScopeKind(manifest.annotations);
    // Of a list the items lie too deep to be looked for before.
    const isBound = scopeText !== null && node === document && saysScope(encrypted.value);
    if (!isBound) requireUnbound(where, rendering.places);
    const namespace = requirePermitted(stated, isBound ? kind : "strict", where, rendering.places);
    const place = { namespace, name: stated.name };
    if (isBound) await requireOwnPlace(scopeText, kind, place, where, rendering);
    requireAllowed({ ...manifest, ...place }, where, rendering.gates);
    const metadata = { ...object.metadata, ...(namespace === "" ? {} : { namespace }) };
    objects.push({ ...object, metadata });
    if (emptyItems.length > 0)
      warnings.push(`${where}: SOPS does not authenticate what is empty: ${emptyItems.join(", ")}`);
  }
  return { objects, warnings, left: [] };
}

async function requireOwnPlace(
  text: string,
  kind: ScopeKind,
  place: { namespace: string; name: string },
  where: string,
  { clusterId }: SopsRendering,
): Promise<void> {
  const scope = scopeAt(kind, place);
  const parts = scopeDifferences(text, await clusterId(), scope);
  if (parts.length === 0) return;
  throw new InputError(
    parts.includes("form")
      ? `${where}: its item ${SCOPE_ITEM} says no place`
      : `${where} was encrypted for another place, and differs in ${parts.join(", ")}: it stands for ${describeScope(scope)}`,
    "put it where it was made for, or encrypt the Secret again for this place",
  );
}

/** Whether the item that says where it may be opened lies encrypted, so that nobody could write it who cannot open it. */
function saysScope(value: unknown): boolean {
  return ITEM_FIELDS.some((field) => isEncrypted(fieldOf(fieldOf(value, field), SCOPE_ITEM)));
}

function fieldOf(value: unknown, field: string): unknown {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  return isMap && Object.hasOwn(value, field) ? (value as Record<string, unknown>)[field] : undefined;
}

function isEncrypted(value: unknown): boolean {
  return typeof value === "string" && value.startsWith("ENC[");
}

function clearText(value: unknown): string | null {
  return typeof value === "string" && !isEncrypted(value) ? value : null;
}
