import { creationRuleFor } from "../../shared/document/sops/keys/creation-rules.ts";
import { recipientLine } from "../../shared/document/sops/keys/recipient-text.ts";
import type { SopsRecipient } from "../../shared/document/sops/metadata.ts";
import { identityOf } from "../../shared/document/sops/recipients.ts";
import { InputError } from "../../shared/errors.ts";
import { saysPlace } from "../../shared/sops-sealed-secret/kms-place.ts";
import type { Io } from "../io.ts";
import type { Notices } from "../notices.ts";
import { nearestFile, PROJECT_FILE } from "../project/project-folders.ts";
import type { ListedByRule } from "../project/project-sops.ts";
import { findProjectFile, pathForRules } from "../sops/project-file.ts";
import { requireAccepted, requireNoneAccepted } from "../sops/recipient-record.ts";

/**
 * Sees that a document is for nobody whom the project's own rule does not name. Its list of recipients is not authenticated:
 * whoever edits the file can put himself on it, and would read what is written anew. Recipients that a rule of the project file
 * lists count in place of those of a `.sops.yaml`. Nothing is to be seen to where neither has a rule for the file, or had one
 * when this user accepted it.
 * @param target where the document lies; null for a stream.
 * @throws InputError naming whom the rule does not name, or when the rule is not the one that this user accepted.
 */
export type NamedReaders = (
  recipients: readonly SopsRecipient[],
  target: string | null,
  where: string,
) => Promise<void>;

/** What judges the documents of one run. The project file is read, and what is new in it told of, once. */
export function namedReaders(io: Io, notices: Notices): NamedReaders {
  let listing: Promise<ListedByRule> | null = null;
  return async (recipients, target, where) => {
    if (target === null) return;
    listing ??= projectListing(io, notices);
    const listed = (await listing)(target);
    if (listed === null) await requireBySopsFile(recipients, target, where, io, notices);
    else requireAmong(listed.recipients, listed.where, recipients, where);
  };
}

async function requireBySopsFile(
  recipients: readonly SopsRecipient[],
  target: string,
  where: string,
  io: Io,
  notices: Notices,
): Promise<void> {
  const file = findProjectFile(io);
  if (file === null) return requireNoneAccepted(null, "", io);
  const path = pathForRules(target, file, io);
  const rule = await creationRuleFor(file.text, path, file.path).catch((error: unknown) => {
    if (!(error instanceof InputError)) throw error;
    notices.note(`note: recipients are not compared: ${error.message}`);
    return null;
  });
  if (rule === null) return requireNoneAccepted(file, path, io);
  await requireAccepted(rule, file, path, io, notices);
  requireAmong(rule.groups.flat(), rule.where, recipients, where);
}

/** What reads a project file is loaded for one only. */
async function projectListing(io: Io, notices: Notices): Promise<ListedByRule> {
  if (nearestFile(PROJECT_FILE, io) === null) return () => null;
  const { recipientsByRule } = await import("../project/project-sops.ts");
  return recipientsByRule(io, notices);
}

function requireAmong(
  namedByRule: readonly SopsRecipient[],
  ruleWhere: string,
  recipients: readonly SopsRecipient[],
  where: string,
): void {
  const named = new Set(namedByRule.map(identityOf));
  const others = recipients.map(withoutPlace).filter((recipient) => !named.has(identityOf(recipient)));
  if (others.length === 0) return;
  throw new InputError(
    `${where} is also for ${others.map(recipientLine).join("; ")}, whom ${ruleWhere} does not name`,
    "take them out with sops updatekeys, or add them to the rule if they are to read it",
  );
}

/** Pairs that say the place are no rule's. */
function withoutPlace(recipient: SopsRecipient): SopsRecipient {
  if (recipient.type !== "kms") return recipient;
  const context = Object.entries(recipient.context).filter(([pair]) => !saysPlace(pair));
  return { ...recipient, context: Object.fromEntries(context) };
}
