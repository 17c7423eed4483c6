import { UsageError } from "../../shared/errors.ts";
import { shellWord } from "../../shared/shell-word.ts";
import { ageInWords } from "../age-in-words.ts";
import { counted } from "../counted.ts";
import type { Io } from "../io.ts";
import { jsonText } from "../json-text.ts";
import { writeProduct } from "../output-file.ts";
import { oneLine } from "../shown-text.ts";
import { BACK_UP_COMMANDS } from "./back-up-commands.ts";
import { readableKeys, withKeySecrets } from "./connected-secrets.ts";
import { placeOf } from "./dependents.ts";
import type { KeyAction } from "./key-action.ts";
import { countOf, type KeyNeeds, keyNeeds } from "./key-needs.ts";
import { type KeyRow, keyRows } from "./key-table.ts";
import { outputFormat } from "./list-keys.ts";
import { keyNamed } from "./named-key.ts";
import type { SealingKey } from "./sealing-key.ts";
import { takeBackCommand } from "./taken-out.ts";

/** `signet keys show`: all that is known of one key, and what it means. */
export const showKey: KeyAction = {
  flags: ["format", "in", "open", "private-key", "recovery-private-key"],
  async run([name, ...others], options, io) {
    if (name === undefined || others.length > 0)
      throw new UsageError(
        name === undefined ? "it is not said which key to show" : "one key is shown at a time",
        "name its Secret or its fingerprint; signet keys list shows both",
      );
    const format = outputFormat(options, ["table", "json"]);
    await withKeySecrets(options, io, async (connection) => {
      const found = await connection.secrets.all();
      const key = keyNamed(name, found, connection.namespace);
      const keys = found.flatMap((secret) => readableKeys(secret, () => undefined, { toWrite: false }));
      const needs = await keyNeeds(keys, connection, options, io);
      const [row] = keyRows([key], await connection.published(), needs);
      if (row === undefined) return;
      const needed = needing(key, needs);
      const bits = key.certificate.publicKey.asymmetricKeyDetails?.modulusLength ?? null;
      const consequences = consequencesOf(key, row, io.now());
      const { pem } = key.certificate;
      const json = {
        ...{ ...row, namespace: key.namespace, bits, basis: needs?.basis ?? null },
        ...{ neededBy: needed, consequences, certificate: pem },
      };
      const shown = [...lines(key, row, bits, io), ...neededLines(needed, needs), "", ...consequences];
      const page = `${shown.map(oneLine).join("\n")}\n\n${pem}`;
      const text = format === "json" ? jsonText(json) : page;
      writeProduct(text, { format: null, "sealed-secret-file": null }, io);
    });
  },
};

type Needed = { where: string; items: string[] };

function needing({ certificate }: SealingKey, needs: KeyNeeds | null): Needed[] {
  return [...(needs?.byKey.get(certificate.fingerprint) ?? [])].map(([object, values]) => ({
    where: placeOf(object),
    items: values.map(({ item }) => item),
  }));
}

function lines(key: SealingKey, row: KeyRow, bits: number | null, io: Io): string[] {
  const rows: [string, string][] = [
    ["Secret", `${key.namespace}/${key.name}`],
    ["Fingerprint", row.fingerprint],
    ["State", row.waitsFor === null ? row.state : `${row.state}, waits for ${row.waitsFor}`],
    ["Seals", row.seals === null ? "not known" : row.seals ? "yes" : "no"],
    ["Length", `${bits ?? "?"} bits`],
    ["Began", `${row.notBefore} (${ageInWords(io.now().getTime() - new Date(row.notBefore).getTime())} ago)`],
    ["Ends", row.notAfter],
    ["Wrapped by", row.wrappedBy ?? "nothing"],
    ["Promoted", row.promoted ?? "no"],
    ["Backup", row.backup ?? "none confirmed"],
  ];
  return rows.map(([label, value]) => `${`${label}:`.padEnd(13)}${value}`);
}

function neededLines(needed: readonly Needed[], needs: KeyNeeds | null): string[] {
  if (needs === null) return ["Needed by:   not known"];
  const how = needs.basis === "opened" ? "opened" : "claimed";
  const unknown = countOf(needs.unknown);
  const others =
    unknown.values === 0
      ? []
      : [
          `  and perhaps by ${counted(unknown.values, "value")} of ${counted(unknown.objects, "object")}, of which it is not known${needs.basis === "claimed" ? " (--open finds out)" : ""}`,
        ];
  if (needed.length === 0) return [`Needed by:   nothing (${how})`, ...others];
  return [
    `Needed by (${how}):`,
    ...needed.map(({ where, items }) => `  ${where}: ${items.join(", ")}`),
    ...others,
  ];
}

/** What there is to know before anything is done with it, a sentence or two each. */
function consequencesOf(key: SealingKey, row: KeyRow, now: Date): string[] {
  const { fingerprint, seals, values, objects, waitsFor, state } = row;
  const hasEnded = key.certificate.notAfter.getTime() <= now.getTime();
  const needed =
    values === null || values === 0
      ? []
      : [
          `It is needed by ${counted(values, "value")} of ${counted(objects ?? 0, "object")}. Without it they open no more: their Secrets stay, and could not be made again.`,
        ];
  if (!key.isInUse)
    return [
      `It is taken out (${state}): no controller loads it, and what was sealed under it does not open.`,
      ...(state === "compromised"
        ? [`Change all that was ever sealed under it: signet audit --compromised ${fingerprint} --history`]
        : []),
      ...needed,
      `To take it back: ${takeBackCommand(key)}`,
    ];
  return [
    ...(seals === true
      ? ["It seals: all that is sealed from now on needs it. It cannot be retired until another one seals."]
      : []),
    ...(seals === false && waitsFor === null
      ? [
          `It opens what was sealed under it, and seals nothing. Once nothing needs it: signet keys retire ${shellWord(key.name)}`,
        ]
      : []),
    ...(waitsFor === "promotion"
      ? [
          key.isRestored
            ? "Its mark says that it came from a backup, and it seals nothing before it is promoted."
            : "It was made to seal nothing before it is promoted: by signet keys new or a renewal that did not end, or by anybody who may create Secrets.",
          `Find out first who made it; if nobody did: signet keys retire ${shellWord(key.name)}. If it is the one you know: signet keys promote ${fingerprint}`,
        ]
      : []),
    ...(waitsFor === "backup"
      ? [`It seals nothing before its backup is confirmed: ${BACK_UP_COMMANDS}`]
      : []),
    ...(hasEnded ? ["Its certificate ended: nobody seals with it any more, and it opens as before."] : []),
    ...needed,
    ...(row.backup === null
      ? [
          `No backup is confirmed: with its Secret all that was sealed under it would be lost. To make one: ${BACK_UP_COMMANDS}`,
        ]
      : []),
  ];
}
