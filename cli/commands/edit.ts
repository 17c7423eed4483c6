import { equalBytes } from "../../shared/bytes.ts";
import { FileError, UsageError } from "../../shared/errors.ts";
import { isSopsSealedSecret } from "../../shared/sops-sealed-secret/sops-form.ts";
import type { Command } from "../command.ts";
import { editItems } from "../editing/edit-items.ts";
import { openedItems } from "../editing/opened-items.ts";
import { page } from "../help/pages/edit.ts";
import type { Io } from "../io.ts";
import { asKubesealOptions, sealedItemOptions } from "../items/item-options.ts";
import { existingTarget, writeTarget } from "../items/item-target.ts";
import { openingMeans } from "../items/opening-means.ts";
import { removeItems } from "../items/remove-items.ts";
import { setItems } from "../items/set-items.ts";
import { sealingBackend } from "../key-services/sealing-backend.ts";
import { MergeMeans } from "../merge-means.ts";
import { type Notices, noticesOf } from "../notices.ts";
import { keyOptions } from "../opening/opening-options.ts";
import { type OpeningKeys, readOpeningKeys } from "../opening-keys.ts";
import type { KubesealOptions, OptionTable } from "../options.ts";
import { scopeOption } from "../sealing.ts";

const editOptions = {
  "private-key": {
    kind: "list",
    value: "PATH",
    group: "seal",
    summary: "show values that these private keys open: PEM files, backups of key Secrets, folders",
  },
  "recovery-private-key": keyOptions["recovery-private-key"],
  open: {
    kind: "switch",
    group: "seal",
    summary: "show values that the cluster's sealing keys open, which you may read",
  },
  "allow-disk": {
    kind: "switch",
    group: "mode",
    summary: "let plain values lie on a disk while they are edited, where no folder is in memory",
  },
  "allow-empty-data": {
    kind: "switch",
    group: "seal",
    summary: "accept that no item is left",
  },
  ...sealedItemOptions,
} as const satisfies OptionTable;

/** `signet edit FILE`: shows the items of a SealedSecret in an editor, and seals what was changed. */
export const edit: Command<typeof editOptions> = {
  name: "edit",
  summary: "change the items of a sealed file in an editor",
  options: editOptions,
  page,
  async run({ options, positionals, io }) {
    const [path, ...more] = positionals;
    if (path === undefined || more.length > 0) throw new UsageError("which file?", "write signet edit FILE");
    if (io.editing === undefined) throw new UsageError("there is no editor here", "use signet set");
    const editing = await io.editing();
    const notices = noticesOf(io, { ...options, v: 0 });
    for (const left of editing.leftOvers()) {
      notices.alert(
        `plain values may lie in ${left}, where a run that was killed left them: remove that folder`,
      );
    }
    const asked = scopeOption(options);
    sealingBackend(options, io, editOptions);
    const all = asKubesealOptions(options);
    const target = existingTarget(path, options, io.files);
    const before = io.files.read(path);
    const paths = [...options["private-key"], ...options["recovery-private-key"]];
    const opening = openingMeans(all, io, notices);
    const sealing = new MergeMeans(asked, all, io, notices, editOptions);
    try {
      const given = await readOpeningKeys(paths, io, false);
      const keys = options.open ? await ofCluster(all, given, io, notices) : given;
      const items = await openedItems(target, keys, opening);
      // What seals is found before anybody edits: else the work would be lost.
      if (!isSopsSealedSecret(target.sealedSecret)) await sealing.key();
      if (items.sealed.size === 0 && items.opened.size > 0) sealing.proven.add(target);
      const change = await editItems(target, items, editing, {
        allowDisk: options["allow-disk"],
        io,
        notices,
      });
      if (change === null || change.set.size + change.removed.length === 0) {
        notices.note(`${path}: nothing was changed`);
        return;
      }
      const notes: string[] = [];
      if (change.set.size > 0) notes.push(await setItems(target, change.set, sealing));
      if (change.removed.length > 0)
        notes.push(await removeItems(target, change.removed, options["allow-empty-data"], opening));
      if (!equalBytes(io.files.read(path), before)) {
        throw new FileError(
          `${path} was changed by somebody else meanwhile, and not written`,
          "look at what changed, and edit it again",
        );
      }
      writeTarget(target, io.files);
      for (const note of notes) notices.note(note);
      for (const value of [...items.opened.values(), ...change.set.values()]) value.fill(0);
    } finally {
      await sealing.close();
      await opening.keyServices.close();
    }
  },
};

/** With the keys of the cluster, too: loaded for that only. */
async function ofCluster(
  options: KubesealOptions,
  given: OpeningKeys,
  io: Io,
  notices: Notices,
): Promise<OpeningKeys> {
  const { keysOfCluster } = await import("../rotate/keys-of-cluster.ts");
  return keysOfCluster(options, given, io, notices);
}
