import { UsageError } from "../../shared/errors.ts";
import type { Io } from "../io.ts";
import { writeProduct } from "../output-file.ts";
import { readableKeys, say, withKeySecrets } from "./connected-secrets.ts";
import type { KeyAction } from "./key-action.ts";
import { keyRows, keyTable } from "./key-table.ts";
import type { KeysOptions } from "./keys-options.ts";

/** `signet keys list`: the keys in use. */
export const listKeys: KeyAction = {
  flags: ["format"],
  async run(names, options, io) {
    if (names.length > 0) throw new UsageError("keys list takes no names", "it lists all of them");
    await list(options, io);
  },
};

async function list(options: KeysOptions, io: Io): Promise<void> {
  const format = (options.format ?? "table").toLowerCase();
  if (format !== "table" && format !== "json")
    throw new UsageError(`unsupported output format: ${options.format}`, "write -o table or -o json");
  await withKeySecrets(options, io, async ({ secrets }) => {
    const warn = (problem: string) => say(io, `warning: ${problem}`);
    const rows = keyRows((await secrets.inUse()).flatMap((secret) => readableKeys(secret, warn)));
    const text = format === "json" ? `${JSON.stringify({ keys: rows }, null, 2)}\n` : keyTable(rows);
    writeProduct(text, { format: null, "sealed-secret-file": null }, io);
  });
}
