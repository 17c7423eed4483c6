import { SealError, UsageError, wordsOf } from "../shared/errors.ts";
import { loadKubeConfig } from "../shared/kube/config.ts";
import { bearerToken } from "../shared/kube/credentials.ts";
import { connectKube } from "../shared/kube/http-client.ts";
import { paced, RequestPace } from "../shared/kube/rate-limited-client.ts";
import { version } from "../shared/version.ts";
import { startController } from "./controller.ts";
import { type Log, openLog } from "./log.ts";
import { type Options, optionsHelp, readControllerOptions } from "./options.ts";
import { systemClock } from "./runtime/clock.ts";
import { traceOf } from "./unforeseen-error.ts";

async function main(): Promise<number> {
  const options = readControllerOptions(process.argv.slice(2), process.env);
  if (options.version) {
    process.stdout.write(`controller version: v${version}\n`);
    return 0;
  }
  if (options.help) {
    process.stdout.write(optionsHelp());
    return 0;
  }
  const log = openLog(
    {
      level: options["log-level"],
      format: options["log-format"],
      infoToStdout: options["log-info-stdout"],
    },
    { out: (line) => process.stdout.write(line), err: (line) => process.stderr.write(line) },
  );
  // Node's own report would quote the error, and the line of source with it.
  process.on("uncaughtException", (error) => {
    const { kind, at } = traceOf(error);
    log.error({ error: kind, at: at.join(" < ") }, "Unexpected failure, please report it");
    process.exit(1);
  });
  log.info({ version }, "Starting sealed-secrets controller");
  await serve(options, log);
  return 0;
}

async function serve(options: Options, log: Log): Promise<void> {
  const connection = await loadKubeConfig({
    ...(options["kubeconfig"] === "" ? {} : { kubeconfig: options["kubeconfig"] }),
    ...(options["context"] === "" ? {} : { context: options["context"] }),
  });
  const client = connectKube(connection, { version });
  const qps = options["kubeclient-qps"];
  const pace = new RequestPace({ qps, burst: options["kubeclient-burst"] });
  const controller = await startController(options, {
    client,
    slowed: (unhindered) => (qps < 0 ? unhindered : paced(unhindered, pace)),
    ownNamespace: process.env["POD_NAMESPACE"] || client.namespace || "default",
    clock: systemClock,
    log,
    version,
    environment: process.env,
    identity: {
      ownToken: () => bearerToken(connection),
      withToken: (token) => connectKube({ ...connection, user: { token } }, { version }),
    },
  });
  const generate = () => {
    controller.generateKey().catch((error: unknown) => {
      log.error({ error: wordsOf(error) }, "No new key made");
    });
  };
  // The bundle's first statement hands over a signal that came before.
  process.on("SIGUSR1", generate);
  const stopped = new Promise<string>((resolve) => {
    for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, resolve);
  });
  let answeringMs = 0;
  try {
    const signal = await Promise.race([stopped, controller.failed]);
    log.info({ signal }, "Stopping");
    // A person at a terminal is not kept waiting.
    if (signal === "SIGTERM") answeringMs = options["shutdown-delay"];
  } finally {
    await controller.stop(answeringMs);
  }
  log.info("Stopped");
}

try {
  process.exitCode = await main();
} catch (error) {
  // An exception that is not ours may hold anything: only its kind is shown.
  const known = error instanceof SealError;
  const kind = error instanceof Error ? error.name : "unknown";
  process.stderr.write(`error: ${known ? error.message : `unexpected failure (${kind})`}\n`);
  process.stderr.write(`hint: ${known ? error.hint : "please report it with the log"}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
