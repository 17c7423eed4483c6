import * as z from "zod";
import { readStream } from "../../shared/document/document-stream.ts";
import { decodeText } from "../../shared/document/encoding.ts";
import { InputError } from "../../shared/errors.ts";
import { isClusterId } from "../cluster-identity.ts";
import { fileFailure } from "../file-failure.ts";
import type { Io } from "../io.ts";
import { isPlainPattern } from "./path-pattern.ts";
import { nearestFile, PROJECT_FILE } from "./project-folders.ts";
import { backendFields, requireOneBackend } from "./rule-backend.ts";

const SCOPES = ["strict", "namespace-wide", "cluster-wide"] as const;
const MOST_BYTES = 1 << 20;
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

const isPathBelow = (text: string) =>
  text.length <= 1024 &&
  !/^\/|^[A-Za-z]:|\\|[\p{Cc}\p{Bidi_Control}]/u.test(text) &&
  !text.split("/").includes("..");
const isPattern = (text: string) => text.length <= 256 && isPathBelow(text) && isPlainPattern(text);
const clusterNames = z.array(z.string()).min(1).max(64);

const clusterSchema = z.strictObject({
  certificate: z.string().min(1).refine(isPathBelow, "has to be a path below the project file, with slashes"),
  fingerprint: z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, "has to be SHA256: and 43 characters"),
  clusterId: z.string().refine(isClusterId, "is not the id of a cluster").optional(),
});
const ruleSchema = z.strictObject({
  path: z
    .string()
    .min(1)
    .refine(isPattern, "has to be a pattern of *, ** and ? below the project file, of at most 256 characters")
    .optional(),
  clusters: clusterNames.optional(),
  scope: z.enum(SCOPES, "has to be strict, namespace-wide or cluster-wide").optional(),
  ...backendFields,
});
const schema = z.strictObject({
  version: z.literal(1, "has to be 1"),
  clusters: z.record(z.string().regex(NAME, "has to be letters, digits, dots and dashes"), clusterSchema),
  rules: z.array(ruleSchema).max(256).default([]),
});

/** What a project says of a cluster; paths go from the folder of its file. */
export type ClusterEntry = z.infer<typeof clusterSchema>;
/** What it says of the files that a pattern fits; of all without one. */
export type ProjectRule = z.infer<typeof ruleSchema>;
/** A project file that was read. */
export type ProjectFile = {
  /** Absolute, links followed. */
  path: string;
  text: string;
  clusters: ReadonlyMap<string, ClusterEntry>;
  rules: readonly ProjectRule[];
};

/**
 * The project file that counts here.
 * @returns null for none.
 * @throws FileError, InputError when it cannot be read, or says what it may not.
 */
export function findProject(io: Io): ProjectFile | null {
  const path = nearestFile(PROJECT_FILE, io);
  return path === null ? null : readProject(path, io);
}

/** @throws FileError, InputError when it cannot be read, or says what it may not. */
export function readProject(path: string, io: Io): ProjectFile {
  let bytes: Uint8Array;
  try {
    bytes = io.files.read(path);
  } catch (error) {
    throw fileFailure(`cannot read ${path}`, "check its permissions", error);
  }
  if (bytes.length > MOST_BYTES) throw new InputError(`${path} is too long to be a project file`, FORM);
  const text = decodeText(bytes, path);
  return { path: io.files.realPath(path), text, ...parseProject(text, path) };
}

const FORM = "docs/project-file.md shows what it may hold";

/**
 * Reads the text of a project file.
 * @param where names it in errors.
 * @throws InputError naming the field.
 */
export function parseProject(text: string, where: string): Pick<ProjectFile, "clusters" | "rules"> {
  const [document, ...others] = readStream(text, where);
  if (document === undefined || others.length > 0)
    throw new InputError(`${where} is not one YAML document`, FORM);
  const { success, data, error } = schema.safeParse(document.value);
  if (!success) throw unfit(error, where);
  const clusters = new Map(Object.entries(data.clusters));
  for (const [at, rule] of data.rules.entries()) {
    const { clusters: named = [] } = rule;
    const backend = requireOneBackend(rule, `${where}: rules[${at}]`);
    if (backend !== "cluster" && clusters.size === 0)
      throw new InputError(
        `${where}: rules[${at}] is for backend ${backend}, whose values are bound to a cluster, and clusters has none`,
        "name the cluster there, with its certificate and its clusterId",
      );
    const unknown = named.find((name) => !clusters.has(name));
    if (unknown !== undefined)
      throw new InputError(
        `${where}: rules[${at}].clusters names ${JSON.stringify(unknown)}, which is not among clusters`,
        `name one of ${[...clusters.keys()].join(", ") || "the clusters once there are some"}`,
      );
  }
  return { clusters, rules: data.rules };
}

/** A library's words may quote what was read; these are ours. */
function unfit({ issues }: z.ZodError, where: string): InputError {
  const [issue] = issues;
  const place = (issue?.path ?? [])
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`))
    .join("")
    .replace(/^\./, "");
  const at = place === "" ? "" : `${place}: `;
  if (issue?.code === "unrecognized_keys") {
    const keys = issue.keys.map((key) => JSON.stringify(key)).join(", ");
    return new InputError(
      `${where}: ${at}${keys} may not stand there: a project file names certificates and rules, and no kubeconfigs, commands or tokens`,
      FORM,
    );
  }
  const isOurs = issue !== undefined && /^(?:has to be|is not) /.test(issue.message);
  const what = isOurs ? issue.message : "is missing, or not of the kind that is expected there";
  return new InputError(`${where}: ${place === "" ? "the file" : place} ${what}`, FORM);
}
