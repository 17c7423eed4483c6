import { creationRuleFor } from "../../shared/document/sops/keys/creation-rules.ts";
import {
  readAgeRecipients,
  readContext,
  readKmsRecipients,
  readVaultRecipients,
} from "../../shared/document/sops/keys/recipient-text.ts";
import type { SopsRecipient, SopsSelection } from "../../shared/document/sops/metadata.ts";
import { InputError, UsageError } from "../../shared/errors.ts";
import type { Io } from "../io.ts";
import type { Notices } from "../notices.ts";
import type { SopsRecipientOptions } from "../options.ts";
import { findProjectFile, pathForRules } from "./project-file.ts";
import { linesOf, requireAccepted } from "./recipient-record.ts";
import type { NamedRecipients } from "./user-sops-keys.ts";

/** Whom new documents are encrypted for, and what of them. */
export type SopsTargets = Pick<NamedRecipients, "by"> & {
  groups: readonly (readonly SopsRecipient[])[];
  /** 0 for none. */
  shamirThreshold: number;
  /** Those of the creation rule; the default one otherwise. */
  selection: SopsSelection;
  macOnlyEncrypted: boolean;
};

/** Recipients that a rule of the project file names. */
export type RuleRecipients = {
  recipients: readonly SopsRecipient[];
  /** For people: `the rule of /work/app/.signet.yaml`. */
  where: string;
};

/** Flags of recipients, and sops' variables for them. */
const VARIABLES = {
  age: "SOPS_AGE_RECIPIENTS",
  kms: "SOPS_KMS_ARN",
  "hc-vault-transit": "SOPS_VAULT_URIS",
} as const;

/**
 * Whom the user wants a new document encrypted for: those of the flags and of sops' variables, else those of the rule of
 * `.sops.yaml` that fits the path. They are shown; those of a file are refused when they are others than this user accepted.
 * @param path where the document comes to lie; null for standard output.
 * @param byRule those that count in place of a `.sops.yaml`; whoever names them saw that the user accepted them.
 * @throws UsageError for flags that name nobody, or where nobody is named at all; InputError for variables and rules.
 */
export async function sopsTargets(
  options: SopsRecipientOptions,
  path: string | null,
  io: Io,
  notices: Notices,
  byRule: RuleRecipients | null = null,
): Promise<SopsTargets> {
  const own = recipientsOfUser(options, io);
  if (own.length > 0) {
    notices.note(`encrypted for ${linesOf({ groups: [own] }).join("; ")}`);
    return { by: "user", groups: [own], ...NOTHING_MORE };
  }
  if (byRule !== null) {
    const groups = [byRule.recipients];
    notices.note(`encrypted as ${byRule.where} says, for ${linesOf({ groups }).join("; ")}`);
    return { by: "project-file", groups, ...NOTHING_MORE };
  }
  const file = findProjectFile(io);
  const seen = file === null ? "" : pathForRules(path, file, io);
  const rule = file === null ? null : await creationRuleFor(file.text, seen, file.path);
  if (file === null || rule === null)
    throw new UsageError(
      `whom to encrypt for?${file === null ? "" : ` ${file.path} has no creation rules`}`,
      "name recipients with --age, --kms or --hc-vault-transit, or in a .sops.yaml of the repository",
    );
  await requireAccepted(rule, file, seen, io, notices);
  notices.note(`encrypted as ${rule.where} says, for ${linesOf(rule).join("; ")}`);
  const { groups, shamirThreshold, selection, macOnlyEncrypted } = rule;
  return { by: "project-file", groups, shamirThreshold, selection, macOnlyEncrypted };
}

const NOTHING_MORE = {
  shamirThreshold: 0,
  selection: { rule: "default" },
  macOnlyEncrypted: false,
} as const;

/** Whether the command line or the environment names recipients. */
export function namesRecipients(options: SopsRecipientOptions, { env }: Pick<Io, "env">): boolean {
  return FLAGS.some((flag) => options[flag].length > 0 || Boolean(env[VARIABLES[flag]]));
}

const FLAGS = ["age", "kms", "hc-vault-transit"] as const;

/** Those of the flags, and of sops' variables where a flag is not given. @throws as `sopsTargets`. */
export function recipientsOfUser(options: SopsRecipientOptions, { env }: Pick<Io, "env">): SopsRecipient[] {
  const context = asUsage(true, () =>
    readContext(options["encryption-context"].join(","), "--encryption-context"),
  );
  const read = {
    age: readAgeRecipients,
    kms: (text: string, where: string) => readKmsRecipients(text, where, { context }),
    "hc-vault-transit": readVaultRecipients,
  };
  const recipients = FLAGS.flatMap((flag) => {
    const isFlag = options[flag].length > 0;
    const [text, where] = isFlag
      ? [options[flag].join(","), `--${flag}`]
      : [env[VARIABLES[flag]] ?? "", VARIABLES[flag]];
    return asUsage(isFlag, () => read[flag](text, where));
  });
  if (Object.keys(context).length > 0 && !recipients.some(({ type }) => type === "kms"))
    throw new UsageError(
      "--encryption-context binds keys of AWS KMS, and there is none",
      "name keys with --kms, or write the context into the rule of .sops.yaml",
    );
  return recipients;
}

/** What is wrong with a flag is a matter of the command line. */
function asUsage<T>(isFlag: boolean, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (isFlag && error instanceof InputError) throw new UsageError(error.message, error.hint);
    throw error;
  }
}
