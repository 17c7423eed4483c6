import type { AutomaticDifference } from "./intended-differences.ts";
import type { FileState, Outcome } from "./run-both.ts";
import { opened } from "./scene.ts";

/** An outcome made comparable. */
export type NormalOutcome = {
  code: number;
  stdout: string;
  /** The error with its hint, or null. */
  error: string | null;
  /** Everything else on standard error. */
  notices: string;
  files: ReadonlyMap<string, FileState>;
};

/** Where ours keeps the fingerprints of certificates it has seen. */
const RECORD = "home/.local/state/signet/certificates.json";

/**
 * Takes out of an outcome what differs in every such case: the hint line, the note of the sealing key, the record of
 * certificates, the owner that kubeseal gives to a recovered Secret, and where it puts errors in the command line.
 * `shown` is told each time.
 */
export function normalise(outcome: Outcome, shown: (id: AutomaticDifference) => void): NormalOutcome {
  const { code, stderr } = outcome;
  const files = new Map(
    [...outcome.files].map(([name, { content, mode }]) => [
      name,
      { mode, content: comparable(content, shown) },
    ]),
  );
  if (files.delete(RECORD)) shown("certificate-record");
  if (code === 2 && stderr.includes("Usage of ")) {
    shown("usage-errors");
    const [last = ""] = outcome.stdout.trimEnd().split("\n").reverse();
    return { code, stdout: "", error: last, notices: "", files };
  }
  const { error, notices } = messages(stderr, shown);
  return { code, stdout: comparable(outcome.stdout, shown), error, notices, files };
}

function messages(
  stderr: string,
  shown: (id: AutomaticDifference) => void,
): { error: string | null; notices: string } {
  const crash = stderr.indexOf("panic: ");
  if (crash !== -1) return { error: stderr.slice(crash), notices: stderr.slice(0, crash) };
  const start = stderr.search(/^error: /m);
  if (start === -1) return { error: null, notices: stderr };
  const error = stderr.slice(start);
  if (/^hint: /m.test(error)) shown("hint-line");
  return { error, notices: stderr.slice(0, start) };
}

/** A product with its values opened, without our note of the sealing key and the owner of a recovered Secret. */
function comparable(text: string, shown: (id: AutomaticDifference) => void): string {
  const plain = text
    // With its map, where it is alone there; then the first and any other of its map, in JSON and in YAML.
    .replace(/,\n *"annotations": \{\n *"signet\.dev\/sealing-key": "(?:[^"\\]|\\.)*"\n *\}/g, "")
    .replace(/,\n *"signet\.dev\/sealing-key": "(?:[^"\\]|\\.)*"/g, "")
    .replace(/"signet\.dev\/sealing-key": "(?:[^"\\]|\\.)*",\n */g, "")
    .replace(/ *annotations:\n( *)signet\.dev\/sealing-key: .*\n(?!\1)/g, "")
    .replace(/ *signet\.dev\/sealing-key: .*\n/g, "");
  if (plain !== text) shown("sealing-key");
  const unowned = plain
    .replace(
      /,\n *"ownerReferences": \[\n *\{\n *"apiVersion": "[^"]*",\n *"kind": "SealedSecret",[^\]]*\]/,
      "",
    )
    .replace(
      / *ownerReferences:\n *- apiVersion: .*\n *controller: true\n *kind: SealedSecret\n *name: .*\n *uid: .*\n/,
      "",
    );
  if (unowned !== plain) shown("recovery-owner");
  return opened(unowned);
}
