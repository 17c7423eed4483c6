/** A test as its source declares it. */
export type DeclaredTest = {
  /** As it stands in the source; in a template, `…` stands for each thing that is filled in. */
  title: string;
  /** The source from there to the next declaration: what the test does, and what is declared beside it. */
  body: string;
};

/** Declares a test or plays a suite; `test.skip`, `test.todo` and the like declare none. A list or name of rows may stand first. */
const DECLARATION =
  /(?<![\w.]|function )(?:test|it|suite|describe|(?:table\.)?proves|\w+Suite)\(\s*(?:(?:\[[^\]]*\]|"[^"\n]*")\s*,\s*(?=["`]))?(["`])((?:(?!\1)[^\\]|\\.)*)\1/g;

/** Tests that a source declares, in its order; those in comments are none. */
export function declaredTests(source: string): DeclaredTest[] {
  const code = source.replace(/^\s*\/\/.*$|^\s*\/\*[\s\S]*?\*\//gm, "");
  const found = [...code.matchAll(DECLARATION)];
  return found.map((match, at) => ({
    title: (match[2] ?? "").replaceAll(/\$\{[^}]*\}/g, "…").replaceAll(/\\(["`\\$])/g, "$1"),
    body: code.slice(match.index, found[at + 1]?.index ?? code.length),
  }));
}
