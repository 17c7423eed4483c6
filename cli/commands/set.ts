import { UsageError } from "../../shared/errors.ts";
import { isSopsSealedSecret } from "../../shared/sops-sealed-secret/sops-form.ts";
import type { Command } from "../command.ts";
import { page } from "../help/pages/set.ts";
import { asKubesealOptions, sealedItemOptions } from "../items/item-options.ts";
import { itemTarget, writeTarget } from "../items/item-target.ts";
import { givenItem, itemValue, requireOneValue } from "../items/item-value.ts";
import { requireNameForNew, sealNewFile, setItems } from "../items/set-items.ts";
import { sealingBackend } from "../key-services/sealing-backend.ts";
import { MergeMeans } from "../merge-means.ts";
import { noticesOf } from "../notices.ts";
import type { OptionTable } from "../options.ts";
import { scopeOption } from "../sealing.ts";

const setOptions = {
  "from-file": {
    kind: "text",
    value: "FILE",
    group: "mode",
    summary: "file that holds the value; - for standard input",
  },
  "value-on-command-line": {
    kind: "switch",
    group: "mode",
    summary: "take KEY=VALUE, though the shell's history keeps it",
  },
  "allow-empty-data": {
    kind: "switch",
    group: "seal",
    summary: "accept an empty value",
  },
  ...sealedItemOptions,
} as const satisfies OptionTable;

/** `signet set FILE KEY`: seals one value into a SealedSecret's file, and leaves the rest of the file as it is. */
export const set: Command<typeof setOptions> = {
  name: "set",
  summary: "seal one item into a sealed file",
  options: setOptions,
  page,
  async run({ options, positionals, io }) {
    const [path, word, ...more] = positionals;
    if (path === undefined || word === undefined || more.length > 0) {
      throw new UsageError(
        more.length > 0 ? "one item is set at a time" : "which item of which file?",
        "write signet set FILE KEY",
      );
    }
    const item = givenItem(word);
    const sources = {
      file: options["from-file"],
      isMeant: options["value-on-command-line"],
      allowEmpty: options["allow-empty-data"],
    };
    requireOneValue(item, sources);
    const notices = noticesOf(io, { ...options, v: 0 });
    const asked = scopeOption(options);
    sealingBackend(options, io, setOptions);
    const all = asKubesealOptions({ ...options, "from-file": [] });
    const target = itemTarget(path, options, io.files);
    if (target === null) requireNameForNew(path, options.name);
    const means = new MergeMeans(asked, all, io, notices, setOptions);
    try {
      // What seals is found before anybody types.
      if (target === null || !isSopsSealedSecret(target.sealedSecret)) await means.key();
      const items = new Map([[item.item, await itemValue(item, sources, io, notices)]]);
      if (target === null) return (await sealNewFile(path, items, means))();
      const note = await setItems(target, items, means);
      writeTarget(target, io.files);
      notices.note(note);
    } finally {
      await means.close();
    }
  },
};
