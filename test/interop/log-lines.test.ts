import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite } from "node:test";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { isRecord } from "../support/control-plane/kube-object.ts";
import { startReferenceController } from "../support/control-plane/reference-controller.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { base64, testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { type Scene, sceneOf, sealedPath, secretPath } from "../support/sealed-secret-scene.ts";
import { startSignetController } from "../support/signet-controller.ts";
import { jsonLines, type LogLine, textLines } from "./log-lines/log-line.ts";

requireNetbox();

/** What people match on, with the fields that they read. */
const WATCHED = {
  "Starting sealed-secrets controller": ["version"],
  "Searching for existing private keys": [],
  "New key written": ["namespace", "name"],
  "Certificate generated": ["certificate"],
  "HTTP server serving": ["addr"],
  "HTTP metrics server serving": ["addr"],
  "registered private key": ["secretname"],
  "Error updating, will retry": ["key", "error"],
} as const;

const table = coverageTable({
  messages: "what people match on: the same message, level and fields",
  differences: "whatever else the reference says stands in the table of differences",
  events: "each event as the same line",
  form: "the same form of a line, in text and in JSON",
  first: "the same first line",
  stop: "no line of level ERROR in a run that ends as asked",
});

type Run = { log: string; lines: LogLine[] };
type Format = "text" | "json";
const formats = ["text", "json"] as const;

