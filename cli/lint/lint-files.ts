import {
  type DocumentFile,
  type FileDocument,
  readDocumentFile,
} from "../../shared/document/document-file.ts";
import { InputError } from "../../shared/errors.ts";
import { KIND } from "../../shared/resource.ts";
import {
  parseSealedSecret,
  type SealedSecret,
  type StructuralFault,
  structuralFaults,
} from "../../shared/sealed-secret.ts";
import { kindOf } from "../document-kind.ts";
import { allowanceAt, firstContentLine } from "../guard/allow-comments.ts";
import { inputFiles, readInput } from "../input-files.ts";
import type { Io } from "../io.ts";
import { unlessForeign } from "../manifest-reading.ts";
import { readStandardInput } from "../sealing.ts";
import { duplicateNames } from "./duplicate-names.ts";
import type { KnownKeys } from "./known-keys.ts";
import { ObjectLines } from "./object-lines.ts";
import type { LintFinding, LintProblem } from "./problem.ts";
import { RULES } from "./rules.ts";
import { judgeScope } from "./scope-rules.ts";
import { judgeSecret } from "./secret-rules.ts";
import { judgeSopsFile } from "./sops-files.ts";
import { judgeSops, type SopsAtHand } from "./sops-rules.ts";
import { judgeTemplates, type TemplateSettings } from "./template-rules.ts";
import { judgeValues } from "./value-rules.ts";

/** What objects are judged by. */
export type LintSettings = TemplateSettings & { known: KnownKeys; sops: SopsAtHand };

/** A SealedSecret that was looked at. */
export type LintedObject = { path: string; line: number; object: string };

/** What came of it. */
export type LintResult = {
  findings: LintFinding[];
  /** Found, and allowed by a comment with a reason. */
  allowed: (LintFinding & { reason: string })[];
  objects: LintedObject[];
  files: number;
};

/** How standard input is called. */
export const STANDARD_INPUT = "standard input";

/**
 * Judges the SealedSecrets of files and folders, or of standard input when none are given. Nothing is asked of a network.
 * @throws SealError naming an argument that gives nothing, or cannot be read.
 */
export async function lintFiles(
  args: readonly string[],
  settings: LintSettings,
  io: Io,
): Promise<LintResult> {
  const result: LintResult = { findings: [], allowed: [], objects: [], files: 0 };
  const files = [...filesOf(args, io, result)];
  const judged: Judged[] = [];
  const others: Judged[] = [];
  for (const file of files) {
    for (const document of file.file.documents) {
      if (kindOf(document.value) !== KIND) continue;
      judged.push(await judge(file, document, settings));
    }
    for (const { document, problems } of await judgeSopsFile(file.file, settings.sops))
      others.push({ ...base(file, document), sealedSecret: null, object: nameOf(document.value), problems });
  }
  const readable = judged.flatMap((one) =>
    one.sealedSecret === null ? [] : [{ ...one, sealedSecret: one.sealedSecret }],
  );
  for (const { object, problem } of duplicateNames(readable, settings.known)) object.problems.push(problem);
  for (const one of judged) {
    result.objects.push({ path: one.path, line: one.line, object: one.object });
    tell(one, result);
  }
  for (const one of others) tell(one, result);
  return result;
}

type LintFile = { path: string; file: DocumentFile; lines: ObjectLines };

/** An object, and what is wrong with it. */
type Judged = LintFile & {
  document: FileDocument;
  line: number;
  /** Null where it is none by its form. */
  sealedSecret: SealedSecret | null;
  object: string;
  problems: LintProblem[];
};

function* filesOf(args: readonly string[], io: Io, result: LintResult): Generator<LintFile> {
  const inputs =
    args.length === 0
      ? [{ path: STANDARD_INPUT, isNamed: true, content: () => readStandardInput(io, "SealedSecrets") }]
      : inputFiles(args, io.files).map((input) => ({ ...input, content: () => readInput(input.path, io) }));
  for (const { path, isNamed, content } of inputs) {
    const bytes = content();
    result.files += 1;
    try {
      const file = unlessForeign(bytes, { isNamed }, () => readDocumentFile(bytes, path));
      if (file !== null) yield { path, file, lines: new ObjectLines(file) };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      result.findings.push(unreadable(path, error));
    }
  }
}

