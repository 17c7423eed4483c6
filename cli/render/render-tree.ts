import { InputError, SealError } from "../../shared/errors.ts";
import { runAtMost } from "../../shared/seal/concurrently.ts";
import { requireDistinctSecrets } from "./distinct-secrets.ts";
import { readManifestFile } from "./manifest-file.ts";
import { isSopsStream, sopsStreams } from "./object-kind.ts";
import { renderDocument } from "./render-document.ts";
import type { Rendering } from "./render-sealed-secret.ts";
import type { SopsRendering } from "./render-sops.ts";
import type { ManifestFile, Rendered, RenderedFile } from "./rendered.ts";
import type { Source } from "./sources.ts";

/** Enough to keep private-key work and calls of key services going side by side. */
const AT_ONCE = 8;

/** What trees are rendered with. */
export type TreeRendering = Rendering & { sops: Pick<SopsRendering, "unwrapperFor" | "clusterId"> };

/** How a tree is rendered, beside what its objects are opened with. */
export type TreeOptions = {
  /** Whether nothing may go out sealed. */
  strict: boolean;
  /** Told, line by line, of what failed where more than one object did, of warnings, and of what is left sealed. */
  say: (line: string) => void;
};

/**
 * Opens all that is sealed in a tree of manifests.
 * @returns what came of every file, in their order; only when all went well.
 * @throws SealError when one object failed, its own; InputError when several did. Quotes no value.
 */
export async function renderTree(
  sources: readonly Source[],
  rendering: TreeRendering,
  { strict, say }: TreeOptions,
): Promise<RenderedFile[]> {
  const failures = new Failures();
  const files: (RenderedFile & { rendered: Rendered[] })[] = [];
  for (const source of sources) {
    const file = await failures.catch(() => readManifestFile(source));
    if (file !== null) files.push({ file, rendered: [] });
  }
  const works = files.flatMap(({ file, rendered }) =>
    unitsOf(file).map((indices) => async () => {
      const results = await failures.catch(() => renderUnit(file, indices, rendering));
      for (const [at, index] of indices.entries()) {
        const result = results?.[at];
        if (result === undefined) continue;
        if (strict) for (const why of result.left) failures.add(stillSealed(why));
        rendered[index] = result;
      }
      return true;
    }),
  );
  await runAtMost(AT_ONCE, works);
  failures.throwAny(say);
  if (works.length === 0) throw new InputError("no manifests in what was given", "name files that hold some");
  requireDistinctSecrets(files, rendering.places.fallback);
  for (const { warnings, left } of files.flatMap(({ rendered }) => rendered)) {
    for (const warning of warnings) say(`warning: ${warning}`);
    for (const why of left) say(`note: ${why}; left sealed, for a controller`);
  }
  return files;
}

/** Documents that open together: those of one SOPS stream, and each other one by itself. */
function unitsOf(file: ManifestFile): number[][] {
  const streams = sopsStreams(file.documents);
  const inStream = new Set(streams.flat());
  const alone = [...file.documents.keys()].filter((index) => !inStream.has(index)).map((index) => [index]);
  return [...streams, ...alone];
}

async function renderUnit(
  file: ManifestFile,
  indices: readonly number[],
  rendering: TreeRendering,
): Promise<readonly Rendered[]> {
  const documents = indices.flatMap((index) => file.documents[index] ?? []);
  const [first] = documents;
  if (first === undefined) return [];
  if (!isSopsStream(first.value)) return [await renderDocument(first, rendering)];
  const text = documents.map(({ start, end }) => file.text.slice(start, end)).join("");
  const { renderSops } = await import("./render-sops.ts");
  const stream = { documents, text, where: documents.length === 1 ? first.where : file.where };
  return renderSops(stream, { ...rendering, ...rendering.sops });
}

function stillSealed(why: string): InputError {
  return new InputError(
    `${why}; with --strict nothing goes out sealed`,
    "give what opens it; or leave out --strict, to hand it on to a controller",
  );
}

/** What went wrong with single objects, of which the others are none the wiser. */
class Failures {
  readonly #errors: SealError[] = [];

  /** @returns null where it failed. @throws what is no error of ours. */
  async catch<Result>(work: () => Promise<Result> | Result): Promise<Result | null> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      this.add(error);
      return null;
    }
  }

  add(error: SealError): void {
    this.#errors.push(error);
  }

  /** @throws the only one; or InputError for several, each of which is told before. */
  throwAny(say: TreeOptions["say"]): void {
    const [first, ...others] = this.#errors;
    if (first === undefined) return;
    if (others.length === 0) throw first;
    for (const { message, hint } of [first, ...others]) say(`failed ${message}; ${hint}`);
    throw new InputError(
      `${others.length + 1} objects cannot be rendered`,
      "correct what is named above; nothing was written",
    );
  }
}
