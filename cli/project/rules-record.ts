import { isDeepStrictEqual } from "node:util";
import { recipientLine } from "../../shared/document/sops/keys/recipient-text.ts";
import { InputError } from "../../shared/errors.ts";
import { acceptedRecord } from "../accepted-files.ts";
import type { Io } from "../io.ts";
import type { Notices } from "../notices.ts";
import { isMap } from "../user-record.ts";
import { pinsTaken } from "./pin-record.ts";
import type { ProjectFile, ProjectRule } from "./project-file.ts";
import { ruleFor } from "./project-rules.ts";
import { listedRecipients, type NamedService, type NamedSops, namedBackend } from "./rule-backend.ts";

/**
 * For whom each project file had files sealed when this user accepted its rules, or first used it. A rule that changed sends what is
 * meant for one cluster to another that is pinned as well, with no other sign where the sealed file is new.
 */
type Known = { clusters: string[]; rules: KnownRule[] };
type KnownRule = Omit<ProjectRule, "scope">;

/** The rules that this user knows. */
export type KnownRules = {
  /** Tells where a file is to be sealed for others than by these rules. @param rule that counts for it now. */
  alertOfRules: (file: string | null, rule: ProjectRule | null, cluster: string, isAsked: boolean) => void;
  /**
   * Sees that a file is a SOPS document for the same by these rules; with their first use tells of those that are listed.
   * @throws InputError where it is not.
   */
  requireRecipients: (file: string | null, now: NamedSops) => void;
};

/**
 * Compares what the rules of a project say of a file with what the rules said that this user knows: those of the first use, or those
 * that he accepted since. Each file is told of once, shown always; what changed for other files is not. Recipients of SOPS documents are
 * refused, as those of a `.sops.yaml` are, since they read whatever comes of it. Who accepted pins and no rules is told so each time.
 * @param records whether the rules are taken down with their first use.
 * @throws FileError, InputError for a record that cannot be used.
 */
export function knownRules(project: ProjectFile, io: Io, notices: Notices, records = true): KnownRules {
  const files = RECORD.open(io);
  if (files === null) return { alertOfRules() {}, requireRecipients() {} };
  const known = files.of(project.path);
  if (known === undefined) {
    // The pins were looked at, and these rules not: they may have come since.
    const isLate = areLate(project, io);
    if (isLate)
      notices.alert(
        `you accepted pins of ${project.path}, and its rules not yet: by them a file may be sealed for another cluster, or key, than it was. Look at them; to accept them and the pins: signet pin accept`,
      );
    else if (records) files.accept(project.path, (now) => now ?? rulesOf(project));
    return { alertOfRules() {}, requireRecipients: alertOfFirst(project, records && !isLate, notices) };
  }
  const ruleBefore = (file: string | null) => ruleFor({ ...project, rules: known.rules }, file, io);
  const told = new Set<string>();
  const alertOfRules: KnownRules["alertOfRules"] = (file, rule, cluster, isAsked) => {
    const before = ruleBefore(file);
    const was = before?.clusters ?? known.clusters;
    const [then, now] = [namedBackend(before), namedBackend(rule)];
    const isSame = was.includes(cluster) && (isAsked || was.length === 1) && isDeepStrictEqual(then, now);
    const what = file ?? "this input";
    if (isSame || told.has(what)) return;
    told.add(what);
    notices.alert(
      `the rules of ${project.path} changed since you accepted them: ${what} was for ${was.join(" or ")}${backendWords(then)}, and is sealed for ${cluster}${backendWords(now)} now. Look at who changed them; to accept them and the pins: signet pin accept`,
    );
  };
  const requireRecipients: KnownRules["requireRecipients"] = (file, now) => {
    const before = namedBackend(ruleBefore(file));
    if (isDeepStrictEqual(before, now)) return;
    throw new InputError(
      `the rules of ${project.path} changed since you accepted them: ${file ?? "this input"} was sealed${backendWords(before) || " under the key of the cluster"}, and is sealed${backendWords(now)} now`,
      "look at the rules, and who changed them; to accept them and the pins: signet pin accept",
    );
  };
  return { alertOfRules, requireRecipients };
}