function unreadable(path: string, { message, hint }: InputError): LintFinding {
  const line = Number(/\bline (\d+)/.exec(message)?.[1] ?? 1);
  const what = message.startsWith(path) ? message.slice(path.length).replace(/^[:, ]+/, "") : message;
  return { rule: "unreadable", level: "error", item: null, object: null, path, line, what, next: hint };
}

async function judge(file: LintFile, document: FileDocument, settings: LintSettings): Promise<Judged> {
  const { path } = file;
  const found = base(file, document);
  const faults = structuralFaults(document.value);
  if (faults.length > 0) {
    const problems = faults.map(structureProblem);
    return { ...found, sealedSecret: null, object: nameOf(document.value), problems };
  }
  const sealedSecret = parseSealedSecret(document.value, path);
  const problems = [
    ...judgeScope(sealedSecret),
    ...judgeValues(sealedSecret, settings.known),
    ...judgeSecret(sealedSecret),
    ...(await judgeTemplates(sealedSecret, settings)),
    ...(await judgeSops(sealedSecret, settings.sops)),
  ];
  return { ...found, sealedSecret, object: nameOf(sealedSecret), problems };
}

function structureProblem({ path, field, what }: StructuralFault): LintProblem {
  const at = path.map((step) => (typeof step === "number" ? step : String(step)));
  const next = `correct ${field}, or seal the Secret again`;
  const item = path.length === 0 ? null : field;
  return { rule: "structure", level: "error", item, at, what: `${field} ${what}`, next };
}

function base(file: LintFile, document: FileDocument) {
  return { ...file, document, line: file.lines.of(document, []) + 1 };
}

/** `SealedSecret "shop/db"`, as far as an object has a kind, a namespace and a name that can be read. */
function nameOf(value: unknown): string {
  const kind = fieldOf(value, "kind");
  if (typeof kind !== "string" || kind.startsWith("ENC[")) return "SOPS document";
  const metadata = fieldOf(value, "metadata");
  const names = [fieldOf(metadata, "namespace"), fieldOf(metadata, "name")].filter(
    (name) => typeof name === "string" && name !== "" && !name.startsWith("ENC["),
  );
  return names.length === 0 ? `${kind} without a name` : `${kind} ${JSON.stringify(names.join("/"))}`;
}

function fieldOf(value: unknown, field: string): unknown {
  const isMap = typeof value === "object" && value !== null && Object.hasOwn(value, field);
  return isMap ? (value as Record<string, unknown>)[field] : undefined;
}

/** Findings of one object that are told one by one. */
const MOST_FINDINGS = 100;
const LEVELS = ["error", "warning", "note"];

/** Anybody's file may hold faults without end: the gravest are told, and how many more there are. */
function fewest(findings: readonly LintFinding[]): readonly LintFinding[] {
  const ranked = findings.toSorted((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
  const [next, ...others] = ranked.slice(MOST_FINDINGS);
  if (next === undefined) return findings;
  const more = `${others.length + 1} more faults, of this kind or others, are not told one by one`;
  return [
    ...ranked.slice(0, MOST_FINDINGS),
    { ...next, item: null, what: more, next: "correct those, and run it again" },
  ];
}

/** Sorts what is wrong with an object into findings and what its comments allow. */
function tell({ path, lines, document, line, object, problems }: Judged, result: LintResult): void {
  const { texts } = lines.lines;
  const first = firstContentLine(texts, lines.lines.indexOf(document.start));
  const findings: LintFinding[] = [];
  for (const { at, next, ...problem } of problems) {
    const place = lines.of(document, at);
    const own = next ?? RULES[problem.rule].next;
    const finding: LintFinding = { ...problem, path, line: place + 1, object, next: own };
    const allowance = allowanceAt(texts, [place, line - 1, first], new Set([first, line - 1]), "lint");
    if (allowance === null || allowance === "no-reason") findings.push(finding);
    else result.allowed.push({ ...finding, reason: allowance.reason });
  }
  result.findings.push(...fewest(findings));
}
