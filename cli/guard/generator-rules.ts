import {
  isNothing,
  type LocatedMap,
  listsOf,
  mapsOf,
  readLocated,
  textOf,
  valuesOf,
} from "./located-tree.ts";
import { isPlain } from "./plain-text.ts";
import type { GeneratorInput, Walk } from "./walk.ts";

/** Generators that are objects of their own: Kustomize's, and ours. */
const STANDING_ALONE: ReadonlySet<string> = new Set(["SecretGenerator", "SealedSecretGenerator"]);

/** Looks at what a Kustomization generates Secrets from, or a generator that stands by itself. */
export function judgeGenerators(map: LocatedMap, walk: Walk): void {
  for (const generator of listsOf(map, "secretGenerator").flatMap(({ items }) => items))
    if (generator.kind === "map") judgeGenerator(generator, textOf(generator, "name"), walk);
  if (!STANDING_ALONE.has(textOf(map, "kind") ?? "")) return;
  const [metadata] = mapsOf(map, "metadata");
  judgeGenerator(map, metadata === undefined ? null : textOf(metadata, "name"), walk);
}

function judgeGenerator(map: LocatedMap, name: string | null, walk: Walk): void {
  const generator = `secretGenerator${name === null ? "" : ` ${JSON.stringify(name)}`}`;
  for (const literal of listsOf(map, "literals").flatMap(({ items }) => items)) {
    if (literal.kind !== "scalar") continue;
    const [, key = "", value = ""] = /^([^=]*)=(.*)$/s.exec(literal.text) ?? [];
    if (!isPlain(value.replace(/^(["'])(.*)\1$/s, "$2"))) continue;
    walk.report({
      rule: "secret-generator",
      at: literal.at,
      end: literal.end,
      within: [map.at],
      object: generator,
      item: key,
      what: `${generator}: the literal ${key} stands in plain text`,
    });
  }
  const take = (kind: GeneratorInput["kind"], field: string) => {
    for (const node of valuesOf(map, field).flatMap((value) =>
      value.kind === "list" ? value.items : [value],
    )) {
      if (node.kind !== "scalar" || isNothing(node)) continue;
      const path = kind === "file" ? node.text.replace(/^[^=/]*=/, "") : node.text;
      walk.takes({ kind, path, generator, at: node.at });
    }
  };
  take("env", "env");
  take("env", "envs");
  take("file", "files");
}

/** Looks at a JSON patch of Kustomize whose target is a Secret. Patches that are manifests are looked at as such. */
export function judgePatch(map: LocatedMap, walk: Walk): void {
  const target = mapsOf(map, "target").find((found) => textOf(found, "kind") === "Secret");
  const patch = textOf(map, "patch");
  if (target === undefined || patch === null) return;
  const object = `patch of Secret${textOf(target, "name") === null ? "" : ` ${JSON.stringify(textOf(target, "name"))}`}`;
  for (const document of readLocated(patch) ?? []) {
    for (const operation of document.kind === "list" ? document.items : []) {
      if (operation.kind !== "map") continue;
      const item = /^\/((?:data|stringData)(?:\/.*)?)$/s.exec(textOf(operation, "path") ?? "")?.[1];
      if (item === undefined || !valuesOf(operation, "value").some(holdsPlain)) continue;
      const what = `${object}: ${item} stands in plain text`;
      walk.report({ rule: "plain-secret", at: map.at, end: map.at, within: [], object, item, what });
    }
  }
}

function holdsPlain(value: ReturnType<typeof valuesOf>[number]): boolean {
  if (value.kind === "map") return value.entries.some((entry) => holdsPlain(entry.value));
  if (value.kind === "list") return value.items.some(holdsPlain);
  return !isNothing(value) && isPlain(value.text);
}
