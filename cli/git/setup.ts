import { utf8 } from "../../shared/bytes.ts";
import { decodeText } from "../../shared/document/encoding.ts";
import { FileError, InputError } from "../../shared/errors.ts";
import { shellWord } from "../../shared/shell-word.ts";
import { codeOf, fileFailure } from "../file-failure.ts";
import type { Io } from "../io.ts";

/** Files that the drivers are for, when none are named: what they do not know they leave to Git. */
const PATTERNS = ["*.yaml", "*.yml", "*.json"];
const ATTRIBUTES = ".gitattributes";

/** What Git is told, once in each clone: attributes alone run nothing. */
const CONFIGURATION: readonly (readonly [key: string, value: string])[] = [
  ["diff.signet.textconv", "signet git textconv"],
  ["merge.signet.name", "sealed values, item by item"],
  ["merge.signet.driver", "signet git merge %O %A %B %P"],
];

/** The lines and commands that set the drivers up, to be copied. */
export function setupText(patterns: readonly string[]): string {
  const commands = CONFIGURATION.map(([key, value]) => `git config ${key} ${shellWord(value)}`);
  return [
    `# ${ATTRIBUTES}, in the repository`,
    ...attributeLines(patterns),
    "",
    "# once in each clone",
    ...commands,
    "",
  ].join("\n");
}

/**
 * Writes them: lines that are missing from the repository's attributes, and the configuration of this clone.
 * @throws FileError when they cannot be written; InputError outside of a repository, or where
 * they are a link.
 */
export async function setUp(patterns: readonly string[], io: Io): Promise<void> {
  const root = (await gitText(["rev-parse", "--show-toplevel"], io)).replace(/\r?\n$/, "");
  const path = `${root}/${ATTRIBUTES}`;
  // A link may lead to any file of this user's; Git itself follows none there.
  if (io.files.destination(path) !== `${io.files.realPath(root)}/${ATTRIBUTES}`) {
    throw new InputError(`${path} is a link, which Git does not follow`, "put the file itself in its place");
  }
  const before = readIfThere(path, io);
  const lines = before.split(/\r?\n/);
  const missing = attributeLines(patterns).filter((line) => !lines.includes(line));
  if (missing.length > 0) {
    const lead = before === "" || before.endsWith("\n") ? before : `${before}\n`;
    try {
      io.files.replace(path, utf8(`${lead}${missing.join("\n")}\n`));
    } catch (error) {
      throw fileFailure(`cannot write ${path}`, "check the folder and its permissions", error);
    }
  }
  for (const [key, value] of CONFIGURATION) await gitText(["config", key, value], io);
}

function attributeLines(patterns: readonly string[]): string[] {
  return (patterns.length === 0 ? PATTERNS : patterns).map((pattern) => {
    if (pattern.startsWith("#") || pattern.startsWith("!") || /[\s"\\]/.test(pattern)) {
      throw new InputError(
        `${JSON.stringify(pattern)} is no pattern that a line of ${ATTRIBUTES} can begin with`,
        "name files by patterns without spaces and quotes, such as '*.sealed.yaml'",
      );
    }
    return `${pattern} diff=signet merge=signet`;
  });
}

function readIfThere(path: string, io: Io): string {
  try {
    return decodeText(io.files.read(path), path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return "";
    if (
      error instanceof Error &&
      "code" in error &&
      typeof error.code === "string" &&
      error.code.startsWith("E")
    )
      throw fileFailure(`cannot read ${path}`, "check its permissions", error);
    throw error;
  }
}

async function gitText(args: readonly string[], io: Io): Promise<string> {
  const run = await io.git?.(args);
  if (run === undefined) throw new FileError("Git cannot be started", "install it, and put it on PATH");
  run.end();
  const pieces: Uint8Array[] = [];
  for await (const piece of run.output) pieces.push(piece);
  if ((await run.ended) === 0) return new TextDecoder().decode(Buffer.concat(pieces));
  throw new InputError(
    `git ${args[0] ?? ""} failed`,
    "run it in the work tree of a repository, with Git on PATH",
  );
}