suite("log lines, beside those of the reference", () => {
  let cluster: ControlPlane;
  let scene: Scene;
  const runs: Record<"reference" | "signet", Partial<Record<Format, Run>>> = { reference: {}, signet: {} };

  before(async () => {
    cluster = await startInstalledCluster();
    scene = sceneOf(cluster);
    for (const format of formats) {
      const lines = format === "text" ? textLines : jsonLines;
      for (const who of ["reference", "signet"] as const) {
        const log = await logOf(who, format);
        runs[who][format] = { log, lines: lines(log) };
      }
    }
  });

  after(() => cluster?.stop());

  const start = (who: "reference" | "signet", flags: readonly string[]) =>
    who === "reference"
      ? startReferenceController({ controlPlane: cluster, flags })
      : startSignetController({ controlPlane: cluster, flags: [...flags, "--leader-elect=false"] });

  /** Lets a controller find no key, and one object of each fate; then start once more. */
  async function logOf(who: "reference" | "signet", format: Format): Promise<string> {
    const flags = [`--log-format=${format}`];
    const first = await start(who, flags);
    const sealer = await testSealer(await (await fetch(`${first.url}/v1/cert.pem`)).text());
    const inTheWay = { metadata: { name: "taken", namespace: "default" }, data: { b: base64("x") } };
    await cluster.apply([
      { apiVersion: "v1", kind: "Secret", ...inTheWay },
      await sealer.object({ name: "good", items: { a: "1" } }),
      await sealer.object({ name: "taken", items: { a: "1" } }),
      await sealer.object({ name: "renamed", items: { a: "1" }, sealedFor: { name: "other" } }),
    ]);
    await scene.untilEvent("default", "good", "Unsealed");
    await scene.untilEvent("default", "taken", "ErrUpdateFailed");
    await scene.untilEvent("default", "renamed", "ErrUnsealFailed");
    await scene.untilSynced("default", "renamed", "False");
    // Either says it after the status was written.
    await first.process.waitForOutput(/Error updating, will retry/);
    await first.stop();
    const again = await start(who, flags);
    await again.stop();
    await clean();
    return first.logs() + again.logs();
  }

  async function clean(): Promise<void> {
    for (const name of ["good", "taken", "renamed"]) await scene.remove(sealedPath("default", name));
    for (const name of ["good", "taken"]) await scene.remove(secretPath("default", name));
    const selector = encodeURIComponent("sealedsecrets.bitnami.com/sealed-secrets-key");
    await scene.remove(`${secretPath("kube-system")}?labelSelector=${selector}`);
    await scene.remove("/api/v1/namespaces/default/events");
  }

  const linesOf = (who: "reference" | "signet", format: Format): LogLine[] =>
    runs[who][format]?.lines ?? assert.fail();
  const withMessage = (who: "reference" | "signet", format: Format, message: string) =>
    linesOf(who, format).filter((line) => line.message === message);

  for (const [message, fields] of Object.entries(WATCHED)) {
    table.proves("messages", `${message}: same level, same fields`, async () => {
      for (const format of formats) {
        const [theirs] = withMessage("reference", format, message);
        assert.ok(theirs !== undefined, `the reference says so (${format})`);
        assert.deepEqual(Object.keys(theirs.fields).sort(), [...fields].sort());
        const ours = withMessage("signet", format, message);
        assert.notEqual(ours.length, 0, `so do we (${format})`);
        for (const line of ours) {
          assert.equal(line.level, theirs.level);
          for (const field of fields) assert.ok((line.fields[field] ?? "") !== "", `${field} in ${format}`);
        }
      }
    });
  }

  /** What differs between two objects of the same name. */
  const alike = (message: string) =>
    message.replace(/UID:"[^"]+"/, 'UID:"…"').replace(/ResourceVersion:"\d+"/, 'ResourceVersion:"…"');
  const eventsIn = (who: "reference" | "signet", format: Format) =>
    new Map(
      linesOf(who, format)
        .filter(({ message }) => message.startsWith("Event("))
        .map((line) => [/Name:"(\w+)".*reason: '(\w+)'/.exec(line.message)?.slice(1).join(" ") ?? "", line]),
    );

  table.proves("events", "events are the same lines", async () => {
    for (const format of formats) {
      const theirs = eventsIn("reference", format);
      const ours = eventsIn("signet", format);
      for (const which of ["good Unsealed", "taken ErrUpdateFailed", "renamed ErrUnsealFailed"]) {
        const [their, our] = [theirs.get(which), ours.get(which)];
        assert.ok(their !== undefined && our !== undefined, `${which} (${format})`);
        assert.equal(our.level, their.level);
        assert.deepEqual(our.fields, their.fields);
        // Ours says more of the cause.
        const expected = alike(their.message);
        assert.ok(
          alike(our.message).startsWith(expected.replace(/ \(a\)$/, "")),
          `${our.message}\n${expected}`,
        );
      }
      const good = alike(ours.get("good Unsealed")?.message ?? "");
      assert.equal(good, alike(theirs.get("good Unsealed")?.message ?? ""));
    }
  });

  table.proves("differences", "what only the reference says is written down", async () => {
    const page = await readFile(join(import.meta.dirname, "../../docs/compatibility.md"), "utf8");
    const ours = new Set(linesOf("signet", "text").map(({ message }) => message));
    const only = new Set(
      linesOf("reference", "text")
        .map(({ message }) => message)
        .filter((message) => !message.startsWith("Event(") && !ours.has(message)),
    );
    assert.ok(only.size > 0);
    for (const message of only) assert.ok(page.includes(`\`${message}\``), message);
  });

  table.proves("form", "the same form, in text and in JSON", async () => {
    const form = /^time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?:Z|[+-]\d\d:\d\d) level=[A-Z]+ msg=/;
    for (const who of ["reference", "signet"] as const) {
      const text =
        runs[who].text?.log.split("\n").find((line) => line.includes("Starting sealed-secrets")) ?? "";
      assert.match(text, form);
      const json =
        runs[who].json?.log.split("\n").find((line) => line.includes("Starting sealed-secrets")) ?? "";
      const fields: unknown = JSON.parse(json);
      assert.ok(isRecord(fields));
      assert.deepEqual(Object.keys(fields).sort(), ["level", "msg", "time", "version"]);
      assert.match(String(fields["time"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(?:Z|[+-]\d\d:\d\d)$/);
      assert.equal(fields["level"], "INFO");
    }
  });

  table.proves("first", "the same first line", async () => {
    for (const format of formats) {
      for (const who of ["reference", "signet"] as const) {
        assert.equal(linesOf(who, format)[0]?.message, "Starting sealed-secrets controller", who);
      }
    }
  });

  table.proves("stop", "a run that ends as asked ends without an error of its own", async () => {
    for (const format of formats) {
      const ending = linesOf("signet", format).slice(
        linesOf("signet", format).findIndex(({ message }) => message === "Stopping"),
      );
      assert.ok(ending.length > 1);
      assert.deepEqual(
        linesOf("signet", format).filter(
          ({ level, message }) => level === "ERROR" && !/^Error updating/.test(message),
        ),
        [],
      );
    }
  });
});

table.everyRowHasATest();
