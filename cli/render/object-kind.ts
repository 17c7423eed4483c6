import { InputError } from "../../shared/errors.ts";
import { API_VERSION, KIND } from "../../shared/resource.ts";

/** A parsed manifest. */
export type Manifest = Readonly<Record<string, unknown>> & { apiVersion: string; kind: string };

/**
 * Reads a document as an object for a cluster.
 * @throws InputError for what is none: it names no kind, or is for a tool that makes manifests, or is a list that hides
 *   what is sealed.
 */
export function asManifest(value: unknown, where: string): Manifest {
  if (!isMap(value) || !isText(value["apiVersion"]) || !isText(value["kind"])) {
    throw new InputError(
      `${where} is no manifest: it has no apiVersion and kind`,
      "name the manifests, or a folder with nothing else in it",
    );
  }
  const manifest = value as Manifest;
  if (/^kustomize\.config\.k8s\.io\//.test(manifest.apiVersion)) {
    throw new InputError(
      `${where} is for kustomize, which makes manifests of the files that it names`,
      "have it make them: kustomize build FOLDER | signet render -",
    );
  }
  return manifest;
}

/** Whether it is one of our resources, in whatever version. */
export function isSealedSecret({ apiVersion, kind }: Manifest): boolean {
  return kind === KIND && apiVersion.split("/")[0] === API_VERSION.split("/")[0];
}

/** Whether it is a Secret of Kubernetes itself. */
export function isSecret({ apiVersion, kind }: Manifest): boolean {
  return kind === "Secret" && apiVersion === "v1";
}

/**
 * Whatever has items counts as a list to kubectl, whatever it is called, and they may be lists in turn.
 * @throws InputError when something sealed is among them, since it would go out unseen.
 */
export function requireNothingHidden(manifest: Manifest, where: string): void {
  const lists = [manifest["items"]];
  for (let items = lists.pop(); items !== undefined; items = lists.pop()) {
    if (!Array.isArray(items)) continue;
    for (const item of (items as unknown[]).filter(isMap)) {
      if (item["kind"] === KIND || isMap(item["sops"])) {
        throw new InputError(
          `${where} has a sealed object among its items, and is no List`,
          "write it as a document of its own, or as an item of a List",
        );
      }
      if ("items" in item) lists.push(item["items"]);
    }
  }
}

/**
 * Values that SOPS encrypted and that lost what opens them would go out as if they were the plain ones.
 * @throws InputError naming the first such item of a Secret.
 */
export function requireNoLostValues(secret: Manifest, where: string): void {
  for (const field of ["data", "stringData"]) {
    const items = secret[field];
    if (!isMap(items)) continue;
    const lost = Object.keys(items).find((item) => isLost(items[item]));
    if (lost === undefined) continue;
    throw new InputError(
      `${where}: ${field}.${lost} is encrypted by SOPS, and the document has no sops to open it by`,
      "take the file as sops wrote it, with its sops at the end",
    );
  }
}

function isLost(value: unknown): boolean {
  return typeof value === "string" && value.startsWith("ENC[AES256_GCM,");
}

/** Whether a document is one of SOPS that opens by its text: SealedSecrets, which open by their values, are not among them. */
export function isSopsStream(value: unknown): boolean {
  return isMap(value) && value["kind"] !== KIND && isMap(value["sops"]);
}

/**
 * SOPS encrypts all documents of a file together: those that follow each other and have the same MAC are one stream.
 * @param documents of one file.
 * @returns the indices of each stream.
 */
export function sopsStreams(documents: readonly { value: unknown }[]): number[][] {
  const streams: number[][] = [];
  let before: string | null = null;
  for (const [index, { value }] of documents.entries()) {
    const mac = isSopsStream(value) ? macOf(value) : null;
    if (isSopsStream(value)) {
      const last = streams.at(-1);
      if (last !== undefined && mac !== null && mac === before) last.push(index);
      else streams.push([index]);
    }
    before = mac;
  }
  return streams;
}

function macOf(value: unknown): string | null {
  const sops = isMap(value) ? value["sops"] : undefined;
  const mac = isMap(sops) ? sops["mac"] : undefined;
  return isText(mac) ? mac : null;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
