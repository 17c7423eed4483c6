import { type Allowance, allowanceAt, firstContentLine } from "./allow-comments.ts";
import { FileLines } from "./file-lines.ts";
import type { Finding, Found } from "./finding.ts";
import { judgeInput } from "./generator-input.ts";
import type { Content } from "./git-objects.ts";
import { RULES } from "./rules.ts";
import { scanFile } from "./scan-file.ts";
import { Surroundings } from "./surroundings.ts";
import { foldersAbove, pathIn, type Tree } from "./tree.ts";
import { UnlookedError } from "./unlooked-error.ts";
import type { GeneratorInput } from "./walk.ts";

/** A file that is to be looked at. */
export type Entry = {
  /** From the root of the repository, with slashes. */
  path: string;
  /** The commit that brought it; null outside of ranges. */
  commit: string | null;
  /** What lies around it. */
  tree: Tree;
  /** Its name in the store. */
  object: string;
};

/** Where the content of entries comes from: read one at a time, in order. */
export type Store = (
  names: readonly string[],
  take: (content: Content | null, index: number) => void | Promise<void>,
) => Promise<void>;

/** Whose allow comments count: the file's own, those of another tree, or nobody's. */
export type Allowing = { by: "file" } | { by: "tree"; tree: Tree } | { by: "nobody" };

/** How entries are looked at. */
export type Looking = {
  store: Store;
  allowing: Allowing;
  /** A path as it is told, from one from the root. */
  show?: (path: string) => string;
};

/** What came of looking. */
export type Look = {
  findings: Finding[];
  files: number;
  /** Found, and allowed by a comment with a reason. */
  allowed: (Finding & { reason: string })[];
  /** Would be allowed by a comment of the file, which does not count. */
  ownAllowances: number;
};

/**
 * Looks at files, and at those that their generators take.
 * @throws UnlookedError naming a file whose content is not there.
 */
export async function lookAt(
  entries: readonly Entry[],
  { store, allowing, show = (path) => path }: Looking,
): Promise<Look> {
  const look: Look = { findings: [], files: entries.length, allowed: [], ownAllowances: 0 };
  const around = await Surroundings.read(entries);
  const known = new Set<string>();
  const inputs: { entry: Entry; input: GeneratorInput; path: string }[] = [];
  const told: Told[] = [];
  const names = [...new Set(entries.map(({ object }) => object))];
  const byName = Map.groupBy(entries, ({ object }) => object);
  await store(names, async (content, index) => {
    for (const entry of byName.get(names[index] ?? "") ?? []) {
      const { path, tree } = entry;
      if (content === null) throw notThere(entry, show);
      const rule = await around.selectionFor(tree, path);
      const { text, found, inputs: taken } = await scanFile({ path, ...content, rule });
      const generator = around.generatorOf(tree, path);
      const own = generator === null ? null : judgeInput(content.bytes, generator);
      if (own !== null) known.add(`${tree.id}:${path}`);
      const all = own === null ? found : [...found, own];
      if (all.length > 0) told.push({ entry, text, found: all });
      for (const input of taken) {
        const at = pathIn(foldersAbove(path)[0] ?? "", input.path);
        if (at !== null) inputs.push({ entry, input, path: at });
      }
    }
  });
  for (const { entry, input, path } of inputs) {
    if (known.has(`${entry.tree.id}:${path}`)) continue;
    known.add(`${entry.tree.id}:${path}`);
    await entry.tree.read([path], (content) => {
      const found = content === null ? null : judgeInput(content.bytes, input);
      if (content === null || found === null) return;
      const text = new TextDecoder().decode(content.bytes);
      told.push({ entry: { ...entry, path }, text, found: [found] });
    });
  }
  await judgeAll(told, allowing, show, look);
  return look;
}

type Told = { entry: Entry; text: string; found: readonly Found[] };

/** Sorts what was found into findings and what is allowed; of what several commits have, the first one is told. */
async function judgeAll(
  told: readonly Told[],
  allowing: Allowing,
  show: (path: string) => string,
  look: Look,
): Promise<void> {
  const base =
    allowing.by === "tree"
      ? await allowedIn(allowing.tree, new Set(told.map(({ entry }) => entry.path)))
      : null;
  const before = new Set<string>();
  for (const { entry, text, found } of told) {
    const lines = new FileLines(text);
    for (const one of found) {
      const key = `${entry.path}\0${keyOf(one)}`;
      if (entry.commit !== null && before.has(key)) continue;
      before.add(key);
      const allowance = allowanceOf(one, lines);
      const own = allowance === null || allowance === "no-reason" ? null : allowance.reason;
      const reason = allowing.by === "file" ? own : (base?.get(key) ?? null);
      const finding = findingOf(one, { entry, lines, show }, allowance === "no-reason");
      if (reason !== null) look.allowed.push({ ...finding, reason });
      else {
        look.findings.push(finding);
        if (own !== null) look.ownAllowances += 1;
      }
    }
  }
}

/** What comments allow in a tree, by path and what was found: the reason. */
async function allowedIn(tree: Tree, paths: ReadonlySet<string>): Promise<Map<string, string>> {
  const allowed = new Map<string, string>();
  const asked = [...paths];
  const around = await Surroundings.read(asked.map((path) => ({ path, tree })));
  await tree.read(asked, async (content, index) => {
    const path = asked[index] ?? "";
    if (content === null) return;
    const { text, found } = await scanFile({ path, ...content, rule: await around.selectionFor(tree, path) });
    const generator = around.generatorOf(tree, path);
    const own = generator === null ? null : judgeInput(content.bytes, generator);
    const lines = new FileLines(text);
    for (const one of own === null ? found : [...found, own]) {
      const allowance = allowanceOf(one, lines);
      if (allowance !== null && allowance !== "no-reason")
        allowed.set(`${path}\0${keyOf(one)}`, allowance.reason);
    }
  });
  return allowed;
}

/** What is the same in two versions of a file. A key is only where it is the very same one. */
function keyOf({ rule, object, item, matched }: Found): string {
  return JSON.stringify([rule, object, item, matched ?? null]);
}

function allowanceOf({ at, within }: Found, lines: FileLines): Allowance | null {
  const own = at === 0 ? firstContentLine(lines.texts, 0) : lines.indexOf(at);
  const around = within.map((place) => lines.indexOf(place));
  return allowanceAt(lines.texts, [own, ...around], new Set(at === 0 ? [...around, own] : around));
}

type Where = { entry: Entry; lines: FileLines; show: (path: string) => string };

function findingOf(found: Found, { entry, lines, show }: Where, lacksReason: boolean): Finding {
  const { path, commit } = entry;
  const { rule, object, item, what } = found;
  const { next } = RULES[rule];
  return {
    rule,
    level: "error",
    path: show(path),
    uri: path,
    line: lines.indexOf(found.at) + 1,
    commit,
    object,
    item,
    what,
    next: lacksReason ? `${next}; the allow comment there gives no reason` : next,
  };
}

function notThere({ path, commit }: Entry, show: (path: string) => string): UnlookedError {
  const of = commit === null ? "" : ` of commit ${commit.slice(0, 12)}`;
  return new UnlookedError(
    `the content of ${show(path)}${of} is not there`,
    "in a partial clone, fetch it first (git fetch --refetch): nothing is fetched here",
  );
}
