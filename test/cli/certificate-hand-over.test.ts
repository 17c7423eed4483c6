import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { readArguments } from "../../cli/arguments.ts";
import type { Pin } from "../../cli/controller/judge-certificate.ts";
import { openController } from "../../cli/controller-client.ts";
import { noticesOf } from "../../cli/notices.ts";
import { kubesealOptions } from "../../cli/options.ts";
import { SealError } from "../../shared/errors.ts";
import { type ChainKey, chainKey, DAY_MS, link } from "../support/certificate-chains.ts";
import { memoryIo } from "../support/memory-io.ts";
import { startStubApiServer } from "../support/stub-api-server.ts";

const NOW = new Date(Date.UTC(2030, 5, 1));
const [first, second, third] = await Promise.all(
  [1, 2, 3].map((day) => chainKey(new Date(Date.UTC(2030, 4, day)))),
);
assert.ok(first && second && third);
const chain = (await link(first, second)) + (await link(second, third));
const CORE = "/api/v1/namespaces/kube-system";
const NAME = "sealed-secrets-controller";
const RECORD = "/state/signet/certificates.json";
const folder = mkdtempSync(join(tmpdir(), "signet-hand-over-"));
const closers: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closers) await close();
  rmSync(folder, { recursive: true });
});

/** A controller that shows one certificate, and what stands beside it on the ConfigMap. */
type Cluster = { shows: ChainKey; chainPem?: string; compromised?: ChainKey; byName?: boolean };
/** What the user knows. */
type User = { seen?: ChainKey; pin?: ChainKey; accepts?: ChainKey };

/** What was said, and the record after; `refused` is the error where there is one. */
async function fetched(
  { shows, chainPem, compromised, byName = false }: Cluster,
  { seen, pin, accepts }: User,
) {
  const annotations =
    compromised === undefined ? {} : { "signet.dev/compromised-keys": compromised.certificate.fingerprint };
  const data = {
    "cert.pem": shows.certificate.pem,
    ...(chainPem === undefined ? {} : { "chain.pem": chainPem }),
  };
  const service = { metadata: { name: NAME }, spec: { ports: [{ name: "http", port: 8080 }] } };
  const served = [
    { path: `${CORE}/services/${NAME}`, body: JSON.stringify(service) },
    { path: `${CORE}/services/http:${NAME}:http/proxy/v1/cert.pem`, body: shows.certificate.pem },
  ];
  const routes = [
    ...(byName ? served : []),
    {
      path: `${CORE}/configmaps/sealed-secrets-certificate`,
      body: JSON.stringify({ metadata: { annotations }, data }),
    },
  ];
  const api = await startStubApiServer([
    ...(byName ? [] : [{ method: "GET", path: `${CORE}/services/${NAME}`, status: 403, body: "{}" }]),
    ...routes.map((route) => ({ method: "GET", status: 200, ...route })),
  ]);
  closers.push(api.close);
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(kubeconfig, api.kubeconfig);
  const record = (key: ChainKey) => ({
    [`${api.url} kube-system/${NAME}`]: {
      fingerprint: key.certificate.fingerprint,
      seen: "2030-05-01",
      certificate: key.certificate.pem,
    },
  });
  const { io, left } = memoryIo([], {
    now: NOW,
    env: { XDG_STATE_HOME: "/state" },
    files: seen === undefined ? {} : { [RECORD]: JSON.stringify(record(seen)) },
    terminals: ["stderr"],
  });
  const { options } = readArguments(
    kubesealOptions,
    ["--kubeconfig", kubeconfig, "--controller-name", NAME],
    {},
  );
  const all = { ...options, "accept-certificate": accepts?.certificate.fingerprint ?? null };
  const pinned: Pin | null =
    pin === undefined ? null : { certificate: pin.certificate, by: "the pin", update: "signet pin update" };
  const controller = await openController(all, io, noticesOf(io, { verbose: false, v: 0 }), pinned);
  const refused = await controller.certificate().then(
    () => null,
    (error: unknown) =>
      error instanceof SealError ? `${error.message} / ${error.hint}` : assert.fail(String(error)),
  );
  await controller.close();
  const { stderr, files } = left(0);
  const kept = JSON.parse(files.get(RECORD) ?? "{}") as Record<string, { fingerprint: string }>;
  return { refused, said: stderr, kept: Object.values(kept).map(({ fingerprint }) => fingerprint) };
}

