import type { Edit, Path } from "../../../shared/document/edit.ts";
import { METADATA_KEY } from "../../../shared/document/sops/metadata-tree.ts";
import { KIND, SEALING_KEY_ANNOTATION } from "../../../shared/resource.ts";
import { describeScope, scopeOf } from "../../../shared/scope.ts";
import { readSealingKeyHint, writeSealingKeyHint } from "../../../shared/sealing-key-hint.ts";
import { kindOf } from "../../document-kind.ts";
import { ABSENT, at, atPath, type Clash, isMap, isSame, mergeThreeWay, type ThreeWay } from "./three-way.ts";

/** An object as it stands on both sides, and before. */
export type Versions = { base: unknown; ours: unknown; theirs: unknown };

/** What comes of an object. */
export type ObjectMerge = {
  /** With our side where they clash. */
  merged: unknown;
  /** What makes ours into that; null when it is more than texts that change. */
  edits: Edit[] | null;
  clashes: Clash[];
  /** What a person has to know of the clashes, beside where they are. */
  words: string[];
  /** Nothing sealed is in it, and both sides changed it: lines decide. */
  isPlain?: true;
  /** Taken from one side as a whole or not at all: no mixture of both opens. */
  isIndivisible?: true;
};

const HINT: Path = ["metadata", "annotations", SEALING_KEY_ANNOTATION];
const ITEMS: Path = ["spec", "encryptedData"];

/** Merges the versions of one object: of a SealedSecret item by item, of others as far as one side alone changed them. */
export function mergeObject(versions: Versions): ObjectMerge {
  const { base, ours, theirs } = versions;
  if (isSame(ours, theirs) || isSame(base, theirs))
    return { merged: ours, edits: [], clashes: [], words: [] };
  const isSops = [base, ours, theirs].some((value) => isMap(at(value, METADATA_KEY)));
  if (isSops && isEncryptedAnewOnBothSides(versions)) {
    const words = "both sides encrypted values with sops, whose mac covers them together";
    return { ...whole(versions), words: [words], isIndivisible: true };
  }
  const areSealed = [ours, theirs].every((value) => kindOf(value) === KIND);
  if (areSealed) return mergeSealedSecret(versions);
  return isSame(base, ours)
    ? asEdits(mergeThreeWay(base, ours, theirs))
    : { ...whole(versions), isPlain: true };
}

function whole({ base, ours, theirs }: Versions): ObjectMerge {
  return { merged: ours, edits: null, clashes: [{ path: [], base, ours, theirs }], words: [] };
}

/** Of a SealedSecret the mac covers the items alone; of other documents it may cover all. */
function isEncryptedAnewOnBothSides({ base, ours, theirs }: Versions): boolean {
  const covered = (value: unknown): unknown =>
    kindOf(value) === KIND
      ? { items: known(atPath(value, ITEMS)), sops: known(at(value, METADATA_KEY)) }
      : known(value);
  return !isSame(covered(base), covered(ours)) && !isSame(covered(base), covered(theirs));
}

function known(value: unknown): unknown {
  return value === ABSENT ? null : value;
}

function mergeSealedSecret(versions: Versions): ObjectMerge {
  const bare = {
    base: withoutHint(versions.base),
    ours: withoutHint(versions.ours),
    theirs: withoutHint(versions.theirs),
  };
  const merge = mergeThreeWay(bare.base, bare.ours, bare.theirs);
  const apart = scopedApart(bare, merge.merged);
  const isApart = (path: Path) => apart.some((clash) => isSamePath(clash.path, path));
  const clashes = [...merge.clashes.filter(({ path }) => !isApart(path)), ...apart];
  const taken = merge.taken.flatMap((one) => withoutItems(one, isApart));
  const merged = apart.reduce((held, { path, ours }) => withValue(held, path, ours), merge.merged);
  const hint = mergedHint(versions, merged);
  const result = asEdits({ merged, taken, clashes });
  return {
    ...result,
    merged: hint === null ? withoutHint(result.merged) : withValue(result.merged, HINT, hint),
    edits: result.edits === null ? null : [...result.edits, ...hintEdits(versions.ours, hint)],
    words: apart.length === 0 ? [] : [scopeWords(versions)],
  };
}

/** Items that one side sealed for a scope that the other side changed: they would not open where the two come together. */
function scopedApart({ base, ours, theirs }: Versions, merged: unknown): Clash[] {
  const scope = scopeText(merged);
  const clashes: Clash[] = [];
  const items = [ours, theirs].flatMap((side) => keysOf(atPath(side, ITEMS)));
  for (const item of new Set(items)) {
    const path = [...ITEMS, item];
    const values = { base: atPath(base, path), ours: atPath(ours, path), theirs: atPath(theirs, path) };
    const isLost = (["ours", "theirs"] as const).some((name) => {
      const side = name === "ours" ? ours : theirs;
      const isItsOwn = !isSame(values[name], values.base) && values[name] !== ABSENT;
      return isItsOwn && isSame(atPath(merged, path), values[name]) && scopeText(side) !== scope;
    });
    if (isLost && !isSame(values.ours, values.theirs)) clashes.push({ path, ...values });
  }
  return clashes;
}

