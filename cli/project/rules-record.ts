import { isDeepStrictEqual } from "node:util";
import type { Io } from "../io.ts";
import type { Notices } from "../notices.ts";
import { isMap, readRecord, recordPath, type UserRecord, writeRecord } from "../user-record.ts";
import type { ProjectFile, ProjectRule } from "./project-file.ts";
import { type NamedService, namedService } from "./project-key-service.ts";
import { ruleFor } from "./project-rules.ts";

/**
 * For whom each project file had files sealed when this user accepted its rules, or first used it. A rule that changed sends what is
 * meant for one cluster to another that is pinned as well, with no other sign where the sealed file is new.
 */
type Records = Record<string, KnownRules>;
type KnownRules = { clusters: string[]; rules: KnownRule[] };
type KnownRule = Pick<ProjectRule, "path" | "clusters" | "kmsKey" | "vaultKey">;

/** Tells where a file is to be sealed for others than by the rules that this user knows. */
export type RulesAlert = (file: string | null, cluster: string, isAsked: boolean) => void;

/**
 * Compares what the rules of a project say of a file with what the rules said that this user knows: those of the first use, or those
 * that he accepted since. Each file is told of once, shown always; what changed for other files is not.
 * @param records whether the rules are taken down with their first use.
 * @throws FileError, InputError for a record that cannot be used.
 */
export function rulesAlert(project: ProjectFile, io: Io, notices: Notices, records = true): RulesAlert {
  const path = recordPath(RECORD, io);
  if (path === null) return () => {};
  const all = readRecord(path, RECORD, io) ?? {};
  const known = Object.hasOwn(all, project.path) ? all[project.path] : undefined;
  if (known === undefined) {
    if (records) writeRecord(path, { ...all, [project.path]: rulesOf(project) }, RECORD, io);
    return () => {};
  }
  const told = new Set<string>();
  return (file, cluster, isAsked) => {
    const before = ruleFor({ ...project, rules: known.rules }, file, io);
    const was = before?.clusters ?? known.clusters;
    const services = [before, ruleFor(project, file, io)].map(namedService);
    const isSame =
      was.includes(cluster) && (isAsked || was.length === 1) && isDeepStrictEqual(services[0], services[1]);
    const what = file ?? "this input";
    if (isSame || told.has(what)) return;
    told.add(what);
    const [then = null, now = null] = services;
    notices.alert(
      `the rules of ${project.path} changed since you accepted them: ${what} was for ${was.join(" or ")}${serviceWords(then)}, and is sealed for ${cluster}${serviceWords(now)} now. Look at who changed them; to accept them and the pins: signet pin accept`,
    );
  };
}

/**
 * Takes the rules of a project as they are.
 * @returns whether they differ from those that were known.
 * @throws FileError, InputError where that cannot be recorded.
 */
export function acceptRules(project: ProjectFile, io: Io): boolean {
  const path = recordPath(RECORD, io);
  if (path === null) return false;
  const records = readRecord(path, RECORD, io) ?? {};
  const known = Object.hasOwn(records, project.path) ? records[project.path] : undefined;
  const rules = rulesOf(project);
  if (isDeepStrictEqual(known, rules)) return false;
  writeRecord(path, { ...records, [project.path]: rules }, RECORD, io);
  return known !== undefined;
}

function rulesOf({ clusters, rules }: ProjectFile): KnownRules {
  return {
    clusters: [...clusters.keys()],
    rules: rules.map(({ path, clusters: names, kmsKey, vaultKey }) => ({
      ...(path === undefined ? {} : { path }),
      ...(names === undefined ? {} : { clusters: names }),
      ...(kmsKey === undefined ? {} : { kmsKey }),
      ...(vaultKey === undefined ? {} : { vaultKey }),
    })),
  };
}

function serviceWords(service: NamedService | null): string {
  if (service === null) return "";
  return service.backend === "kms"
    ? ` under AWS KMS key ${service.key}`
    : ` under Vault key ${service.name.mount}/${service.name.key}`;
}

const RECORD: UserRecord<Records> = {
  file: "rules.json",
  field: "rules",
  what: "a list of rules as signet writes it",
  next: "accept the rules again",
  parse(field) {
    return isMap(field) && Object.values(field).every(areKnownRules) ? (field as Records) : null;
  },
};

function areKnownRules(entry: unknown): entry is KnownRules {
  if (!isMap(entry)) return false;
  const { clusters, rules } = entry;
  return areTexts(clusters) && Array.isArray(rules) && rules.every(isKnownRule);
}

function isKnownRule(rule: unknown): rule is KnownRule {
  if (!isMap(rule)) return false;
  const { clusters, ...texts } = rule;
  return (
    (clusters === undefined || areTexts(clusters)) &&
    Object.values(texts).every((text) => typeof text === "string")
  );
}

function areTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}
