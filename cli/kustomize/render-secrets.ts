import { utf8 } from "../../shared/bytes.ts";
import { editDocument } from "../../shared/document/edit-document.ts";
import { toYaml } from "../../shared/document/to-yaml.ts";
import { InputError, SealError } from "../../shared/errors.ts";
import { runAtMost } from "../../shared/seal/concurrently.ts";
import { readArguments } from "../arguments.ts";
import type { Io } from "../io.ts";
import { requireDistinctSecrets } from "../render/distinct-secrets.ts";
import { plainObjects } from "../render/manifest-file.ts";
import { isSopsStream } from "../render/object-kind.ts";
import { renderOptions } from "../render/render-options.ts";
import { renderTree, type TreeRendering } from "../render/render-tree.ts";
import type { RenderedFile } from "../render/rendered.ts";
import { readSources, type Source } from "../render/sources.ts";
import { type RenderingOptions, userRendering } from "../render/user-rendering.ts";
import { annotationsOf, buildAnnotations, renderedAnnotations, withAnnotations } from "./build-marks.ts";
import type { RenderSecretsConfig } from "./function-config.ts";
import { requireInside } from "./paths-inside.ts";
import { toldAsRenamed } from "./renamed.ts";
import type { ListItem } from "./resource-list.ts";

const AT_ONCE = 8;

/** What tells people what was done. */
export type Say = (line: string) => void;

/**
 * As a generator: the plain form of what lies in the files of the configuration.
 * @returns the objects' texts.
 * @throws SealError as rendering does; InputError when it names no files, or some outside of its folder.
 */
export async function renderFiles(config: RenderSecretsConfig, io: Io, say: Say): Promise<string[]> {
  const { files, where, needsHash, behaviour } = config;
  if (files.length === 0) {
    throw new InputError(
      `${where} names no files, and as a generator it gets no other objects`,
      "add files: [FILE], or name it under transformers",
    );
  }
  requireInside(files, where, io);
  const sources = readSources(files, io);
  const rendered = await withRendering(config, io, (rendering) =>
    renderTree(sources, rendering, { strict: false, say: config.leaveSealed ? say : warningsOf(say) }),
  );
  requireNothingLeft(rendered, config);
  return rendered.flatMap(({ file, rendered: results }) =>
    file.documents.flatMap((document, index) => {
      const result = results[index];
      const objects = plainObjects([
        { file: { ...file, documents: [document] }, rendered: result ? [result] : [] },
      ]);
      if (result?.objects == null) return objects.map(toYaml);
      const sealed = annotationsOf(document.value);
      return objects.map((object) => {
        const annotations = renderedAnnotations(annotationsOf(object), sealed, "generator", {
          needsHash,
          behaviour,
        });
        return toYaml(withAnnotations(object, annotations));
      });
    }),
  );
}

/**
 * As a transformer: all objects of the build, sealed ones in plain.
 * @returns the objects' texts, in their order.
 * @throws SealError when one does not open, or may not; InputError when several do not, each of which is told before.
 */
export async function renderItems(
  config: RenderSecretsConfig,
  items: readonly ListItem[],
  io: Io,
  say: Say,
): Promise<string[]> {
  if (config.files.length > 0) {
    throw new InputError(
      `${config.where} names files, which only a generator adds to a build`,
      "name it under generators; and one without files under transformers, if there must be both",
    );
  }
  const works = items.map((item) => ({
    item,
    file: null as RenderedFile | null,
    error: null as SealError | null,
  }));
  await withRendering({ ...config, namespace: null }, io, (rendering) =>
    runAtMost(
      AT_ONCE,
      works.map((work) => async () => {
        try {
          work.file = await renderItem(work.item, config, rendering, say);
        } catch (error) {
          if (!(error instanceof SealError)) throw error;
          work.error = toldAsChanged(error, work.item);
        }
        return true;
      }),
    ),
  );
  requireNoErrors(
    works.flatMap(({ error }) => error ?? []),
    say,
  );
  requireDistinctSecrets(
    works.flatMap(({ file }) => file ?? []),
    null,
  );
  return works.flatMap(({ item, file }) => {
    const objects = file?.rendered[0]?.objects ?? null;
    if (objects === null) return [item.text];
    return objects.map((object) => {
      const asked = { needsHash: config.needsHash, behaviour: null };
      const annotations = renderedAnnotations(
        annotationsOf(object),
        annotationsOf(item.value),
        "transformer",
        asked,
      );
      return toYaml(withAnnotations(object, annotations));
    });
  });
}