function scopeText(value: unknown): string {
  const metadata = at(value, "metadata");
  const text = (key: string) => {
    const held = at(metadata, key);
    return typeof held === "string" ? held : "";
  };
  const annotations = Object.entries(known(at(metadata, "annotations")) ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  const place = { namespace: text("namespace"), name: text("name") };
  return describeScope(scopeOf({ ...place, annotations: Object.fromEntries(annotations) }));
}

function scopeWords({ ours, theirs }: Versions): string {
  return `ours is sealed ${scopeText(ours)}, theirs ${scopeText(theirs)}: what one side sealed does not open in the scope of the other`;
}

/** The hint follows the items: of each, the word of the side it came from. */
function mergedHint({ ours, theirs }: Versions, merged: unknown): string | null {
  const items = keysOf(atPath(merged, ITEMS));
  const hints = [ours, theirs].map((side) => {
    const text = atPath(side, HINT);
    return readSealingKeyHint(typeof text === "string" ? { [SEALING_KEY_ANNOTATION]: text } : {}, items);
  });
  const of = new Map<string, string>();
  for (const item of items) {
    const isOurs = isSame(atPath(merged, [...ITEMS, item]), atPath(ours, [...ITEMS, item]));
    const fingerprint = hints[isOurs ? 0 : 1]?.get(item);
    if (fingerprint !== undefined) of.set(item, fingerprint);
  }
  return writeSealingKeyHint(of, items);
}

function hintEdits(ours: unknown, hint: string | null): Edit[] {
  const now = atPath(ours, HINT);
  if (now === (hint ?? ABSENT)) return [];
  return [hint === null ? { path: HINT, remove: true } : { path: HINT, value: hint }];
}

function withoutHint(value: unknown): unknown {
  return atPath(value, HINT) === ABSENT ? value : withValue(value, HINT, ABSENT);
}

/** A copy with another value at a path, or with nothing there. */
export function withValue(value: unknown, path: Path, inner: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return inner;
  const key = String(step);
  const map = isMap(value) ? value : {};
  const held = withValue(at(map, key), rest, inner);
  const others = Object.entries(map).map(([name, other]) => [name, name === key ? held : other] as const);
  const all = Object.hasOwn(map, key) ? others : [...others, [key, held] as const];
  return Object.fromEntries(all.filter(([, one]) => one !== ABSENT));
}

/** What is taken, without the items left out: a whole map of them may be taken at once. */
function withoutItems(
  { path, value }: ThreeWay["taken"][number],
  isLeftOut: (path: Path) => boolean,
): ThreeWay["taken"] {
  if (isLeftOut(path)) return [];
  if (!isMap(value)) return [{ path, value }];
  const kept = Object.entries(value).flatMap(([key, inner]) =>
    withoutItems({ path: [...path, key], value: inner }, isLeftOut),
  );
  const held = Object.keys(value).length;
  return kept.length === held && kept.every((one) => one.path.length === path.length + 1)
    ? [{ path, value }]
    : kept;
}

function asEdits({ merged, taken, clashes }: ThreeWay): ObjectMerge {
  const edits = taken.map(({ path, value }) => editsFor(path, value));
  const isText = edits.every((some) => some !== null) && clashes.every(isClashOfTexts);
  return { merged, edits: isText ? edits.flat().filter((edit) => edit !== null) : null, clashes, words: [] };
}

/** Whether texts, or nothing, stand where the sides clash. */
function isClashOfTexts({ ours, theirs }: Clash): boolean {
  return [ours, theirs].every((value) => value === ABSENT || typeof value === "string");
}

/** What sets a value, or removes it; null for one that edits cannot set. */
export function editsFor(path: Path, value: unknown): Edit[] | null {
  if (value === ABSENT) return [{ path, remove: true }];
  if (typeof value === "string") return [{ path, value }];
  if (!isMap(value) || Object.keys(value).length === 0) return null;
  const inner = Object.entries(value).map(([key, held]) => editsFor([...path, key], held));
  return inner.every((some) => some !== null) ? inner.flat().filter((edit) => edit !== null) : null;
}

function keysOf(value: unknown): string[] {
  return isMap(value) ? Object.keys(value) : [];
}

function isSamePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((step, index) => step === b[index]);
}
