import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What a guide has its reader do next. */
export type GuideStep =
  /** A line for the shell, without its comment; `exits` is the exit code that the comment tells of, else 0. */
  | { kind: "line"; command: string; exits: number }
  /** A block of YAML that begins with its file's name in a comment. */
  | { kind: "file"; path: string; text: string };

const docs = join(import.meta.dirname, "../../docs");

/** Names of the guides in docs/. */
export function guideNames(): string[] {
  return readdirSync(docs).filter((name) => /^guide-.*\.md$/.test(name));
}

/**
 * The steps of a guide, in its order: every line of its fenced blocks without a language, in lists too, and its files.
 * @param name its name in docs/
 */
export function guideSteps(name: string): GuideStep[] {
  const blocks = readFileSync(join(docs, name), "utf8").matchAll(/^( *)```(\w*)\n([\s\S]*?)^\1```$/gm);
  return [...blocks].flatMap(([, indent = "", language = "", block = ""]): GuideStep[] => {
    const lines = block
      .trimEnd()
      .split("\n")
      .map((line) => line.slice(indent.length));
    if (language === "") return lines.map(lineStep);
    const path = /^# (\S+)$/.exec(lines[0] ?? "")?.[1];
    if (language !== "yaml" || path === undefined)
      throw new Error(`${name}: a block that is neither for the shell nor a file`);
    return [{ kind: "file", path, text: `${lines.slice(1).join("\n")}\n` }];
  });
}

function lineStep(line: string): GuideStep {
  const [command = "", comment = ""] = line.split(/\s+# /);
  return { kind: "line", command, exits: Number(/exits with (\d)/.exec(comment)?.[1] ?? 0) };
}
