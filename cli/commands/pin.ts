import { InputError, UsageError } from "../../shared/errors.ts";
import type { Command } from "../command.ts";
import { page } from "../help/pages/pin.ts";
import type { Io } from "../io.ts";
import { nearestWord } from "../nearest-word.ts";
import { noticesOf } from "../notices.ts";
import { clientOptions, controllerOptions, generalOptions, type OptionTable } from "../options.ts";
import { writeProduct } from "../output-file.ts";
import type { ProjectFile } from "../project/project-file.ts";

const pinOptions = {
  cert: {
    kind: "text",
    value: "FILE",
    group: "seal",
    summary: "with update: take the certificate from this file; no cluster is asked then",
  },
  ...controllerOptions,
  ...clientOptions,
  ...generalOptions,
} as const satisfies OptionTable;

const WORDS = ["list", "accept", "update"] as const;

/** `signet pin`: the certificates that a project file pins. */
export const pin: Command<typeof pinOptions> = {
  name: "pin",
  summary: "accept and renew the certificates that .signet.yaml pins",
  options: pinOptions,
  words: WORDS,
  page,
  async run({ options, positionals: [word = "list", ...names], io }) {
    const action = WORDS.find((known) => known === word);
    if (action === undefined) {
      const near = nearestWord(word, WORDS);
      throw new UsageError(
        `${JSON.stringify(word)} is nothing that pins know`,
        near === null ? "write signet pin list, accept or update" : `did you mean ${near}?`,
      );
    }
    if (action !== "update" && options.cert !== null)
      throw new UsageError(`--cert is for update, and this is ${action}`, "leave it out");
    const { findProject } = await import("../project/project-file.ts");
    const project = findProject(io);
    if (project === null)
      throw new InputError(
        "there is no .signet.yaml here, nor above in this repository",
        "docs/project-file.md shows how to write one",
      );
    if (action === "list") return list(project, names, io);
    if (action === "accept") {
      const { acceptPins } = await import("../project/pin-record.ts");
      const { acceptRules, listedByRules } = await import("../project/rules-record.ts");
      const lines = acceptPins(project, names, io);
      // Whoever names clusters looked at their pins.
      if (names.length === 0 && acceptRules(project, io)) lines.push(`the rules of ${project.path}`);
      if (names.length === 0) lines.push(...listedByRules(project));
      return print(lines, io);
    }
    const [name, ...more] = names;
    if (name === undefined || more.length > 0)
      throw new UsageError(
        name === undefined ? "the pin of which cluster?" : "one pin is renewed at a time",
        `write signet pin update NAME, one of ${[...project.clusters.keys()].join(", ")}`,
      );
    const { updatePin } = await import("../project/update-pin.ts");
    // Whoever renews a pin is to see what it goes by.
    const notices = noticesOf(io, { verbose: true, v: 0 });
    print(await updatePin(project, name, options, io, notices), io);
  },
};

/**
 * `prod SHA256:…, until 2036-01-02, accepted`; where all are listed, also that the rules are not those that were accepted.
 * @throws SealError once the others are listed, where a certificate cannot be used.
 */
async function list(project: ProjectFile, names: readonly string[], io: Io): Promise<void> {
  const { readablePins } = await import("../project/pinned-files.ts");
  const { isAccepted } = await import("../project/pin-record.ts");
  const { standOfRules } = await import("../project/rules-record.ts");
  const chosen = names.length > 0 ? names : [...project.clusters.keys()];
  const { clusters, faults } = readablePins(project, chosen, io);
  const lines = clusters.map((cluster) => {
    const { fingerprint, notAfter } = cluster.certificate;
    const accepted = isAccepted(cluster, project, io) ? "accepted" : "not accepted yet";
    return `${cluster.name} ${fingerprint}, until ${notAfter.toISOString().slice(0, 10)}, ${accepted}`;
  });
  const rules = names.length === 0 ? standOfRules(project, io) : null;
  print(rules === null ? lines : [...lines, rules], io);
  const last = faults.pop();
  const notices = noticesOf(io, { verbose: false, v: 0 });
  for (const { message, hint } of faults) notices.alert(`${message}; ${hint}`);
  if (last !== undefined) throw last;
}

function print(lines: readonly string[], io: Io): void {
  const text = lines.map((line) => `${line}\n`).join("");
  writeProduct(text, { format: null, "sealed-secret-file": null }, io);
}