suite("a certificate that came by a fallback way and differs from the one last seen", () => {
  test("is taken where the key of that one vouches for it, each step told, and remembered", async () => {
    const { refused, said, kept } = await fetched({ shows: third, chainPem: chain }, { seen: first });
    assert.equal(refused, null);
    const steps = [
      [first, second, "2030-05-02"],
      [second, third, "2030-05-03"],
    ] as const;
    for (const [from, to, day] of steps)
      assert.ok(
        said.includes(
          `${from.certificate.fingerprint} vouches for ${to.certificate.fingerprint}, which begins on ${day}\n`,
        ),
        said,
      );
    assert.deepEqual(kept, [third.certificate.fingerprint]);
  });

  test("is refused where it does not, and the record stays", async () => {
    const cases: [Cluster, RegExp][] = [
      [{ shows: third }, /API server's proxy \/ ask/],
      [{ shows: third, chainPem: await link(second, third) }, /and it is not vouched for by the one before/],
      [{ shows: third, chainPem: "" }, /and it is not vouched for by the one before/],
      [{ shows: third, chainPem: chain, compromised: first }, /after a key that was retired as compromised/],
      [{ shows: third, chainPem: chain, compromised: second }, /is not vouched for by the one before/],
    ];
    for (const [cluster, expected] of cases) {
      const { refused, kept } = await fetched(cluster, { seen: first });
      assert.match(refused ?? "taken", expected);
      assert.deepEqual(kept, [first.certificate.fingerprint]);
    }
    const { refused } = await fetched({ shows: first, chainPem: await link(third, first) }, { seen: third });
    assert.match(refused ?? "taken", /is not newer than the one before/);
  });
});

suite("a certificate that differs from the one that is pinned", () => {
  for (const byName of [true, false]) {
    test(`is taken where that one's key vouches for it, ${byName ? "by name" : "by a fallback way"}`, async () => {
      const { refused, said } = await fetched({ shows: second, chainPem: chain, byName }, { pin: first });
      assert.equal(refused, null);
      assert.match(said, /the pin still pins .*; to pin the new one: signet pin update\n/);
    });

    test(`is refused otherwise, ${byName ? "by name" : "by a fallback way"}, whatever was seen before`, async () => {
      const { refused } = await fetched({ shows: second, byName }, { pin: first, seen: second });
      const fingerprint = second.certificate.fingerprint;
      assert.equal(
        refused?.split(", and the pin pins ")[0]?.replace(/from .* is /, "from it is "),
        `the certificate from it is ${fingerprint}`,
      );
      assert.ok(
        refused?.endsWith(`signet pin update --accept-certificate ${fingerprint}`),
        refused ?? "taken",
      );
      const forged = await fetched(
        { shows: third, chainPem: await link(second, third), byName },
        { pin: first },
      );
      assert.match(forged.refused ?? "taken", /nothing is sealed with it, and it is not vouched for/);
    });
  }

  test("is refused where it has other dates for the pinned key, whoever issued it and whatever chain lies there", async () => {
    const longer = await chainKey(first.certificate.notBefore, 9 * 365 * DAY_MS, first);
    for (const byName of [true, false]) {
      const { refused } = await fetched({ shows: longer, chainPem: chain, byName }, { pin: first });
      assert.match(
        refused ?? "taken",
        /is another one for SHA256:\S+ than the pin pins: nothing is sealed with it .*--accept-certificate SHA256:/,
      );
    }
    assert.equal((await fetched({ shows: longer }, { pin: first, accepts: longer })).refused, null);
  });

  test("is taken where it is the pinned one, or the one that the user accepts", async () => {
    assert.equal((await fetched({ shows: second }, { pin: second, seen: first })).refused, null);
    assert.equal((await fetched({ shows: second }, { pin: first, accepts: second })).refused, null);
    const { refused } = await fetched({ shows: second }, { pin: second, accepts: first });
    assert.match(refused ?? "taken", /not the accepted one/);
  });
});
