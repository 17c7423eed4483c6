import { annotatedScopeKind } from "../../shared/scope.ts";
import { PROJECT_FILE } from "../project/project-folders.ts";
import { CREATION_RULES } from "./creation-rules.ts";
import type { RuleName } from "./finding.ts";
import { type LocatedMap, type LocatedNode, listsOf, mapsOf, textOf } from "./located-tree.ts";
import { type Chunk, chunksOf, OBJECT_MARKS, readChunk } from "./manifest-text.ts";
import { sopsBlockOf } from "./sops-rules.ts";

/** A change that reviewers should know of. */
export type Change = { rule: RuleName; at: number; object: string | null; what: string };

/** What is compared of one thing in a file: texts by what they say of it. */
type Aspects = {
  at: number;
  object: string | null;
  who: string[];
  scope: string;
  carries: Map<string, string>;
};

/**
 * What differs between two versions of a file of what decides who can decrypt, where values open, and what a Secret carries.
 * Names, recipients and keys of metadata are told, as they are public; other values are not.
 */
export function changesBetween(path: string, before: string, after: string): Change[] {
  const isNamed = (name: string) => path === name || path.endsWith(`/${name}`);
  if (isNamed(PROJECT_FILE)) return pinChanges(before, after);
  const isRules = isNamed(CREATION_RULES);
  if (!isRules && !OBJECT_MARKS.test(before) && !OBJECT_MARKS.test(after)) return [];
  if (open(before) === open(after)) return [];
  const [old, now] = [aspectsOf(before, isRules), aspectsOf(after, isRules)];
  const changes: Change[] = [];
  for (const [name, aspects] of now) {
    const was = old.get(name);
    if (was !== undefined) changes.push(...compare(was, aspects));
  }
  for (const [name, { who }] of old) {
    if (!now.has(name) && name === RULES_NAME && who.length > 0)
      changes.push({ rule: "changed-recipients", at: 0, object: null, what: "the creation rules are gone" });
  }
  return changes;
}

/** Of a project file: the certificates that it pins, and which files are sealed for whom. */
function pinChanges(before: string, after: string): Change[] {
  const pinsIn = (text: string) =>
    chunksOf(text)
      .flatMap(read)
      .flatMap((node) => (node.kind === "map" ? textsBelow(node, "") : []))
      .filter((one) => /^(?:clusters|rules)\b/.test(one));
  const [was, now] = [pinsIn(before), pinsIn(after)];
  const parts = [
    ...now.filter((one) => !was.includes(one)).map((one) => `+ ${one}`),
    ...was.filter((one) => !now.includes(one)).map((one) => `- ${one}`),
  ];
  if (parts.length === 0) return [];
  const what = `for whom is sealed here has changed: ${parts.join(", ")}`;
  return [{ rule: "changed-pin", at: 0, object: null, what }];
}

function textsBelow(node: LocatedNode, path: string): string[] {
  if (node.kind === "list") return node.items.flatMap((item, at) => textsBelow(item, `${path}[${at}]`));
  if (node.kind === "map")
    return node.entries.flatMap(({ key, value }) =>
      key === null ? [] : textsBelow(value, path === "" ? key : `${path}.${key}`),
    );
  return [`${path} ${node.text}`];
}

const RULES_NAME = "creation rules";

/** The text without what is encrypted, which alone changes as a rule. */
function open(text: string): string {
  return text.replace(/[A-Za-z0-9+/=]{60,}/g, "").replace(/ENC\[[^[\]\r\n]*\]/g, "");
}

function compare(was: Aspects, now: Aspects): Change[] {
  const { at, object } = now;
  const of = object === null ? "" : `${object}: `;
  const changes: Change[] = [];
  const gained = now.who.filter((one) => !was.who.includes(one));
  const lost = was.who.filter((one) => !now.who.includes(one));
  if (gained.length + lost.length > 0) {
    const parts = [...gained.map((one) => `+ ${one}`), ...lost.map((one) => `- ${one}`)];
    changes.push({
      rule: "changed-recipients",
      at,
      object,
      what: `${of}who can decrypt has changed: ${parts.join(", ")}`,
    });
  }
  if (was.scope !== now.scope)
    changes.push({
      rule: "changed-scope",
      at,
      object,
      what: `${of}the scope was ${was.scope} and is ${now.scope}`,
    });
  const names = new Set([...was.carries.keys(), ...now.carries.keys()]);
  const changed = [...names].filter((name) => was.carries.get(name) !== now.carries.get(name));
  if (changed.length > 0)
    changes.push({
      rule: "changed-template",
      at,
      object,
      what: `${of}the template has changed: ${changed.sort().join(", ")}`,
    });
  return changes;
}

