import {
  type CreationRule,
  creationRules,
  pathFits,
} from "../../shared/document/sops/keys/creation-rules.ts";
import { recipientLine } from "../../shared/document/sops/keys/recipient-text.ts";
import type { SopsRecipient } from "../../shared/document/sops/metadata.ts";
import { identityOf } from "../../shared/document/sops/recipients.ts";
import { InputError, SealError } from "../../shared/errors.ts";
import { shellPath } from "../../shared/shell-word.ts";
import { type AcceptedFiles, acceptedRecord, isMapOf, ownOf } from "../accepted-files.ts";
import type { Io } from "../io.ts";
import type { Notices } from "../notices.ts";
import { isMap } from "../user-record.ts";
import { type ProjectFile, projectFilePlaces } from "./project-file.ts";

/**
 * What this user accepted of each `.sops.yaml`: by path_regex the recipients, each as one text, in their groups, the
 * threshold, and the rule's place among the others, since the first counts that fits a path. Of a rule that signet does not
 * follow there are no groups. A file of a repository is written by many, and whoever adds a recipient reads what is encrypted from then on.
 */
type AcceptedRules = Record<string, AcceptedRule>;
type AcceptedRule = { groups: string[][]; threshold: number; place: number };

/**
 * Compares a rule with what this user accepted of its file. With the first use of a file all its rules are accepted as they
 * are, and those recipients that count are shown; not so where another file counted here before.
 * @param path the rule's file sees what is encrypted as, see `pathForRules`.
 * @throws InputError for recipients that differ, a rule that is new, one that another stood before, or a file that takes
 *   another's place, until `signet allow recipients` accepts them; FileError, InputError for a record that cannot be used:
 *   what it says must not be passed over.
 */
export async function requireAccepted(
  rule: CreationRule,
  file: ProjectFile,
  path: string,
  io: Io,
  notices: Notices,
): Promise<void> {
  const files = RECORD.open(io);
  if (files === null) return;
  requireNoneGone(files, file.path, io);
  const known = files.of(file.path);
  if (known === undefined) {
    requireFirst(files, file, io);
    notices.alert(
      `the recipients of ${file.path} are taken as they are, with its first use: ${linesOf(rule).join("; ")}`,
    );
    files.accept(file.path, (now) => now ?? rulesOf(file));
    return;
  }
  const accepted = ownOf(known, rule.pathRegex);
  const refused = (what: string) =>
    new InputError(
      `${rule.where}: ${what}`,
      `look at ${file.path}, and who changed it; to accept it: signet allow recipients ${shellPath(file.path)}`,
    );
  if (accepted === undefined || !isSameRule(accepted, asAccepted(rule, 0)))
    throw refused(differences(rule, accepted));
  const first = await firstThatFits(known, path, file.path);
  if (first !== rule.pathRegex)
    throw refused(
      `another rule stood before it when you accepted the file, and would count here: path_regex ${JSON.stringify(first)}`,
    );
}

/**
 * Sees that a file which has no rule for a path, or is none, had none either when this user accepted it.
 * @param file null where there is none.
 * @throws InputError when it had, or when a file that counted here is gone.
 */
export async function requireNoneAccepted(file: ProjectFile | null, path: string, io: Io): Promise<void> {
  const files = RECORD.open(io);
  if (files === null) return;
  requireNoneGone(files, file?.path ?? null, io);
  const known = file === null ? undefined : files.of(file.path);
  if (file === null || known === undefined) return;
  const first = await firstThatFits(known, path, file.path);
  if (first === null) return;
  throw new InputError(
    `${file.path} had a rule for this file when you accepted it, and has none now: path_regex ${JSON.stringify(first)}`,
    `look at ${file.path}, and who changed it; to accept it: signet allow recipients ${shellPath(file.path)}`,
  );
}

/** A nearer file counts before those above it: one that was accepted must not go without a word. */
function requireNoneGone(files: AcceptedFiles<AcceptedRules>, found: string | null, io: Io): void {
  for (const place of projectFilePlaces(io)) {
    if (place === found || io.files.kindOf(place) !== null) return;
    if (files.of(place) === undefined) continue;
    throw new InputError(
      `${place}, whose recipients you accepted, is gone, and other recipients would count here`,
      `see who removed it; to go on without it: signet allow --remove recipients ${shellPath(place)}`,
    );
  }
}

