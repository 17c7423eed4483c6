import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** One file of crds/examples. */
export type CrdExample = {
  /** The file's name without its ending. */
  name: string;
  /** As it stands in the file. */
  text: string;
  /** What the text says. */
  document: unknown;
  /** The place that a refusal names, in the form `spec.vault[0].key`. */
  field: string | null;
  /** Words of the server's refusal where it names no field, or another one. */
  server: string | null;
};

const folder = join(import.meta.dirname, "../../crds/examples");

/**
 * Reads the examples on which our schema and the API server must agree.
 * @throws Error when there is none, or a rejected one does not say which field is at fault.
 */
export function readCrdExamples(verdict: "accepted" | "rejected"): CrdExample[] {
  const files = readdirSync(join(folder, verdict)).sort();
  const examples = files.map((file): CrdExample => {
    const text = readFileSync(join(folder, verdict, file), "utf8");
    const field = header(text, "field");
    if (verdict === "rejected" && field === null)
      throw new Error(`${file} does not say which field is at fault`);
    const document: unknown = parse(text);
    return { name: file.replace(/\.yaml$/, ""), text, document, field, server: header(text, "server") };
  });
  if (examples.length === 0) throw new Error(`no examples under crds/examples/${verdict}`);
  return examples;
}

function header(text: string, name: string): string | null {
  return new RegExp(`^# ${name}: (.+)$`, "m").exec(text)?.[1] ?? null;
}