/** The recipients that rules list, a line for each rule. */
export function listedByRules({ rules }: ProjectFile): string[] {
  return rules.flatMap((rule, at) => {
    const lines = listedRecipients(rule, `rules[${at}]`).map(recipientLine);
    return lines.length === 0 ? [] : [`rules[${at}]: ${lines.join("; ")}`];
  });
}

function alertOfFirst(
  { path }: ProjectFile,
  isRecorded: boolean,
  notices: Notices,
): KnownRules["requireRecipients"] {
  const [how, next] = isRecorded
    ? ["with its first use", ""]
    : ["and you accepted them not yet", ". Look at them; to accept them and the pins: signet pin accept"];
  const told = new Set<string>();
  return (_, now) => {
    const lines = listedRecipients(now, path).map(recipientLine).join("; ");
    if (lines === "" || told.has(lines)) return;
    told.add(lines);
    notices.alert(`the recipients of ${path} are taken as they are, ${how}: ${lines}${next}`);
  };
}

/**
 * Takes the rules of a project as they are.
 * @returns whether they differ from those that were known.
 * @throws FileError, InputError where that cannot be recorded.
 */
export function acceptRules(project: ProjectFile, io: Io): boolean {
  const files = RECORD.open(io);
  if (files === null) return false;
  const known = files.of(project.path);
  const rules = rulesOf(project);
  if (isDeepStrictEqual(known, rules)) return false;
  files.accept(project.path, () => rules);
  return known !== undefined;
}

/**
 * Where the rules of a project stand for this user, by his record, which stays as it is.
 * @returns a line for people; null where they are those that he knows, or are taken with their first use.
 * @throws FileError, InputError for a record that cannot be used.
 */
export function standOfRules(project: ProjectFile, io: Io): string | null {
  const files = RECORD.open(io);
  if (files === null) return null;
  const known = files.of(project.path);
  const next = "to accept them and the pins: signet pin accept";
  if (known === undefined)
    return areLate(project, io) ? `the rules of ${project.path}, not accepted yet; ${next}` : null;
  if (isDeepStrictEqual(known, rulesOf(project))) return null;
  return `the rules of ${project.path} changed since you accepted them; ${next}`;
}

/** Whether pins were looked at, and not the rules that say for whom files are sealed. */
function areLate(project: ProjectFile, io: Io): boolean {
  return project.rules.some(saysForWhom) && pinsTaken(project, io) === "accepted";
}

function rulesOf({ clusters, rules }: ProjectFile): Known {
  return { clusters: [...clusters.keys()], rules: rules.map(({ scope: _, ...known }) => known) };
}

function saysForWhom(rule: ProjectRule): boolean {
  return rule.clusters !== undefined || namedBackend(rule) !== null;
}

function backendWords(service: NamedService | NamedSops | null): string {
  if (service === null) return "";
  if (service.backend === "sops") {
    const listed = listedRecipients(service, "the rule").map(recipientLine);
    return ` as a SOPS document for ${listed.join("; ") || "whom .sops.yaml names"}`;
  }
  return service.backend === "kms"
    ? ` under AWS KMS key ${service.key}`
    : ` under Vault key ${service.name.mount}/${service.name.key}`;
}

const RECORD = acceptedRecord("rules", areKnownRules);

function areKnownRules(entry: unknown): entry is Known {
  if (!isMap(entry)) return false;
  const { clusters, rules } = entry;
  return areTexts(clusters) && Array.isArray(rules) && rules.every(isKnownRule);
}

function isKnownRule(rule: unknown): rule is KnownRule {
  if (!isMap(rule)) return false;
  const { clusters, age, kms, hcVaultTransit, ...texts } = rule;
  return (
    [clusters, age, kms, hcVaultTransit].every((list) => list === undefined || areTexts(list)) &&
    Object.values(texts).every((text) => typeof text === "string")
  );
}

function areTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}