function aspectsOf(text: string, isRules: boolean): Map<string, Aspects> {
  const found = new Map<string, Aspects>();
  for (const chunk of chunksOf(text)) {
    const documents = read(chunk);
    for (const document of documents) {
      if (isRules) {
        const who = recipientsIn(document, "");
        found.set(RULES_NAME, { at: document.at, object: null, who, scope: "", carries: new Map() });
      } else takeObjects(document, null, found);
    }
  }
  return found;
}

function read(chunk: Chunk): LocatedNode[] {
  return readChunk(chunk) ?? [];
}

function takeObjects(node: LocatedNode, inherited: LocatedMap | null, found: Map<string, Aspects>): void {
  if (node.kind !== "map") return;
  for (const item of listsOf(node, "items").flatMap(({ items }) => items)) takeObjects(item, null, found);
  const block = sopsBlockOf(node) ?? inherited;
  const kind = textOf(node, "kind");
  if (block === null && kind !== "SealedSecret") return;
  const [metadata] = mapsOf(node, "metadata");
  const [name, namespace] =
    metadata === undefined ? [null, null] : [textOf(metadata, "name"), textOf(metadata, "namespace")];
  const place = `${namespace ?? ""}/${name ?? ""}`;
  const object = kind === null ? null : `${kind} ${JSON.stringify(place.replace(/^\//, ""))}`;
  const aspects: Aspects = { at: node.at, object, who: [], scope: "", carries: new Map() };
  if (block !== null) aspects.who.push(...recipientsIn(block, ""));
  if (kind === "SealedSecret") {
    const annotations = metadata === undefined ? [] : mapsOf(metadata, "annotations");
    aspects.scope = annotatedScopeKind(Object.fromEntries(annotations.flatMap(textsOf)));
    for (const spec of mapsOf(node, "spec")) {
      for (const sealed of mapsOf(spec, "encryptedData").flatMap(textsOf)) {
        const key = /^(kms:\d+:.*|vault:\d+:[^:]*):(?:[^:]*:[^:]*|vault:.*)$/s.exec(sealed[1])?.[1];
        if (key !== undefined && !aspects.who.includes(key)) aspects.who.push(key);
      }
      for (const template of mapsOf(spec, "template")) takeTemplate(template, aspects.carries);
    }
  }
  found.set(`${kind ?? ""} ${place}`, aspects);
}

function takeTemplate(template: LocatedMap, carries: Map<string, string>): void {
  for (const field of ["type", "immutable"]) {
    const text = textOf(template, field);
    if (text !== null) carries.set(field, text);
  }
  for (const metadata of mapsOf(template, "metadata")) {
    for (const field of ["labels", "annotations"])
      for (const [key, text] of mapsOf(metadata, field).flatMap(textsOf))
        carries.set(`${field} ${key}`, text);
  }
}

function textsOf(map: LocatedMap): [string, string][] {
  return map.entries.flatMap(({ key, value }) =>
    key !== null && value.kind === "scalar" ? [[key, value.text] as [string, string]] : [],
  );
}

/** What changes with every edit, and what is wrapped. */
const NOT_WHO = /^(?:enc|mac|lastmodified|created_at|version|stores)$/;

/** Recipients, rules and thresholds in a sops block or in creation rules, each with the path to it. */
function recipientsIn(node: LocatedNode, path: string): string[] {
  if (node.kind === "list") return node.items.flatMap((item) => recipientsIn(item, path));
  if (node.kind === "map")
    return node.entries.flatMap(({ key, value }) =>
      key === null || NOT_WHO.test(key) ? [] : recipientsIn(value, path === "" ? key : `${path}.${key}`),
    );
  return node.text
    .split(/[,\s]+/)
    .filter((part) => part !== "")
    .map((part) => `${path.replace(/^creation_rules\./, "")} ${part}`);
}
