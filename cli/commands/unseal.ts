import { decodeText } from "../../shared/document/encoding.ts";
import { readDocuments } from "../../shared/document/read-documents.ts";
import { type DocumentFormat, writeDocuments } from "../../shared/document/write-documents.ts";
import { InputError, UsageError } from "../../shared/errors.ts";
import { KIND } from "../../shared/resource.ts";
import type { Command } from "../command.ts";
import { kindOf } from "../document-kind.ts";
import { workOnFiles } from "../file-work.ts";
import { page } from "../help/pages/unseal.ts";
import { inputFiles } from "../input-files.ts";
import type { Io } from "../io.ts";
import { UserKeyServices } from "../key-services/user-key-services.ts";
import { noticesOf } from "../notices.ts";
import { openBareValue } from "../opening/bare-value.ts";
import { openOneItem } from "../opening/one-item.ts";
import type { OfflineOpening } from "../opening/unseal-offline.ts";
import { type UnsealOptions, unsealOptions } from "../opening/unseal-options.ts";
import { unsealTask } from "../opening/unseal-task.ts";
import { readOpeningKeys } from "../opening-keys.ts";
import { outputFormat, writeProduct } from "../output-file.ts";
import { readStandardInput } from "../sealing.ts";
import { shownText } from "../shown-text.ts";
import { userSopsOpener } from "../sops-sealed-secret/user-opening.ts";

/**
 * `signet unseal`: opens SealedSecrets, single items and bare values with private keys on this machine, and those of key
 * services with the user's own rights.
 */
export const unseal: Command<typeof unsealOptions> = {
  name: "unseal",
  summary: "open SealedSecrets on this machine",
  options: unsealOptions,
  page,
  async run({ options, positionals, io }) {
    requireOneMode(options, positionals);
    const paths = [...options.key, ...options["recovery-private-key"]];
    const stdinIsInput = options.raw ? options["from-file"] === null : positionals.length === 0;
    const keyServices = new UserKeyServices(options, io, noticesOf(io, { ...options, v: 0 }));
    const opening: OpeningOfUser = {
      keys: await readOpeningKeys(paths, io, stdinIsInput),
      keyServices,
      sops: userSopsOpener(keyServices, options, io),
      keyFlag: "--key",
      acceptWholeObject: true,
      allowNondeterministic: options["allow-nondeterministic-templates"],
    };
    if (options.verbose) for (const fault of opening.keys.passedOver) say(io, `note: ${fault}; passed over`);
    try {
      if (options.raw) {
        writeProduct(await openBareValue(options, opening, io), options, io, "owner-only");
      } else if (options.item !== null) {
        const item = { name: options.name, namespace: options.namespace, item: options.item };
        writeProduct(await openOneItem(item, positionals, opening, io), options, io, "owner-only");
      } else await openAll(positionals, options, opening, io);
    } finally {
      await keyServices.close();
    }
  },
};

type OpeningOfUser = OfflineOpening & { keyServices: UserKeyServices };

function requireOneMode(options: UnsealOptions, positionals: readonly string[]): void {
  const { raw, item } = options;
  if (raw && positionals.length > 0) {
    throw new UsageError(
      "--raw opens one bare value, and no files",
      "give the value on standard input or with --from-file; leave --raw out for SealedSecrets",
    );
  }
  if ((raw || item !== null) && (options["in-place"] || options["output-dir"] !== null)) {
    throw new UsageError(
      "--raw and --item print one value, and write no files of their own",
      "give -w FILE, or take the value from standard output",
    );
  }
  for (const flag of ["scope", "from-file"] as const) {
    if (!raw && options[flag] !== null)
      throw new UsageError(`--${flag} goes with --raw`, `leave --${flag} out`);
  }
  for (const flag of ["name", "namespace"] as const) {
    if (!raw && item === null && options[flag] !== null) {
      throw new UsageError(
        `--${flag} goes with --raw or --item`,
        `leave --${flag} out: a SealedSecret says its own`,
      );
    }
  }
}

async function openAll(
  positionals: readonly string[],
  options: UnsealOptions,
  opening: OfflineOpening,
  io: Io,
): Promise<void> {
  const task = unsealTask(opening, (text) => say(io, `warning: ${text}`));
  if (positionals.length === 0) {
    if (options["in-place"] || options["output-dir"] !== null) {
      const flag = options["in-place"] ? "--in-place" : "--output-dir";
      throw new UsageError(`${flag} needs files`, "name files, folders or patterns as arguments");
    }
    const content = readStandardInput(io, "SealedSecrets");
    const documents = readDocuments(content, "standard input").filter(({ value }) => kindOf(value) === KIND);
    if (documents.length === 0) {
      throw new InputError(
        "no SealedSecret in standard input",
        "give documents with apiVersion: bitnami.com/v1alpha1 and kind: SealedSecret, or name files",
      );
    }
    const products: object[] = [];
    for (const document of documents) {
      const { product } = await task.perform(document);
      if (product !== null) products.push(product);
    }
    const format = formatOf(
      options,
      /^[\s\ufeff]*\{/.test(decodeText(content, "standard input")) ? "json" : "yaml",
    );
    writeProduct(writeDocuments(products, format), options, io, "owner-only");
    return;
  }
  const files = inputFiles(positionals, io.files, options["output-dir"]);
  const format = formatOf(options, files.every(({ path }) => /\.json$/i.test(path)) ? "json" : "yaml");
  // One file that goes to a stream needs no report beside its product.
  const isQuiet = files.length === 1 && options["output-dir"] === null && !options["in-place"];
  await workOnFiles(task, positionals, { ...options, format, "secret-file": null }, io, { isQuiet });
}

/** The format asked for, or that the file of `-w` names, or else the one of the input. */
function formatOf(options: UnsealOptions, input: DocumentFormat): DocumentFormat {
  const ofFile = /\.json$/i.test(options["sealed-secret-file"] ?? "") ? "json" : input;
  return outputFormat({ ...options, format: options.format ?? ofFile });
}

function say(io: Io, text: string): void {
  io.stderr.write(`${shownText(text)}\n`);
}
