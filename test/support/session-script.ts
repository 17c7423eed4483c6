/** One session with the CLI, as test/scripts/README.md describes the format. */
export type SessionScript = {
  /** Rows of the coverage table. */
  covers: string[];
  steps: SessionStep[];
};

/** What happens in a session, in order. */
export type SessionStep =
  | { kind: "file"; path: string; content: string; mode: number | null }
  | { kind: "link"; path: string; target: string }
  | { kind: "server"; routes: { method: string; path: string; status: number; body: string }[] }
  | { kind: "run"; args: string[]; env: Record<string, string>; stdin: string; expect: Expectation }
  | { kind: "after"; path: string; content: string; mode: number | null };

/** What a run must give. Lines may hold `{any}` for any text. */
export type Expectation = { exit: number; stdout: string; stderr: string };

type Section = { head: string[]; body: string; line: number };

/**
 * Reads a script.
 * @throws Error naming the line of what it does not understand; a script must not pass because it was misread.
 */
export function parseSessionScript(text: string): SessionScript {
  const [preamble = "", ...rest] = text.split(/^=== /m);
  const covers = [...preamble.matchAll(/^covers: (.+)$/gm)].map(([, row = ""]) => row.trim());
  if (covers.length === 0) throw new Error("the script does not say what it covers");
  let line = preamble.split("\n").length;
  const sections = rest.map((section): Section => {
    const end = section.indexOf("\n");
    const parsed = { head: section.slice(0, end).trim().split(/ +/), body: section.slice(end + 1), line };
    line += section.split("\n").length - 1;
    return parsed;
  });
  return { covers, steps: steps(sections) };
}

function steps(sections: readonly Section[]): SessionStep[] {
  const all: SessionStep[] = [];
  let run: (SessionStep & { kind: "run" }) | null = null;
  let isComplete = true;
  for (const { head, body, line } of sections) {
    const [word = "", ...words] = head;
    const partOfRun = ["stdin", "stdout", "stderr", "exit"].includes(word);
    if (partOfRun && (run === null || isComplete)) throw new Error(`line ${line}: ${word} outside a run`);
    if (!partOfRun && !isComplete) throw new Error(`line ${line}: the run above says no exit code`);
    if (run !== null && partOfRun) {
      if (word === "exit") {
        run.expect.exit = Number(words[0]);
        isComplete = true;
      } else if (word === "stdin") run.stdin = body;
      else run.expect[word as "stdout" | "stderr"] = body;
      continue;
    }
    if (word === "run") {
      run = {
        kind: "run",
        ...commandLine(words, line),
        stdin: "",
        expect: { exit: -1, stdout: "", stderr: "" },
      };
      isComplete = false;
      all.push(run);
    } else all.push(plainStep(word, words, body, line));
  }
  if (!isComplete || run === null)
    throw new Error("the script runs nothing, or its last run says no exit code");
  return all;
}

function plainStep(word: string, words: readonly string[], body: string, line: number): SessionStep {
  const [path = ""] = words;
  const mode = /^mode=([0-7]+)$/.exec(words[1] ?? "")?.[1];
  const octal = mode === undefined ? null : Number.parseInt(mode, 8);
  switch (word) {
    case "file":
    case "after":
      return { kind: word, path, content: body, mode: octal };
    case "link":
      return { kind: "link", path, target: words[2] ?? "" };
    case "server":
      return {
        kind: "server",
        routes: body
          .split("\n")
          .filter((text) => text !== "")
          .map(route),
      };
    default:
      throw new Error(`line ${line}: unknown section ${word}`);
  }
}

function route(text: string): { method: string; path: string; status: number; body: string } {
  const [, method = "", path = "", status = "", body = ""] = /^(\S+) (\S+) (\d+) ?(.*)$/.exec(text) ?? [];
  if (status === "") throw new Error(`not a route: ${text}`);
  return { method, path, status: Number(status), body };
}

function commandLine(
  words: readonly string[],
  line: number,
): { args: string[]; env: Record<string, string> } {
  const program = words.indexOf("signet");
  if (program === -1) throw new Error(`line ${line}: no signet in the command line`);
  const env = words.slice(0, program).map((word) => {
    const at = word.indexOf("=");
    if (at === -1) throw new Error(`line ${line}: ${word} is no NAME=VALUE`);
    return [word.slice(0, at), word.slice(at + 1)];
  });
  return { env: Object.fromEntries(env), args: words.slice(program + 1).filter((word) => word !== "") };
}
