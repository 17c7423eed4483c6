import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { readLinks } from "../../../shared/seal/certificate-chain.node.ts";
import { chainKey, DAY_MS, link } from "../../support/certificate-chains.ts";
import { startStubApiServer } from "../../support/stub-api-server.ts";
import {
  clusterText,
  inProject,
  LATER,
  PINS,
  PROD,
  projectFiles,
  STAGING,
  sealedUnder,
  secretText,
} from "./project-scene.ts";

const of = ({ certificate }: typeof PROD) => certificate.fingerprint;
const CORE = "/api/v1/namespaces/kube-system";
const folder = mkdtempSync(join(tmpdir(), "signet-pins-"));
const closers: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closers) await close();
  rmSync(folder, { recursive: true });
});

/** A project with layout of its own, whose pins were accepted. */
async function acceptedProject(): Promise<Record<string, string>> {
  const files = projectFiles(
    "# rules to come\n",
    `  # the cluster of the shop\n${clusterText("prod", PROD)}`,
  );
  const { files: left } = await inProject(["pin", "accept"], { files });
  return Object.fromEntries(left);
}

/** A controller that shows a certificate by its Service. */
async function controllerWith(key: typeof PROD, chainPem: string | null): Promise<string> {
  const name = "sealed-secrets-controller";
  const service = { metadata: { name }, spec: { ports: [{ name: "http", port: 8080 }] } };
  const data = chainPem === null ? {} : { "chain.pem": chainPem };
  const api = await startStubApiServer(
    [
      { path: `${CORE}/services/${name}`, body: JSON.stringify(service) },
      { path: `${CORE}/services/http:${name}:http/proxy/v1/cert.pem`, body: key.certificate.pem },
      { path: `${CORE}/configmaps/sealed-secrets-certificate`, body: JSON.stringify({ metadata: {}, data }) },
    ].map((route) => ({ method: "GET", status: 200, ...route })),
  );
  closers.push(api.close);
  const kubeconfig = join(folder, `${closers.length}`);
  writeFileSync(kubeconfig, api.kubeconfig);
  return kubeconfig;
}

