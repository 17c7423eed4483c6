import { InputError, UsageError } from "../../shared/errors.ts";
import { connect, controllerOf, requestTimeoutMs } from "../cluster.ts";
import type { Command } from "../command.ts";
import { type Check, type Looking, ok } from "../doctor/check.ts";
import { checkController } from "../doctor/controller-checks.ts";
import { checkDefinition } from "../doctor/definition-checks.ts";
import { doctorOptions } from "../doctor/doctor-options.ts";
import { checkKeys } from "../doctor/key-checks.ts";
import { checkLeaving } from "../doctor/leaving.ts";
import { checkObjects } from "../doctor/object-checks.ts";
import { publishedOptions } from "../doctor/published-options.ts";
import { checkControllersRights, checkOwnRights } from "../doctor/rights-checks.ts";
import { page } from "../help/pages/doctor.ts";
import type { Io } from "../io.ts";
import { jsonText } from "../json-text.ts";
import { writeProduct } from "../output-file.ts";
import { oneLine } from "../shown-text.ts";

/** `signet doctor`: looks at an installation, and changes nothing. */
export const doctor: Command<typeof doctorOptions> = {
  name: "doctor",
  summary: "check an installation, and what it would take to leave",
  options: doctorOptions,
  page,
  async run({ options, positionals, io }) {
    const format = (options.format ?? "table").toLowerCase();
    if (format !== "table" && format !== "json")
      throw new UsageError(`unsupported output format: ${options.format}`, "write -o table or -o json");
    if (positionals.length > 0 && !options.leave)
      throw new UsageError(
        "files go with --leave alone",
        "leave them out, or write signet doctor --leave PATH",
      );
    const timeoutMs = requestTimeoutMs(options["request-timeout"]);
    const client = await connect(options, io);
    try {
      const nameGiven = options["controller-name"] !== null;
      const search = { ...controllerOf(options), nameGiven, timeoutMs };
      const looking = { client, search, now: io.now() };
      const checks = options.leave
        ? await checkLeaving(looking, positionals, io)
        : await checkInstallation(looking);
      const text = format === "json" ? jsonText({ checks }) : table(checks);
      writeProduct(text, { format: null, "sealed-secret-file": null }, io);
      judge(checks, options.leave, io);
    } finally {
      await client.close();
    }
  },
};

async function checkInstallation(looking: Looking): Promise<Check[]> {
  const definition = await checkDefinition(looking);
  const published = await publishedOptions(looking);
  const controller = await checkController(looking, published);
  return [
    ok("cluster", looking.client.server),
    ...definition,
    ...controller.checks,
    ...(await checkControllersRights(looking, controller.account)),
    ...(await checkKeys(looking, published)),
    ...(await checkObjects(looking)),
    ...(await checkOwnRights(looking, looking.search)),
  ];
}

function table(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ about }) => oneLine(about).length));
  return checks
    .map(({ level, about, found, next }) => {
      const line = `${level.padEnd(7)}  ${oneLine(about).padEnd(width)}  ${oneLine(found)}\n`;
      return next === null ? line : `${line}${" ".repeat(width + 11)}next: ${oneLine(next)}\n`;
    })
    .join("");
}

/** @throws InputError where something fails, or stands in the way: exit code 1. */
function judge(checks: readonly Check[], isLeaving: boolean, io: Io): void {
  const count = (level: Check["level"]) => checks.filter((check) => check.level === level).length;
  const [failed, warned, unknown] = [count("fail"), count("warn"), count("unknown")];
  const first = checks.find(({ level }) => level === "fail");
  if (first !== undefined) {
    const what = isLeaving ? "stands in the way of going back" : "is not right";
    throw new InputError(
      `${failed} of ${checks.length} checks failed: what ${what} stands above`,
      first.next ?? "mend what is named above",
    );
  }
  const rest = [
    ...(warned > 0 ? [`${warned} to look at`] : []),
    ...(unknown > 0 ? [`${unknown} not known`] : []),
  ];
  io.stderr.write(`nothing failed${rest.length > 0 ? `; ${rest.join(", ")}` : ""}\n`);
}
