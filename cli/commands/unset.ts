import { UsageError } from "../../shared/errors.ts";
import type { Command } from "../command.ts";
import { page } from "../help/pages/unset.ts";
import { requireItemName } from "../items/item-name.ts";
import { asKubesealOptions, openedItemOptions } from "../items/item-options.ts";
import { existingTarget, writeTarget } from "../items/item-target.ts";
import { openingMeans } from "../items/opening-means.ts";
import { removeItems } from "../items/remove-items.ts";
import { noticesOf } from "../notices.ts";
import type { OptionTable } from "../options.ts";

const unsetOptions = {
  "allow-empty-data": {
    kind: "switch",
    group: "mode",
    summary: "take the last item out, too",
  },
  ...openedItemOptions,
} as const satisfies OptionTable;

/** `signet unset FILE KEY…`: takes items out of a SealedSecret's file, and leaves the rest of the file as it is. */
export const unset: Command<typeof unsetOptions> = {
  name: "unset",
  summary: "take items out of a sealed file",
  options: unsetOptions,
  page,
  async run({ options, positionals, io }) {
    const [path, ...items] = positionals;
    if (path === undefined || items.length === 0) {
      throw new UsageError("which item of which file?", "write signet unset FILE KEY");
    }
    for (const item of items) requireItemName(item);
    const notices = noticesOf(io, { ...options, v: 0 });
    const target = existingTarget(path, options, io.files);
    const means = openingMeans(asKubesealOptions(options), io, notices);
    try {
      const note = await removeItems(target, items, options["allow-empty-data"], means);
      writeTarget(target, io.files);
      notices.note(note);
    } finally {
      await means.keyServices.close();
    }
  },
};
