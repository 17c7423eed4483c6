import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { after, before, suite } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { startReferenceController } from "../support/control-plane/reference-controller.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { startSignetController } from "../support/signet-controller.ts";

requireNetbox();

const table = coverageTable({
  alike: "every request below has the answer of the reference, or one that is meant to differ",
  rate: "the headers of the rate limit, and what a refusal looks like",
  "each-path": "each path has a budget of its own",
  forwarded: "a header does not get round the limit",
  metrics: "the metrics port: its one path, its content type, gzip",
  "metrics-names": "every metric of the reference is there, but for those of the Go runtime",
});

/** By the limit that either has unless it is told another: two a second, and three at once. */
const GRANTED_EACH_MS = 500;
const MOST_TRIES = 20;

type Answer = { status: number; headers: Record<string, string | undefined>; body: Buffer };
/** A request, and the way its answer differs from the reference's on purpose. */
type Case = {
  name: string;
  method?: string;
  path: string;
  body?: "good" | "foreign" | "text" | "list" | "two" | "empty";
  /** What ours has instead of the reference's status and content type. */
  differs?: { status?: number; type?: string | null; why: string };
};

const cases: readonly Case[] = [
  ...["GET", "HEAD", "POST", "PUT", "DELETE"].flatMap((method) =>
    ["/healthz", "/readyz", "/v1/cert.pem"].map((path) => ({ name: `${method} ${path}`, method, path })),
  ),
  ...[
    "/",
    "/healthz/",
    "/readyz/",
    "/v1/cert.pem/",
    "/v1/verify/",
    "/v1/rotate/",
    "/v1",
    "/metrics",
    "/x",
  ].map((path) => ({ name: `404 ${path}`, path })),
  { name: "query", path: "/healthz?a=b" },
  { name: "verify: opens", method: "POST", path: "/v1/verify", body: "good" },
  { name: "verify: does not", method: "POST", path: "/v1/verify", body: "foreign" },
  { name: "verify: PUT", method: "PUT", path: "/v1/verify", body: "good" },
  { name: "verify: no body", method: "GET", path: "/v1/verify" },
  { name: "verify: empty", method: "POST", path: "/v1/verify", body: "empty" },
  { name: "verify: text", method: "POST", path: "/v1/verify", body: "text" },
  { name: "verify: a list", method: "POST", path: "/v1/verify", body: "list" },
  { name: "verify: two", method: "POST", path: "/v1/verify", body: "two" },
  {
    name: "rotate: opens",
    method: "POST",
    path: "/v1/rotate",
    body: "good",
    differs: { type: "application/json; charset=utf-8", why: "the reference sets it too late" },
  },
  {
    name: "rotate: does not",
    method: "POST",
    path: "/v1/rotate",
    body: "foreign",
    differs: { status: 409, why: "clients tell it from a broken request by that" },
  },
  { name: "rotate: text", method: "POST", path: "/v1/rotate", body: "text" },
  { name: "rotate: a list", method: "POST", path: "/v1/rotate", body: "list" },
];

