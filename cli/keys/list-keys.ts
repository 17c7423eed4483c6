import { UsageError } from "../../shared/errors.ts";
import { counted } from "../counted.ts";
import type { Io } from "../io.ts";
import { jsonText } from "../json-text.ts";
import { writeProduct } from "../output-file.ts";
import { readableKeys, say, withKeySecrets } from "./connected-secrets.ts";
import type { KeyAction } from "./key-action.ts";
import { countOf, type KeyNeeds, keyNeeds } from "./key-needs.ts";
import { keyRows, keyTable } from "./key-table.ts";
import type { KeysOptions } from "./keys-options.ts";

/** `signet keys list`: all keys, in use or not, and how much needs each. */
export const listKeys: KeyAction = {
  flags: ["format", "in", "open", "private-key", "recovery-private-key"],
  async run(names, options, io) {
    if (names.length > 0)
      throw new UsageError(
        "keys list takes no names",
        "it lists all of them; one of them is shown by: signet keys show",
      );
    await list(options, io);
  },
};

async function list(options: KeysOptions, io: Io): Promise<void> {
  const format = outputFormat(options, ["table", "wide", "json"]);
  await withKeySecrets(options, io, async (connection) => {
    const warn = (problem: string) => say(io, `warning: ${problem}`);
    const found = await connection.secrets.all();
    const keys = found.flatMap((secret) => readableKeys(secret, warn, { toWrite: false }));
    const needs = await keyNeeds(keys, connection, options, io);
    const rows = keyRows(keys, await connection.published(), needs);
    const unknown = needs === null ? null : countOf(needs.unknown);
    const json = { keys: rows, needs: needs === null ? null : { basis: needs.basis, unknown } };
    const text = format === "json" ? jsonText(json) : keyTable(rows, io.now(), format === "wide");
    if (keys.length === 0)
      say(
        io,
        `note: no sealing keys in namespace ${connection.namespace}; another one is named by --controller-namespace`,
      );
    if (format !== "json") for (const note of notes(needs)) say(io, note);
    writeProduct(text, { format: null, "sealed-secret-file": null }, io);
  });
}

/** @throws UsageError for a format that is none of these. */
export function outputFormat(options: KeysOptions, known: readonly string[]): string {
  const format = (options.format ?? "table").toLowerCase();
  if (known.includes(format)) return format;
  throw new UsageError(`unsupported output format: ${options.format}`, `write -o ${known.join(" or -o ")}`);
}

function notes(needs: KeyNeeds | null): string[] {
  if (needs === null) return [];
  const { objects, values } = countOf(needs.unknown);
  const why = needs.basis === "claimed" ? "say nothing of their key" : "open with no key at hand";
  return [
    ...(needs.basis === "claimed" ? ["note: OBJECTS and VALUES are what they claim; --open finds out"] : []),
    ...(values === 0
      ? []
      : [`note: ${counted(values, "value")} of ${counted(objects, "object")}: they ${why}`]),
  ];
}
