import { fromUtf8 } from "../../shared/bytes.ts";
import { type CreationRule, creationRules } from "../../shared/document/sops/keys/creation-rules.ts";
import { recipientLine } from "../../shared/document/sops/keys/recipient-text.ts";
import type { SopsRecipient } from "../../shared/document/sops/metadata.ts";
import { identityOf } from "../../shared/document/sops/recipients.ts";
import { FileError, InputError, SealError } from "../../shared/errors.ts";
import { shellPath } from "../../shared/shell-word.ts";
import { codeOf, fileFailure } from "../file-failure.ts";
import type { Io } from "../io.ts";
import type { Notices } from "../notices.ts";
import type { ProjectFile } from "./project-file.ts";

/**
 * What this user accepted of each `.sops.yaml`: by path_regex the recipients, each as one text, in their groups, and the
 * threshold. A file of a repository is written by many, and whoever adds a recipient reads what is encrypted from then on.
 */
type Records = Record<string, Record<string, AcceptedRule>>;
type AcceptedRule = { groups: string[][]; threshold: number };

/**
 * Compares a rule with what this user accepted of its file. With the first use of a file all its rules are accepted as they
 * are, and those recipients that count are shown.
 * @throws InputError for recipients that differ, or a rule that is new, until `signet allow recipients` accepts them;
 *   FileError, InputError for a record that cannot be used: what it says must not be passed over.
 */
export function requireAccepted(rule: CreationRule, file: ProjectFile, io: Io, notices: Notices): void {
  const path = recordPath(io);
  if (path === null) return;
  const records = readRecords(path, io);
  const known = records[file.path];
  if (known === undefined) {
    notices.alert(
      `the recipients of ${file.path} are taken as they are, with its first use: ${linesOf(rule).join("; ")}`,
    );
    remember({ ...records, [file.path]: rulesOf(file) }, path, io);
    return;
  }
  const accepted = known[rule.pathRegex];
  const now = asAccepted(rule);
  if (accepted !== undefined && isSameRule(accepted, now)) return;
  throw new InputError(
    `${rule.where}: ${differences(rule, accepted)}`,
    `look at ${file.path}, and who changed it; to accept it: signet allow recipients ${shellPath(file.path)}`,
  );
}

/**
 * Accepts the rules of a file as they are.
 * @returns lines that tell whom each rule encrypts for.
 * @throws InputError when the file is none, or has no rule that signet follows; FileError when it cannot be recorded.
 */
export function acceptRecipients(file: ProjectFile, io: Io): string[] {
  const rules = readRules(file);
  if (rules.length === 0)
    throw new InputError(`${file.path} has no creation rule that signet follows`, "add one with recipients");
  const path = requirePath(io);
  remember({ ...readRecords(path, io), [file.path]: rulesOf(file) }, path, io);
  return rules.map((rule) => `${rule.where}: ${linesOf(rule).join("; ")}`);
}

/** Forgets a file. @returns false when nothing of it was recorded. */
export function forgetRecipients(file: string, io: Io): boolean {
  const path = requirePath(io);
  const { [file]: known, ...others } = readRecords(path, io);
  if (known === undefined) return false;
  remember(others, path, io);
  return true;
}

/** The files whose recipients were accepted. */
export function acceptedFiles(io: Io): string[] {
  const path = recordPath(io);
  return path === null ? [] : Object.keys(readRecords(path, io)).toSorted();
}

/** Those of a rule that a text names, for people. */
export function linesOf({ groups }: Pick<CreationRule, "groups">): string[] {
  if (groups.length === 1) return groups.flat().map(recipientLine);
  return groups.flatMap((group, at) => group.map((one) => `group ${at + 1}: ${recipientLine(one)}`));
}

function rulesOf(file: ProjectFile): Record<string, AcceptedRule> {
  const rules: Record<string, AcceptedRule> = {};
  // Of two rules with one pattern the first counts.
  for (const rule of readRules(file).toReversed()) rules[rule.pathRegex] = asAccepted(rule);
  return rules;
}

/** The rules that signet follows; one that it does not cannot be used, and is new when it can. */
function readRules({ text, path }: ProjectFile): CreationRule[] {
  return creationRules(text, path).flatMap((rule) => {
    try {
      return [rule.read()];
    } catch (error) {
      if (error instanceof SealError) return [];
      throw error;
    }
  });
}

function asAccepted({ groups, shamirThreshold: threshold }: CreationRule): AcceptedRule {
  return { groups: groups.map((group) => group.map(identityOf).toSorted()), threshold };
}

function isSameRule(one: AcceptedRule, other: AcceptedRule): boolean {
  return JSON.stringify([one.groups, one.threshold]) === JSON.stringify([other.groups, other.threshold]);
}

function differences(rule: CreationRule, accepted: AcceptedRule | undefined): string {
  if (accepted === undefined) return `it is new since you accepted the file: ${linesOf(rule).join("; ")}`;
  const before = new Set(accepted.groups.flat());
  const now = rule.groups.flat();
  const added = now.filter((recipient: SopsRecipient) => !before.has(identityOf(recipient)));
  const left = [...before].filter((identity) => !now.some((recipient) => identityOf(recipient) === identity));
  const parts = [
    ...(added.length === 0 ? [] : [`added ${added.map(recipientLine).join("; ")}`]),
    ...(left.length === 0 ? [] : [`${left.length} left out`]),
  ];
  return parts.length === 0
    ? "its recipients stand in other groups, or under another threshold, than you accepted"
    : `its recipients are not those you accepted: ${parts.join(", ")}`;
}

function remember(records: Records, path: string, io: Io): void {
  try {
    io.files.makeFolder(path.slice(0, path.lastIndexOf("/")));
    io.files.replace(path, `${JSON.stringify({ recipients: records }, null, 2)}\n`, "owner-only");
  } catch (error) {
    throw fileFailure(`cannot write ${path}`, "check the folder and its permissions", error);
  }
}

/** The record of this user, by the XDG base directory rules; null where there is no home folder. */
function recordPath({ env }: Io): string | null {
  const config = env["XDG_CONFIG_HOME"];
  if (config?.startsWith("/") === true) return `${config}/signet/recipients.json`;
  const home = env["HOME"] || env["LOCALAPPDATA"];
  return home ? `${home.replaceAll("\\", "/")}/.config/signet/recipients.json` : null;
}

function requirePath(io: Io): string {
  const path = recordPath(io);
  if (path !== null) return path;
  throw new FileError("there is no folder for what you accept", "set HOME, or XDG_CONFIG_HOME");
}

function readRecords(path: string, io: Io): Records {
  let bytes: Uint8Array;
  try {
    bytes = io.files.read(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return {};
    throw fileFailure(`cannot read ${path}`, "check its permissions", error);
  }
  const records = parseRecords(fromUtf8(bytes) ?? "");
  if (records !== null) return records;
  throw new InputError(
    `${path} is not a list of recipients as signet writes it`,
    "correct it, or remove it and accept the recipients again",
  );
}

function parseRecords(text: string): Records | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  const files = isMap(parsed) ? parsed["recipients"] : null;
  if (!isMap(files)) return null;
  const isFit = Object.values(files).every(
    (rules) => isMap(rules) && Object.values(rules).every(isAcceptedRule),
  );
  return isFit ? (files as Records) : null;
}

function isAcceptedRule(rule: unknown): rule is AcceptedRule {
  if (!isMap(rule) || typeof rule["threshold"] !== "number" || !Array.isArray(rule["groups"])) return false;
  return rule["groups"].every(
    (group: unknown) => Array.isArray(group) && group.every((one: unknown) => typeof one === "string"),
  );
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