suite("the HTTP API, beside that of the reference", () => {
  let cluster: ControlPlane;
  type Answers = Map<string, Answer>;
  const answers: { reference: Answers; signet: Answers } = { reference: new Map(), signet: new Map() };

  before(async () => {
    cluster = await startInstalledCluster();
    for (const who of ["reference", "signet"] as const) {
      const wide = await start(who, ["--rate-limit=1000", "--rate-limit-burst=1000"]);
      await askAll(wide, answers[who]);
      await wide.stop();
      const usual = await start(who, []);
      await exhaust(usual, answers[who]);
      await usual.stop();
    }
  });

  after(() => cluster?.stop());

  const start = (who: "reference" | "signet", flags: readonly string[]) =>
    who === "reference"
      ? startReferenceController({ controlPlane: cluster, flags })
      : startSignetController({ controlPlane: cluster, flags: [...flags, "--leader-elect=false"] });

  type Running = Awaited<ReturnType<typeof start>>;

  async function askAll({ url, metricsUrl }: Running, into: Answers): Promise<void> {
    const sealer = await testSealer((await ask(url, { path: "/v1/cert.pem" })).body.toString());
    const good = JSON.stringify(await sealer.object({ name: "db", items: { a: "1" } }));
    const foreign = await sealer.object({ name: "db", items: { a: "1" }, sealedFor: { name: "other" } });
    const bodies = {
      good,
      foreign: JSON.stringify(foreign),
      text: "hello",
      list: JSON.stringify({ apiVersion: "v1", kind: "List", items: [JSON.parse(good)] }),
      two: `${good}\n---\n${good}`,
      empty: "",
    };
    for (const { name, method, path, body } of cases) {
      into.set(name, await ask(url, { method, path, body: body === undefined ? undefined : bodies[body] }));
    }
    into.set("metrics", await ask(metricsUrl, { path: "/metrics" }));
    into.set(
      "metrics gzip",
      await ask(metricsUrl, { path: "/metrics", headers: { "accept-encoding": "gzip" } }),
    );
    for (const path of ["/", "/metrics/", "/healthz"]) {
      into.set(`metrics ${path}`, await ask(metricsUrl, { path }));
    }
  }

  /** One request after the other until the limit is felt, each as another client by its own word. */
  async function exhaust({ url }: Running, into: Answers): Promise<void> {
    for (const path of ["/v1/verify", "/v1/rotate"]) {
      for (let tries = 1; ; tries++) {
        const startedAt = performance.now();
        for (let number = 1; number <= 5; number++) {
          into.set(`rate ${path} ${number}`, await ask(url, { method: "POST", path, body: "x" }));
        }
        const headers = { "x-forwarded-for": "198.51.100.7" };
        into.set(`forwarded ${path}`, await ask(url, { method: "POST", path, body: "x", headers }));
        // On a busy machine a request may have been granted anew meanwhile.
        if (performance.now() - startedAt < GRANTED_EACH_MS || tries === MOST_TRIES) break;
        await sleep(4 * GRANTED_EACH_MS);
      }
    }
  }

  const of = (who: "reference" | "signet", name: string): Answer =>
    answers[who].get(name) ?? assert.fail(name);

  table.proves("alike", "status, content type and body are the reference's", async () => {
    for (const { name, path, differs } of cases) {
      const theirs = of("reference", name);
      const ours = of("signet", name);
      assert.equal(ours.status, differs?.status ?? theirs.status, name);
      if (differs?.status !== undefined) assert.notEqual(theirs.status, differs.status, name);
      const type = differs?.type === undefined ? theirs.headers["content-type"] : (differs.type ?? undefined);
      if (ours.body.length > 0) assert.equal(ours.headers["content-type"], type, name);
      if (path === "/v1/cert.pem") assert.match(theirs.body.toString(), /^(-----BEGIN|$)/);
      else if (!name.startsWith("rotate: opens"))
        assert.equal(ours.body.toString(), theirs.body.toString(), name);
    }
  });

  table.proves("rate", "the limit shows itself as in the reference", async () => {
    for (const who of ["reference", "signet"] as const) {
      const five = [1, 2, 3, 4, 5].map((number) => of(who, `rate /v1/verify ${number}`));
      assert.deepEqual(
        five.map(({ status }) => status),
        [500, 500, 500, 429, 429],
        who,
      );
      for (const { status, headers, body } of five) {
        assert.equal(headers["x-ratelimit-limit"], "3", who);
        assert.match(headers["x-ratelimit-remaining"] ?? "", /^[0-2]$/, who);
        assert.match(headers["x-ratelimit-reset"] ?? "", /^\d$/, who);
        assert.equal(headers["retry-after"] !== undefined, status === 429, who);
        if (status === 429) assert.equal(body.toString(), "limit exceeded\n", who);
      }
    }
    const refused = (who: "reference" | "signet") => of(who, "rate /v1/verify 5").headers["content-type"];
    assert.equal(refused("signet"), refused("reference"));
  });

  table.proves("each-path", "each path has a budget of its own", async () => {
    for (const who of ["reference", "signet"] as const) {
      assert.notEqual(of(who, "rate /v1/rotate 1").status, 429, who);
      assert.equal(of(who, "rate /v1/rotate 4").status, 429, who);
    }
  });

  table.proves(
    "forwarded",
    "with the reference a header gets round the limit, with us it does not",
    async () => {
      for (const path of ["/v1/verify", "/v1/rotate"]) {
        assert.equal(of("reference", `forwarded ${path}`).status, 500);
        assert.equal(of("signet", `forwarded ${path}`).status, 429);
      }
    },
  );

  table.proves("metrics", "the metrics port", async () => {
    for (const who of ["reference", "signet"] as const) {
      const plain = of(who, "metrics");
      assert.equal(plain.status, 200, who);
      assert.match(plain.headers["content-type"] ?? "", /^text\/plain; version=0\.0\.4; charset=utf-8/, who);
      assert.equal(plain.headers["content-encoding"], undefined, who);
      const packed = of(who, "metrics gzip");
      assert.equal(packed.headers["content-encoding"], "gzip", who);
      assert.match(gunzipSync(packed.body).toString(), /^sealed_secrets_controller_build_info/m, who);
    }
    for (const path of ["/", "/metrics/", "/healthz"]) {
      const [theirs, ours] = [of("reference", `metrics ${path}`), of("signet", `metrics ${path}`)];
      assert.equal(theirs.status, 404);
      assert.equal(ours.status, 404);
      assert.equal(ours.body.toString(), theirs.body.toString());
    }
  });

  table.proves(
    "metrics-names",
    "every metric of the reference is there, with its type and labels",
    async () => {
      const families = (who: "reference" | "signet") => {
        const text = of(who, "metrics").body.toString();
        return new Set([...text.matchAll(/^# TYPE (\S+ \S+)$/gm)].map(([, family]) => family ?? ""));
      };
      const ours = families("signet");
      // What the runtime and the library of the reference tell of themselves.
      const own = /^(go_|promhttp_|process_virtual_memory_max_bytes|process_network_)/;
      const missing = [...families("reference")].filter((family) => !own.test(family) && !ours.has(family));
      assert.deepEqual(missing, []);
      const labels = (who: "reference" | "signet") => {
        const text = of(who, "metrics").body.toString();
        const series = text.matchAll(/^(sealed_secrets_controller_\w+)\{([^}]*)\}/gm);
        return [
          ...new Set(
            [...series].map(
              ([, name, all = ""]) =>
                `${name} ${[...all.matchAll(/(\w+)=/g)].map(([, label]) => label).sort()}`,
            ),
          ),
        ].filter((line) => line.includes("_http_") || line.includes("build_info"));
      };
      assert.deepEqual(labels("signet").sort(), labels("reference").sort());
    },
  );
});

table.everyRowHasATest();

function ask(
  root: string,
  request: {
    method?: string | undefined;
    path: string;
    body?: string | undefined;
    headers?: Record<string, string>;
  },
): Promise<Answer> {
  const { method = "GET", path, body, headers = {} } = request;
  return new Promise((resolve, reject) => {
    const sent = httpRequest(new URL(root), { method, path, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers as Answer["headers"],
          body: Buffer.concat(chunks),
        }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
