import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type DeclaredTest, declaredTests } from "./declared-tests.ts";

/** A test that shows something: its file below test/, its title as it stands there, and what of its body does the showing. */
export type ShownBy = readonly [file: string, title: string, ...says: string[]];

/** As an option, or called; not the word in a text, nor a flag `--only`. */
const LEFT_OUT = /\.(?:skip|todo|only)\b|(?<![-\w])(?:skip|todo|only)\s*[:},]/;
const root = join(import.meta.dirname, "..");

/** The tests that files declare, each file read once. */
export class DeclaredTests {
  readonly #read = new Map<string, Promise<DeclaredTest[]>>();

  /** Takes this source for that of a file. */
  put(file: string, source: string): void {
    this.#read.set(file, Promise.resolve(declaredTests(source)));
  }

  /** Why a test does not show it; null when it does. */
  async problemOf([file, title, ...says]: ShownBy): Promise<string | null> {
    const found = (await this.#testsOf(file)).filter((one) => one.title === title);
    const [declared] = found;
    if (declared === undefined) return `${file} has no test "${title}"`;
    if (found.length > 1) return `${file} has several tests "${title}"`;
    if (LEFT_OUT.test(declared.body)) return `${file}: "${title}" may be left out`;
    const silent = says.filter((text) => !declared.body.includes(text));
    return silent.length === 0 ? null : `${file}: "${title}" says nothing of ${silent.join(", ")}`;
  }

  /** What is wrong with any of them. */
  async problemsOf(all: readonly ShownBy[]): Promise<string[]> {
    const problems = await Promise.all(all.map((one) => this.problemOf(one)));
    return problems.filter((problem) => problem !== null);
  }

  #testsOf(file: string): Promise<DeclaredTest[]> {
    const known = this.#read.get(file) ?? readFile(join(root, file), "utf8").then(declaredTests);
    this.#read.set(file, known);
    return known;
  }
}
