import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { chainKey, DAY_MS, link } from "../../support/certificate-chains.ts";
import type { MemoryRun } from "../../support/memory-io.ts";
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

const SECRET = secretText("db");
const RULES = `rules:
  - {path: "apps/prod/**", clusters: [prod]}
  - {path: "apps/both/**", clusters: [prod, staging]}
  - {clusters: [staging]}
`;
const of = ({ certificate }: typeof PROD) => certificate.fingerprint;

function refused({ code, stdout, stderr }: MemoryRun, expected: RegExp, codeExpected = 1): void {
  assert.match(stderr, expected);
  assert.equal(code, codeExpected);
  assert.equal(stdout, "");
}

suite("sealing in a project", () => {
  test("takes the certificate that is pinned for the one cluster, and asks nobody", async () => {
    const files = projectFiles("", clusterText("prod", PROD));
    const { code, stdout, stderr } = await inProject([], { files, stdin: SECRET, terminals: ["stderr"] });
    assert.equal(code, 0, stderr);
    assert.equal(sealedUnder(stdout), of(PROD));
    assert.ok(
      stderr.includes(`scope strict (shop/db), certificate ${of(PROD)}, cluster prod, valid until`),
      stderr,
    );
  });

  test("takes that of the cluster which the first fitting rule names, file by file", async () => {
    const files = {
      ...projectFiles(RULES),
      "/apps/prod/db.yaml": SECRET,
      "/apps/other/db.yaml": secretText("other"),
    };
    const { code, stderr, files: after } = await inProject(["--in-place", "apps"], { files });
    assert.equal(code, 0, stderr);
    assert.equal(sealedUnder(after.get("/apps/prod/db.yaml")), of(PROD));
    assert.equal(sealedUnder(after.get("/apps/other/db.yaml")), of(STAGING));
    const stream = await inProject([], { files, stdin: SECRET });
    assert.equal(sealedUnder(stream.stdout), of(STAGING));
    const named = await inProject(["-f", "apps/prod/db.yaml"], { files });
    assert.equal(sealedUnder(named.stdout), of(PROD));
  });

  test("tells where a link takes a file to another cluster than its own path would", async () => {
    const files = { ...projectFiles(RULES), "/apps/other/db.yaml": SECRET, "/apps/prod/db.yaml": SECRET };
    const to = (place: string, ...more: string[]) =>
      inProject([...more, "-f", "apps/prod/link.yaml"], { files }, { "/apps/prod/link.yaml": place });
    const led = await to("/apps/other/db.yaml");
    assert.deepEqual([led.code, sealedUnder(led.stdout)], [0, of(STAGING)]);
    assert.match(
      led.stderr,
      /^warning: apps\/prod\/link\.yaml leads by a link to \/apps\/other\/db\.yaml, and is sealed for staging as that is; by its own path it were for prod by the rules of \/\.signet\.yaml$/m,
    );
    // Once, however many Secrets it holds.
    files["/apps/other/db.yaml"] = `${SECRET}---\n${SECRET.replace("name: db", "name: api")}`;
    const several = await to("/apps/other/db.yaml", "--output-dir", "sealed");
    assert.equal(several.code, 0, several.stderr);
    assert.equal(several.stderr.match(/leads by a link/g)?.length, 1, several.stderr);
    for (const quiet of [
      await to("/apps/prod/db.yaml"),
      await to("/apps/other/db.yaml", "--cert", "certs/prod.pem"),
      await inProject(
        ["-f", "apps/other/link.yaml"],
        { files },
        { "/apps/other/link.yaml": "/apps/other/db.yaml" },
      ),
    ]) {
      assert.equal(quiet.code, 0, quiet.stderr);
      assert.doesNotMatch(quiet.stderr, /leads by a link/);
    }
  });

  test("asks which cluster is meant where several are, and does what is said", async () => {
    const files = projectFiles();
    refused(await inProject([], { files, stdin: SECRET }), /has several clusters, and which one/, 2);
    const { stdout } = await inProject(["--for-cluster", "staging"], { files, stdin: SECRET });
    assert.equal(sealedUnder(stdout), of(STAGING));
    refused(
      await inProject(["--for-cluster", "prod,staging"], { files, stdin: SECRET }),
      /several clusters need one output each/,
      2,
    );
    refused(await inProject(["--for-cluster", "dev"], { files, stdin: SECRET }), /has no cluster "dev"/);
    const contrary = { ...projectFiles(RULES), "/apps/prod/db.yaml": SECRET };
    refused(
      await inProject(["--for-cluster", "staging", "-f", "apps/prod/db.yaml"], { files: contrary }),
      /is for prod by the rules .* and not for staging/,
    );
  });

  test("seals for several clusters in one run, with one output each", async () => {
    const files = {
      ...projectFiles(RULES),
      "/apps/prod/a.yaml": secretText("a"),
      "/apps/both/b.yaml": secretText("b"),
    };
    const {
      code,
      stderr,
      files: after,
    } = await inProject(["--output-dir", "sealed/{cluster}", "apps"], { files });
    assert.equal(code, 0, stderr);
    const written = [...after.keys()].filter((path) => path.startsWith("/sealed/"));
    assert.deepEqual(written.sort(), [
      "/sealed/prod/both/b.yaml",
      "/sealed/prod/prod/a.yaml",
      "/sealed/staging/both/b.yaml",
    ]);
    assert.equal(sealedUnder(after.get("/sealed/prod/both/b.yaml")), of(PROD));
    assert.equal(sealedUnder(after.get("/sealed/staging/both/b.yaml")), of(STAGING));
    const stream = await inProject(["--for-cluster", "prod,staging", "-w", "db.{cluster}.yaml"], {
      files: projectFiles(),
      stdin: SECRET,
    });
    assert.equal(stream.code, 0, stream.stderr);
    assert.equal(sealedUnder(stream.files.get("/db.prod.yaml")), of(PROD));
    assert.equal(sealedUnder(stream.files.get("/db.staging.yaml")), of(STAGING));
  });

  test("does not take what it sealed for one cluster as input for another", async () => {
    const files = { ...projectFiles(), "/apps/a.yaml": secretText("a") };
    const args = ["--output-dir", "apps/{cluster}", "apps"];
    const first = await inProject(args, { files });
    assert.equal(first.code, 0, first.stderr);
    const second = await inProject(args, { files: Object.fromEntries(first.files) });
    assert.equal(second.code, 0, second.stderr);
    assert.deepEqual([...second.files.keys()], [...first.files.keys()]);
    assert.deepEqual(
      [...first.files.keys()].filter((path) => /^\/apps\/./.test(path)),
      ["/apps/a.yaml", "/apps/prod/a.yaml", "/apps/staging/a.yaml"],
    );
  });

  test("has nothing written for a cluster that none of the input is for", async () => {
    const files = { ...projectFiles(RULES), "/apps/prod/a.yaml": SECRET };
    const args = ["--for-cluster", "staging", "--output-dir", "sealed/{cluster}", "apps"];
    refused(await inProject(args, { files }), /nothing of the input is for staging/);
  });

  test("has --cert count for more, and says so", async () => {
    const files = { ...projectFiles(), "/later.pem": LATER.certificate.pem };
    const run = await inProject(["--cert", "later.pem", "--verbose"], { files, stdin: SECRET });
    assert.equal(sealedUnder(run.stdout), of(LATER));
    assert.match(run.stderr, /note: --cert counts, and the clusters of \/\.signet\.yaml do not/);
    refused(
      await inProject(["--cert", "later.pem", "--for-cluster", "prod"], { files, stdin: SECRET }),
      /--cert and --for-cluster exclude each other/,
      2,
    );
    refused(await inProject(["--for-cluster", "prod"], { stdin: SECRET }), /and there is none here/, 2);
  });

  test("takes a scope wider than strict from a person, never from a rule alone (S21)", async () => {
    const files = {
      ...projectFiles("rules: [{clusters: [prod], scope: namespace-wide}]\n"),
      "/later.pem": LATER.certificate.pem,
    };
    for (const args of [[], ["--cert", "later.pem"], ["--raw", "--name", "db", "-n", "shop"]])
      refused(
        await inProject(args, { files, stdin: SECRET }),
        /sealed namespace-wide, and nothing else says so/,
      );
    const inFile = { ...files, "/apps/db.yaml": SECRET };
    const { code, files: after } = await inProject(["--in-place", "apps/db.yaml"], { files: inFile });
    assert.deepEqual([code, after.get("/apps/db.yaml")], [1, SECRET]);
    for (const scope of ["namespace-wide", "strict", "cluster-wide"]) {
      const run = await inProject(["--scope", scope], { files, stdin: SECRET });
      assert.equal(run.code, 0, run.stderr);
    }
    const said = await inProject([], { files, stdin: secretText("db", "namespace-wide") });
    assert.equal(said.code, 0, said.stderr);
  });

  test("tells, terminal or not, where values for another cluster lie in the file", async () => {
    const made = await inProject(["--for-cluster", "prod"], { files: projectFiles(), stdin: SECRET });
    const files = { ...projectFiles(RULES), [PINS]: made.files.get(PINS) ?? "" };
    const set = (path: string) =>
      inProject(["set", path, "password"], { files: { ...files, [`/${path}`]: made.stdout }, stdin: "new" });
    const same = await set("apps/prod/db.json");
    assert.deepEqual([same.code, same.stderr], [0, ""]);
    const other = await set("apps/db.json");
    assert.equal(other.code, 0, other.stderr);
    assert.match(
      other.stderr,
      /^warning: apps\/db\.json has values for prod, and what is added is sealed for staging: see the rules of /m,
    );
  });

  test("binds to the cluster id of the project, unless a flag says another", async () => {
    const files = projectFiles("", clusterText("prod", PROD, "    clusterId: the-cluster\n"));
    const { code, stderr } = await inProject([], { files, stdin: SECRET });
    assert.equal(code, 0, stderr);
  });
});