suite("signet pin", () => {
  test("lists what is pinned, and whether it was accepted", async () => {
    const files = await acceptedProject();
    const listed = `prod ${of(PROD)}, until 2031-05-01, accepted\n`;
    assert.equal((await inProject(["pin"], { files })).stdout, listed);
    const { [PINS]: _, ...unknown } = files;
    assert.match(
      (await inProject(["pin", "list", "prod"], { files: unknown })).stdout,
      /, not accepted yet\n$/,
    );
  });

  test("lists the others where a certificate is missing, and names the command that fetches it", async () => {
    const { "/certs/prod.pem": _, ...files } = projectFiles();
    const one = await inProject(["pin"], { files });
    assert.match(one.stdout, /^staging SHA256:\S+, until [\d-]+, not accepted yet\n$/);
    assert.match(one.stderr, /^error: cannot read \/certs\/prod\.pem, which \/\.signet\.yaml names/);
    assert.match(one.stderr, /\nhint: .*, in \/: signet --fetch-cert > certs\/prod\.pem\n$/);
    assert.equal(one.code, 1);
    const none = await inProject(["pin"], {
      files: { ...files, "/certs/staging.pem": PROD.certificate.pem },
    });
    assert.match(none.stderr, /^warning: cannot read .*\nerror: staging in .*the fingerprint there is/);
    assert.deepEqual([none.code, none.stdout], [1, ""]);
    // A path is anybody's text.
    const odd = projectFiles("", clusterText("prod", PROD).replace("prod.pem", "$(id)'.pem"));
    assert.match(
      (await inProject(["pin"], { files: odd })).stderr,
      /--fetch-cert > 'certs\/\$\(id\)'\\''\.pem'\n/,
    );
  });

  test("accepts the clusters that are named, and keeps what was accepted of others", async () => {
    const files = projectFiles();
    const first = await inProject(["pin", "accept", "prod"], { files });
    assert.equal(first.stdout, `prod ${of(PROD)}\n`);
    const second = await inProject(["pin", "accept", "staging"], { files: Object.fromEntries(first.files) });
    const listed = await inProject(["pin"], { files: Object.fromEntries(second.files) });
    assert.equal(listed.stdout.match(/, accepted$/gm)?.length, 2);
    // A cluster that is gone from the file is forgotten.
    const left = {
      ...Object.fromEntries(second.files),
      "/.signet.yaml": projectFiles("", clusterText("staging", STAGING))["/.signet.yaml"] ?? "",
    };
    const third = await inProject(["pin", "accept"], { files: left });
    assert.ok(!third.files.get(PINS)?.includes('"prod"'));
  });

  test("update takes what the pinned key vouches for, writes both files and nothing else in them", async () => {
    const files = await acceptedProject();
    const chain = (await link(PROD, STAGING)) + (await link(STAGING, LATER));
    const kubeconfig = await controllerWith(LATER, chain);
    const {
      code,
      stdout,
      stderr,
      files: after,
    } = await inProject(["pin", "update", "--kubeconfig", kubeconfig, "prod"], { files });
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `prod ${of(LATER)}\n`);
    assert.ok(stderr.includes(`${of(PROD)} vouches for ${of(STAGING)}`), stderr);
    assert.ok(stderr.includes(`${of(STAGING)} vouches for ${of(LATER)}`), stderr);
    assert.doesNotMatch(stderr, /still pins/);
    assert.equal(after.get("/.signet.yaml"), files["/.signet.yaml"]?.replace(of(PROD), of(LATER)));
    const pem = after.get("/certs/prod.pem") ?? "";
    assert.ok(pem.startsWith(LATER.certificate.pem));
    const behind = readLinks(pem.slice(LATER.certificate.pem.length)).map(({ fingerprint }) => fingerprint);
    assert.deepEqual(behind, [of(PROD), of(STAGING), of(LATER)]);
    // A colleague who accepted the one before follows by these files alone.
    const colleague = { ...Object.fromEntries(after), [PINS]: files[PINS] ?? "" };
    const sealed = await inProject([], { files: colleague, stdin: secretText("db") });
    assert.deepEqual([sealed.code, sealedUnder(sealed.stdout)], [0, of(LATER)]);
    const again = await inProject(["pin", "update", "--kubeconfig", kubeconfig, "prod"], {
      files: Object.fromEntries(after),
    });
    assert.deepEqual([again.code, again.stdout], [0, `prod ${of(LATER)}\n`]);
    assert.deepEqual(again.files.get("/certs/prod.pem"), pem);
  });

  test("update that was ended between its two files is repeated", async () => {
    const files = await acceptedProject();
    const pem = LATER.certificate.pem + (await link(PROD, LATER));
    const halfway: Record<string, string> = { ...files, "/certs/prod.pem": pem, "/new.pem": pem };
    const stopped = await inProject([], { files: halfway, stdin: secretText("db") });
    assert.match(stopped.stderr, /and the fingerprint there is/);
    assert.deepEqual([stopped.code, stopped.stdout], [1, ""]);
    const {
      code,
      stderr,
      files: after,
    } = await inProject(["pin", "update", "--cert", "new.pem", "prod"], { files: halfway });
    assert.equal(code, 0, stderr);
    assert.equal(after.get("/.signet.yaml"), files["/.signet.yaml"]?.replace(of(PROD), of(LATER)));
    // Nor does one begin from a fingerprint that nobody accepted.
    const planted = {
      ...halfway,
      "/.signet.yaml": files["/.signet.yaml"]?.replace(of(PROD), of(STAGING)) ?? "",
    };
    assert.equal(
      (await inProject(["pin", "update", "--cert", "new.pem", "prod"], { files: planted })).code,
      1,
    );
    // Whoever accepted nothing yet is told, and nothing changes.
    const { [PINS]: _, ...unknown } = halfway;
    const refused = await inProject(["pin", "update", "--cert", "new.pem", "prod"], { files: unknown });
    assert.match(refused.stderr, /and the fingerprint there is/);
    assert.equal(refused.code, 1);
  });

  test("update overwrites no file that holds no certificate, wherever a changed path leads", async () => {
    const files = await acceptedProject();
    const pem = LATER.certificate.pem + (await link(PROD, LATER));
    const led = (path: string) => files["/.signet.yaml"]?.replace("certs/prod.pem", path) ?? "";
    const others = { "/.git/config": "[core]\n", "/deploy/app.yaml": "kind: Deployment\n" };
    for (const [path, why] of [
      [".git/config", /\/\.git\/config lies in \.git/],
      ["./.GIT/config", / lies in \.git/],
      ["deploy/app.yaml", /the certificate in deploy\/app\.yaml /],
    ] as const) {
      const world = { ...files, ...others, "/.signet.yaml": led(path), "/new.pem": pem };
      const run = await inProject(["pin", "update", "--cert", "new.pem", "prod"], { files: world });
      assert.match(run.stderr, why);
      assert.deepEqual([run.code, Object.fromEntries(run.files)], [1, world]);
    }
  });

  test("update refuses what nobody vouches for, until its fingerprint is given", async () => {
    const files = await acceptedProject();
    const forged = await link(STAGING, LATER);
    const byFile = { ...files, "/new.pem": LATER.certificate.pem + forged };
    const kubeconfig = await controllerWith(LATER, forged);
    for (const [source, world] of [
      [["--kubeconfig", kubeconfig], files],
      [["--kubeconfig", await controllerWith(LATER, null)], files],
      [["--cert", "new.pem"], byFile],
    ] as const) {
      const refused = await inProject(["pin", "update", ...source, "prod"], { files: world });
      assert.match(refused.stderr, /--accept-certificate SHA256:/);
      assert.deepEqual([refused.code, refused.stdout], [1, ""]);
      assert.deepEqual(Object.fromEntries(refused.files), { ...world, ...stateOf(refused.files) });
      const args = ["pin", "update", ...source, "--accept-certificate", of(LATER), "prod"];
      const taken = await inProject(args, { files: world });
      assert.deepEqual([taken.code, taken.stdout], [0, `prod ${of(LATER)}\n`], taken.stderr);
      // What vouches for nothing is not kept.
      assert.equal(taken.files.get("/certs/prod.pem"), LATER.certificate.pem);
    }
    const other = ["pin", "update", "--cert", "new.pem", "--accept-certificate", of(STAGING), "prod"];
    assert.match((await inProject(other, { files: byFile })).stderr, /not the accepted one/);
  });

  test("update takes another certificate for the pinned key only by its fingerprint, and pins it whole", async () => {
    const files = await acceptedProject();
    const longer = await chainKey(PROD.certificate.notBefore, 9 * 365 * DAY_MS, PROD);
    const kubeconfig = await controllerWith(longer, null);
    const byFile = { ...files, "/new.pem": longer.certificate.pem };
    for (const [source, world] of [
      [["--kubeconfig", kubeconfig], files],
      [["--cert", "new.pem"], byFile],
    ] as const) {
      const refused = await inProject(["pin", "update", ...source, "prod"], { files: world });
      assert.match(refused.stderr, /--accept-certificate SHA256:/);
      assert.equal(refused.code, 1);
      const args = ["pin", "update", ...source, "--accept-certificate", of(PROD), "prod"];
      const taken = await inProject(args, { files: world });
      assert.equal(taken.code, 0, taken.stderr);
      assert.equal(taken.files.get("/certs/prod.pem"), longer.certificate.pem);
      const listed = await inProject(["pin"], { files: Object.fromEntries(taken.files) });
      assert.equal(listed.stdout, `prod ${of(PROD)}, until 2039-04-29, accepted\n`);
    }
  });

  test("update does not begin from a pin that the user did not accept", async () => {
    const files = await acceptedProject();
    const planted = {
      ...files,
      "/.signet.yaml": files["/.signet.yaml"]?.replace(of(PROD), of(STAGING)) ?? "",
      "/certs/prod.pem": STAGING.certificate.pem,
      "/new.pem": LATER.certificate.pem + (await link(STAGING, LATER)),
    };
    const { code, stderr } = await inProject(["pin", "update", "--cert", "new.pem", "prod"], {
      files: planted,
    });
    assert.match(stderr, /and you accepted SHA256:/);
    assert.equal(code, 1);
  });

  test("update takes the named certificate in the place of a pin that somebody changed", async () => {
    const files = await acceptedProject();
    const entry = (fingerprint: string) => ({
      "/.signet.yaml": files["/.signet.yaml"]?.replace(of(PROD), fingerprint) ?? "",
    });
    const bad = { "/certs/prod.pem": STAGING.certificate.pem };
    const forged = LATER.certificate.pem + (await link(STAGING, LATER));
    const both = { ...files, ...entry(of(STAGING)), ...bad };
    for (const changed of [both, { ...files, ...bad }, { ...files, ...entry(of(STAGING)) }]) {
      for (const [key, text] of [
        [PROD, PROD.certificate.pem],
        [LATER, forged],
      ] as const) {
        const world = { ...changed, "/new.pem": text };
        const args = ["pin", "update", "--cert", "new.pem", "--accept-certificate", of(key), "prod"];
        const taken = await inProject(args, { files: world });
        assert.deepEqual([taken.code, taken.stdout], [0, `prod ${of(key)}\n`], taken.stderr);
        // Nothing is kept of who put another one there.
        assert.equal(taken.files.get("/certs/prod.pem"), key.certificate.pem);
        assert.equal(taken.files.get("/.signet.yaml"), entry(of(key))["/.signet.yaml"]);
        assert.doesNotMatch(taken.stderr, /vouches/);
      }
    }
    const args = ["pin", "update", "--cert", "new.pem", "prod"];
    const world = { ...both, "/new.pem": PROD.certificate.pem };
    const refused = await inProject(args, { files: world });
    assert.match(
      refused.stderr,
      /\nhint: .* back from Git, or .*update --accept-certificate SHA256:… prod; /,
    );
    assert.deepEqual([refused.code, Object.fromEntries(refused.files)], [1, world]);
    // What changed only in the certificate's file is set right by the accepted certificate.
    const half = await inProject(args, { files: { ...files, ...bad, "/new.pem": PROD.certificate.pem } });
    assert.deepEqual([half.code, half.files.get("/certs/prod.pem")], [0, PROD.certificate.pem], half.stderr);
  });

  test("update by a fingerprint takes no changed cluster id along", async () => {
    const files = await acceptedProject();
    const id = "4b1f9c0a-5f2e-4a69-9a26-7c3f9d0a1b2c";
    const planted = { ...projectFiles("", clusterText("prod", STAGING, `    clusterId: ${id}\n`)) };
    const world = { ...files, ...planted, "/certs/prod.pem": STAGING.certificate.pem };
    const args = ["pin", "update", "--cert", "new.pem", "--accept-certificate", of(PROD), "prod"];
    const refused = await inProject(args, { files: { ...world, "/new.pem": PROD.certificate.pem } });
    assert.match(refused.stderr, /names another cluster id/);
    assert.match(
      refused.stderr,
      /\nhint: .* back from Git; to accept it as it stands: signet pin accept prod\n$/,
    );
    assert.equal(refused.code, 1);
  });

  test("sealing asks the controller that flags name, and holds it to the pin", async () => {
    const files = await acceptedProject();
    const args = (kubeconfig: string) => ["--kubeconfig", kubeconfig, "--verbose"];
    const stdin = secretText("db");
    const same = await inProject(args(await controllerWith(PROD, null)), { files, stdin });
    assert.deepEqual([same.code, sealedUnder(same.stdout)], [0, of(PROD)], same.stderr);
    const next = await inProject(args(await controllerWith(LATER, await link(PROD, LATER))), {
      files,
      stdin,
    });
    assert.deepEqual([next.code, sealedUnder(next.stdout)], [0, of(LATER)], next.stderr);
    assert.match(next.stderr, /to pin the new one: signet pin update prod/);
    const other = await inProject(args(await controllerWith(LATER, null)), { files, stdin });
    assert.match(other.stderr, /nothing is sealed with it, since nothing vouches for it/);
    assert.deepEqual([other.code, other.stdout], [1, ""]);
  });

  test("--fetch-cert prints what the controller has, and tells, always, where the project does not pin it", async () => {
    const files = await acceptedProject();
    const fetched = async (key: typeof PROD, world: Record<string, string>, ...more: string[]) =>
      inProject(["--fetch-cert", "--kubeconfig", await controllerWith(key, null), ...more], { files: world });
    const same = await fetched(PROD, files);
    assert.deepEqual([same.code, same.stdout, same.stderr], [0, PROD.certificate.pem, ""]);
    const longer = await chainKey(PROD.certificate.notBefore, 9 * 365 * DAY_MS, PROD);
    for (const key of [LATER, longer]) {
      const other = await fetched(key, files);
      assert.deepEqual([other.code, other.stdout], [0, key.certificate.pem]);
      assert.ok(
        other.stderr.startsWith("warning: the certificate from ") &&
          other.stderr.includes(` is ${of(key)}, and is not what /.signet.yaml pins: prod ${of(PROD)}. `),
        other.stderr,
      );
    }
    // Whose file is missing is known by its fingerprint; what cannot be read, or is not there, is in no script's way.
    const { "/certs/prod.pem": _, ...missing } = files;
    assert.equal((await fetched(PROD, missing)).stderr, "");
    const { "/.signet.yaml": __, ...outside } = files;
    assert.equal((await fetched(LATER, outside)).stderr, "");
    const broken = await fetched(LATER, { ...files, "/.signet.yaml": "version: 2\n" });
    assert.deepEqual([broken.code, broken.stdout], [0, LATER.certificate.pem]);
    assert.match(broken.stderr, /^warning: \/\.signet\.yaml: version has to be 1\n$/);
    const two = { ...files, ...projectFiles() };
    assert.equal((await fetched(STAGING, two)).stderr, "");
    assert.match((await fetched(STAGING, two, "--for-cluster", "prod")).stderr, /pins: prod SHA256:\S+ /);
    assert.equal((await fetched(LATER, files, "--accept-certificate", of(LATER))).stderr, "");
  });

  test("tells what is missing", async () => {
    const files = await acceptedProject();
    const cases: [string[], Record<string, string>, number, RegExp][] = [
      [["pin"], {}, 1, /there is no \.signet\.yaml here/],
      [["pin", "acept"], files, 2, /did you mean accept/],
      [["pin", "remove"], files, 2, /is nothing that pins know/],
      [["pin", "update"], files, 2, /the pin of which cluster/],
      [["pin", "update", "a", "b"], files, 2, /one pin is renewed at a time/],
      [["pin", "update", "dev"], files, 1, /has no cluster "dev"/],
      [["pin", "accept", "dev"], { ...files, [PINS]: "{" }, 1, /has no cluster "dev"/],
      [["pin", "accept", "--cert", "x"], files, 2, /--cert is for update/],
      [["pin", "update", "--cert", "https://x/y", "prod"], files, 1, /not taken from a web address/],
    ];
    for (const [args, world, code, expected] of cases) {
      const run = await inProject(args, { files: world });
      assert.match(run.stderr, expected);
      assert.equal(run.code, code, run.stderr);
    }
  });
});

/** What the record of certificates seen adds. */
function stateOf(files: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries([...files].filter(([path]) => path.endsWith("/certificates.json")));
}
