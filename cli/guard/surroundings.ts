import type { SopsSelection } from "../../shared/document/sops/metadata.ts";
import { CREATION_RULES, CreationRules } from "./creation-rules.ts";
import { fileText } from "./file-text.ts";
import { readChunk } from "./manifest-text.ts";
import { walkObjects } from "./object-walk.ts";
import { foldersAbove, pathIn, type Tree } from "./tree.ts";
import type { GeneratorInput } from "./walk.ts";

/** What files around a file say of it. */
export class Surroundings {
  readonly #rules = new Map<string, CreationRules>();
  readonly #inputs = new Map<string, GeneratorInput>();

  /** Reads the `.sops.yaml` and Kustomizations in the folders of these files and those above, each once. */
  static async read(files: readonly { path: string; tree: Tree }[]): Promise<Surroundings> {
    const surroundings = new Surroundings();
    const wanted = new Map<string, { tree: Tree; paths: Set<string> }>();
    for (const { path, tree } of files) {
      const { paths } = wanted.get(tree.id) ?? { paths: new Set<string>() };
      wanted.set(tree.id, { tree, paths });
      for (const folder of foldersAbove(path))
        for (const name of [CREATION_RULES, ...KUSTOMIZATIONS]) paths.add(joined(folder, name));
    }
    for (const { tree, paths } of wanted.values()) await surroundings.#readAll(tree, [...paths]);
    return surroundings;
  }

  /** What the creation rule selects that is meant for a file; null without one. */
  async selectionFor(tree: Tree, path: string): Promise<SopsSelection | null> {
    for (const folder of foldersAbove(path)) {
      const rules = this.#rules.get(`${tree.id}:${folder}`);
      // As in SOPS, the nearest one counts alone.
      if (rules !== undefined)
        return rules.selectionFor(folder === "" ? path : path.slice(folder.length + 1));
    }
    return null;
  }

  /** The generator that takes a file's content; null where none does. */
  generatorOf(tree: Tree, path: string): GeneratorInput | null {
    return this.#inputs.get(`${tree.id}:${path}`) ?? null;
  }

  async #readAll(tree: Tree, paths: readonly string[]): Promise<void> {
    await tree.read(paths, (content, index) => {
      const path = paths[index] ?? "";
      const text = content === null ? null : fileText(content.bytes);
      if (text === null) return;
      const [folder = ""] = foldersAbove(path);
      if (path.endsWith(CREATION_RULES)) this.#rules.set(`${tree.id}:${folder}`, CreationRules.read(text));
      else if (text.includes("ecretGenerator")) this.#take(tree, folder, text);
    });
  }

  #take(tree: Tree, folder: string, text: string): void {
    for (const input of inputsOf(text)) {
      const path = pathIn(folder, input.path);
      if (path !== null) this.#inputs.set(`${tree.id}:${path}`, input);
    }
  }
}

const KUSTOMIZATIONS = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

function joined(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

function inputsOf(text: string): GeneratorInput[] {
  const inputs: GeneratorInput[] = [];
  const walk = {
    isSops: false,
    report: () => {},
    takes: (input: GeneratorInput) => void inputs.push(input),
    inside: () => {},
    budget: { nodes: 50_000 },
  };
  try {
    for (const document of readChunk({ text, start: 0 }) ?? [])
      walkObjects(document, walk, { object: null, at: 0, annotation: null });
  } catch {
    // What is wrong with it is said where it is looked at itself.
  }
  return inputs;
}