/** @throws InputError where a file above it counted before it came. */
function requireFirst(files: AcceptedFiles<AcceptedRules>, file: ProjectFile, io: Io): void {
  const places = projectFilePlaces(io);
  const above = places.find((place) => place !== file.path && files.of(place) !== undefined);
  if (above === undefined) return;
  throw new InputError(
    `${file.path} is new, and would count in place of ${above}, whose recipients you accepted`,
    `look at it, and who added it; to accept it: signet allow recipients ${shellPath(file.path)}`,
  );
}

/** The pattern of the first accepted rule that fits a path; null for none. */
async function firstThatFits(
  rules: Readonly<AcceptedRules>,
  path: string,
  where: string,
): Promise<string | null> {
  const inOrder = Object.entries(rules).toSorted(([, a], [, b]) => a.place - b.place);
  for (const [pattern] of inOrder) if (await pathFits(pattern, path, where)) return pattern;
  return null;
}

/**
 * Accepts the rules of a file as they are.
 * @returns lines that tell whom each rule encrypts for.
 * @throws InputError when the file is none, or has no rule that signet follows; FileError when it cannot be recorded.
 */
export function acceptRecipients(file: ProjectFile, io: Io): string[] {
  const rules = readRules(file).flatMap(({ rule }) => rule ?? []);
  if (rules.length === 0)
    throw new InputError(`${file.path} has no creation rule that signet follows`, "add one with recipients");
  RECORD.require(io).accept(file.path, () => rulesOf(file));
  return rules.map((rule) => `${rule.where}: ${linesOf(rule).join("; ")}`);
}

/** Forgets a file. @returns false when nothing of it was recorded. */
export function forgetRecipients(file: string, io: Io): boolean {
  return RECORD.require(io).forget(file);
}

/** The files whose recipients were accepted. */
export function acceptedFiles(io: Io): string[] {
  return RECORD.open(io)?.paths() ?? [];
}

/** Those of a rule that a text names, for people. */
export function linesOf({ groups }: { groups: readonly (readonly SopsRecipient[])[] }): string[] {
  if (groups.length === 1) return groups.flat().map(recipientLine);
  return groups.flatMap((group, at) => group.map((one) => `group ${at + 1}: ${recipientLine(one)}`));
}

function rulesOf(file: ProjectFile): AcceptedRules {
  const rules = readRules(file).map(({ pathRegex, rule }, place): [string, AcceptedRule] => [
    pathRegex,
    rule === null ? { groups: [], threshold: 0, place } : asAccepted(rule, place),
  ]);
  // Of two rules with one pattern the first counts.
  return Object.fromEntries(rules.toReversed());
}

/** All rules; `rule` null for one that signet does not follow: it cannot be used, and is new when it can. */
function readRules({ text, path }: ProjectFile): { pathRegex: string; rule: CreationRule | null }[] {
  return creationRules(text, path).flatMap((unread) => {
    const pathRegex = unlessUnread(() => unread.pathRegex());
    return pathRegex === null ? [] : [{ pathRegex, rule: unlessUnread(() => unread.read()) }];
  });
}

function unlessUnread<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof SealError) return null;
    throw error;
  }
}

function asAccepted({ groups, shamirThreshold: threshold }: CreationRule, place: number): AcceptedRule {
  return { groups: groups.map((group) => group.map(identityOf).toSorted()), threshold, place };
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

const RECORD = acceptedRecord("recipients", (entry): entry is AcceptedRules =>
  isMapOf(entry, isAcceptedRule),
);

function isAcceptedRule(rule: unknown): rule is AcceptedRule {
  if (!isMap(rule) || !Array.isArray(rule["groups"])) return false;
  if (typeof rule["threshold"] !== "number" || typeof rule["place"] !== "number") return false;
  return rule["groups"].every(
    (group: unknown) => Array.isArray(group) && group.every((one: unknown) => typeof one === "string"),
  );
}
