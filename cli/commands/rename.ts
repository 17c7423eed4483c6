import { UsageError } from "../../shared/errors.ts";
import type { Command } from "../command.ts";
import { page } from "../help/pages/rename.ts";
import { requireItemName } from "../items/item-name.ts";
import { asKubesealOptions, openedItemOptions } from "../items/item-options.ts";
import { existingTarget, writeTarget } from "../items/item-target.ts";
import { openingMeans } from "../items/opening-means.ts";
import { renameItem } from "../items/rename-item.ts";
import { noticesOf } from "../notices.ts";

/** `signet rename FILE OLD NEW`: gives one item another name, and leaves the rest of the file as it is. */
export const rename: Command<typeof openedItemOptions> = {
  name: "rename",
  summary: "give an item of a sealed file another name",
  options: openedItemOptions,
  page,
  async run({ options, positionals, io }) {
    const [path, from, to, ...more] = positionals;
    if (path === undefined || from === undefined || to === undefined || more.length > 0) {
      throw new UsageError("which item of which file, and its new name?", "write signet rename FILE OLD NEW");
    }
    for (const item of [from, to]) requireItemName(item);
    if (from === to) {
      throw new UsageError("the old and the new name are the same", "write signet rename FILE OLD NEW");
    }
    const notices = noticesOf(io, { ...options, v: 0 });
    const target = existingTarget(path, options, io.files);
    const means = openingMeans(asKubesealOptions(options), io, notices);
    try {
      const note = await renameItem(target, from, to, means);
      writeTarget(target, io.files);
      notices.note(note);
    } finally {
      await means.keyServices.close();
    }
  },
};
