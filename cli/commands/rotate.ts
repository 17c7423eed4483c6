import { InputError, UsageError } from "../../shared/errors.ts";
import type { Command } from "../command.ts";
import { counted } from "../counted.ts";
import { page } from "../help/pages/rotate.ts";
import { writeProduct } from "../output-file.ts";
import { rotateFiles } from "../rotate/rotate-files.ts";
import { type RotateOptions, rotateOptions } from "../rotate/rotate-options.ts";
import type { RotatedFile } from "../rotate/rotated-file.ts";
import { RotationMeans } from "../rotate/rotation-means.ts";
import { reportText, summaryLines } from "../rotate/rotation-report.ts";
import { oneLine } from "../shown-text.ts";

/**
 * `signet rotate`: seals the values of whole trees anew under the newest key, by the controller or with keys at hand, and
 * leaves alone what is under it.
 */
export const rotate: Command<typeof rotateOptions> = {
  name: "rotate",
  summary: "seal whole trees anew under the newest key",
  options: rotateOptions,
  page,
  async run({ options, positionals, io }) {
    const format = requireFitting(options, positionals);
    const means = new RotationMeans(options, io);
    try {
      await means.prepare();
      const files = await rotateFiles(positionals, means, options, io);
      for (const line of summaryLines(files, options)) io.stderr.write(`${oneLine(line)}\n`);
      const fingerprint = means.newest?.fingerprint ?? null;
      if (format === "json")
        writeProduct(
          reportText(files, fingerprint, options),
          { format: null, "sealed-secret-file": null },
          io,
        );
      requireDone(files);
    } finally {
      await means.close();
    }
  },
};

function requireFitting(options: RotateOptions, positionals: readonly string[]): "table" | "json" {
  const format = (options.format ?? "table").toLowerCase();
  if (format !== "table" && format !== "json")
    throw new UsageError(`unsupported output format: ${options.format}`, "write -o table or -o json");
  if (positionals.length === 0)
    throw new UsageError("rotate needs files", "name files, folders or patterns as arguments");
  if (options["in-place"] && options["output-dir"] !== null)
    throw new UsageError("--in-place and --output-dir exclude each other", "give one of them");
  return format;
}

function requireDone(files: readonly RotatedFile[]): void {
  const failed = files.filter(({ state }) => state === "failed").length;
  if (failed > 0) {
    throw new InputError(
      `${failed} of ${counted(files.length, "file")} failed`,
      "correct what is named above and run the same again; those files were left as they are",
    );
  }
  if (files.every(({ objects }) => objects.length === 0)) {
    throw new InputError(
      "no SealedSecret in the files given",
      "give files with apiVersion: bitnami.com/v1alpha1 and kind: SealedSecret",
    );
  }
}