async function renderItem(
  item: ListItem,
  config: RenderSecretsConfig,
  rendering: TreeRendering,
  say: Say,
): Promise<RenderedFile | null> {
  const source: Source = { where: item.where, bytes: utf8(withoutBuildMarks(item)) };
  const options = { strict: false, say: config.leaveSealed ? say : warningsOf(say) };
  const [file] = await renderTree([source], rendering, options);
  if (file === undefined) return null;
  requireNothingLeft([file], config);
  return file;
}

/** SOPS authenticates all of a document, and so what the build put into it must go. */
function withoutBuildMarks({ value, text, where }: ListItem): string {
  if (!isSopsStream(value)) return text;
  const annotations = annotationsOf(value);
  const marks = Object.keys(buildAnnotations(annotations));
  const all = ["metadata", "annotations"];
  const paths =
    marks.length === Object.keys(annotations).length ? [all] : marks.map((mark) => [...all, mark]);
  return editDocument(
    text,
    paths.map((path) => ({ path, remove: true as const })),
    where,
  );
}

function toldAsChanged(error: SealError, item: ListItem): SealError {
  if (!isSopsStream(item.value)) return toldAsRenamed(error, item);
  return new InputError(
    `${error.message} (on its way through a build)`,
    `${error.hint}; kustomize sorts and changes what SOPS authenticates: name the file itself under files of a RenderSecrets generator, not under resources`,
    { cause: error },
  );
}

/** Work with what this user opens things with, as far as the configuration and the environment allow it. */
async function withRendering<Result>(
  config: RenderSecretsConfig,
  io: Io,
  work: (rendering: TreeRendering) => Promise<Result>,
): Promise<Result> {
  const { rendering, close } = await userRendering(optionsOf(config, io), true, io);
  try {
    return await work(rendering);
  } finally {
    await close();
  }
}

/** Keys are named by whoever runs the build, in variables: never by its files. */
function optionsOf(config: RenderSecretsConfig, io: Io): RenderingOptions {
  const { options } = readArguments(renderOptions, [], io.env);
  const bound = options["allow-namespace"].flatMap((text) => text.split(","));
  const beyond = config.allowNamespaces.find((namespace) => bound.length > 0 && !bound.includes(namespace));
  if (beyond !== undefined) {
    throw new InputError(
      `${config.where}: allowNamespaces names ${JSON.stringify(beyond)}, which this build may not open`,
      "have whoever runs it name it in the variable SEALED_SECRETS_ALLOW_NAMESPACE, too, or take it out",
    );
  }
  return {
    ...options,
    "allow-namespace": [...config.allowNamespaces],
    "allow-cluster-wide": config.allowClusterWide,
    "allow-unbound": config.allowUnbound,
    namespace: config.namespace,
  };
}

function requireNothingLeft(
  files: readonly RenderedFile[],
  { leaveSealed, where }: RenderSecretsConfig,
): void {
  const [left] = files.flatMap(({ rendered }) => rendered.flatMap((result) => result.left));
  if (left === undefined || leaveSealed) return;
  throw new InputError(
    `${left}; ${where} leaves nothing sealed`,
    "name what opens it, as in the variable SEALED_SECRETS_KEY; or write leaveSealed: true, to hand it on to a controller",
  );
}

function requireNoErrors(errors: readonly SealError[], say: Say): void {
  const [first, ...others] = errors;
  if (first === undefined) return;
  if (others.length === 0) throw first;
  for (const { message, hint } of errors) say(`failed ${message}; ${hint}`);
  throw new InputError(`${errors.length} objects cannot be rendered`, "correct what is named above");
}

/** What is left sealed is told as an error. */
function warningsOf(say: Say): Say {
  return (line) => {
    if (!line.startsWith("note: ")) say(line);
  };
}