suite("pins that a user accepted", () => {
  const only = (key: typeof PROD, more = "") => projectFiles("", clusterText("prod", key, more));
  const kept = ({ files }: MemoryRun) => ({ [PINS]: files.get(PINS) ?? "" });

  test("are those of the first use, which is told", async () => {
    const first = await inProject([], { files: projectFiles(RULES), stdin: SECRET });
    assert.ok(
      first.stderr.startsWith(
        `warning: the pins of /.signet.yaml are taken as they are, with its first use: prod ${of(PROD)}; staging ${of(STAGING)}\n`,
      ),
      first.stderr,
    );
    const again = await inProject([], { files: { ...projectFiles(RULES), ...kept(first) }, stdin: SECRET });
    assert.deepEqual([again.code, again.stderr], [0, ""]);
  });

  test("are refused once they differ, are new, or are for another cluster id", async () => {
    const accepted = kept(await inProject([], { files: only(PROD), stdin: SECRET }));
    const changed = { ...only(LATER), "/certs/prod.pem": LATER.certificate.pem, ...accepted };
    refused(
      await inProject([], { files: changed, stdin: SECRET }),
      /pins SHA256:.*, and you accepted SHA256:.*, and it is not vouched for by the one before: nothing is sealed/,
    );
    const more = { ...projectFiles(), ...accepted };
    refused(
      await inProject(["--for-cluster", "staging"], { files: more, stdin: SECRET }),
      /staging in .* is new since you accepted the file/,
    );
    const elsewhere = { ...only(PROD, "    clusterId: other\n"), ...accepted };
    refused(await inProject([], { files: elsewhere, stdin: SECRET }), /names another cluster id/);
    const back = await inProject(["pin", "accept"], { files: changed });
    assert.deepEqual([back.code, back.stdout], [0, `prod ${of(LATER)}\n`]);
    const now = await inProject([], { files: { ...changed, ...kept(back) }, stdin: SECRET });
    assert.equal(sealedUnder(now.stdout), of(LATER));
  });

  test("are whole certificates: one with other dates for the same key is refused", async () => {
    const accepted = kept(await inProject(["pin", "accept"], { files: only(PROD) }));
    // As somebody issues it who has the public key alone: it says another end.
    const stranger = { ...PROD, privateKey: LATER.privateKey };
    const longer = await chainKey(PROD.certificate.notBefore, 9 * 365 * DAY_MS, PROD);
    for (const pem of [longer.certificate.pem, await link(stranger, longer)]) {
      const files = { ...only(PROD), "/certs/prod.pem": pem, ...accepted };
      refused(
        await inProject([], { files, stdin: SECRET }),
        /pins another certificate for SHA256:\S+ than the one you accepted: nothing is sealed/,
      );
      assert.match((await inProject(["pin"], { files })).stdout, /, not accepted yet\n$/);
      const taken = kept(await inProject(["pin", "accept"], { files }));
      assert.equal((await inProject([], { files: { ...files, ...taken }, stdin: SECRET })).code, 0);
    }
  });

  test("are followed where the accepted key vouches for the next, by what lies beside it", async () => {
    const accepted = kept(await inProject([], { files: only(PROD), stdin: SECRET }));
    const pem = LATER.certificate.pem + (await link(PROD, LATER));
    const files = { ...only(LATER), "/certs/prod.pem": pem, ...accepted };
    const run = await inProject(["--verbose"], { files, stdin: SECRET });
    assert.equal(sealedUnder(run.stdout), of(LATER));
    assert.ok(run.stderr.includes(`${of(PROD)} vouches for ${of(LATER)}`), run.stderr);
    const forged = { ...files, "/certs/prod.pem": LATER.certificate.pem + (await link(STAGING, LATER)) };
    refused(await inProject([], { files: forged, stdin: SECRET }), /is not vouched for by the one before/);
    const next = { ...only(LATER), "/certs/prod.pem": LATER.certificate.pem, ...kept(run) };
    assert.equal((await inProject([], { files: next, stdin: SECRET })).code, 0);
    // To follow one of a first use is no acceptance by anybody.
    const list = async (pins: MemoryRun) =>
      (await inProject(["pin"], { files: { ...next, ...kept(pins) } })).stdout;
    assert.match(await list(run), /, not accepted yet\n$/);
    const said = kept(await inProject(["pin", "accept"], { files: only(PROD) }));
    const followed = await inProject([], { files: { ...files, ...said }, stdin: SECRET });
    assert.match(await list(followed), /, accepted\n$/);
  });

  test("are not taken from a file that comes before the accepted one", async () => {
    const accepted = JSON.stringify({ pins: { "/.signet.yaml": {} } });
    const files = { ...projectFiles(), [PINS]: accepted };
    refused(
      await inProject(["--for-cluster", "prod"], { files, stdin: SECRET }),
      /is new since you accepted the file/,
    );
  });

  test("are not passed over where the record is damaged", async () => {
    for (const damaged of ["{", "[]", '{"pins":{"/.signet.yaml":{"prod":{}}}}']) {
      const files = { ...only(PROD), [PINS]: damaged };
      refused(await inProject([], { files, stdin: SECRET }), /pins\.json is not a list of pins/);
    }
  });
});
