import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseProject } from "../../../cli/project/project-file.ts";
import { InputError } from "../../../shared/errors.ts";
import { testSealer } from "../../support/in-process-sealing.ts";
import {
  clusterText,
  inProject,
  LATER,
  PROD,
  projectFiles,
  sealedUnder,
  secretText,
} from "./project-scene.ts";

const SECRET = secretText("db");
/** A value under a key of 2048 bits. */
const VALUE = await (await testSealer(PROD.certificate.pem)).value("x", { kind: "cluster-wide" });
const head = `version: 1\nclusters:\n${clusterText("prod", PROD)}`;

function refusal(text: string): string {
  try {
    parseProject(text, ".signet.yaml");
  } catch (error) {
    assert.ok(error instanceof InputError);
    assert.doesNotMatch(`${error.message} ${error.hint}`, /hunter2/);
    return error.message;
  }
  return assert.fail("it was read");
}

suite("a project file", () => {
  test("names clusters and rules", () => {
    const { clusters, rules } = parseProject(`${head}rules: [{path: "a/**", scope: strict}]\n`, "f");
    assert.deepEqual(Object.keys(clusters.get("prod") ?? {}), ["certificate", "fingerprint"]);
    assert.deepEqual(rules, [{ path: "a/**", scope: "strict" }]);
    assert.deepEqual(parseProject("version: 1\nclusters: {}\n", "f").rules, []);
  });

  test("names no kubeconfigs, commands, tokens or anything else (S22)", () => {
    const others = ["kubeconfig: hunter2", "exec: hunter2", "token: hunter2", "context: hunter2"];
    for (const other of others) {
      assert.match(
        refusal(`${head}    ${other}\n`),
        /^\.signet\.yaml: clusters\.prod: "[a-z]+" may not stand there/,
      );
      assert.match(refusal(`${head}${other}\n`), /^\.signet\.yaml: "[a-z]+" may not stand there/);
      assert.match(
        refusal(`${head}rules: [{${other}}]\n`),
        /^\.signet\.yaml: rules\.?\[0\]: "[a-z]+" may not/,
      );
    }
  });

  test("is refused by field where it is not as it has to be, and quotes nothing", () => {
    const cluster = (certificate: string, more = "") =>
      `version: 1\nclusters: {a: {certificate: "${certificate}", fingerprint: "SHA256:${"A".repeat(43)}"${more}}}\n`;
    parseProject(cluster("certs/a.pem"), "f");
    const cases: [string, RegExp][] = [
      ["", /is not one YAML document/],
      [`${head}---\n${head}`, /is not one YAML document/],
      ["version: 2\nclusters: {}\n", /version has to be 1/],
      ["version: 1\n", /clusters is missing/],
      ["version: 1\nclusters: [hunter2]\n", /clusters is missing, or not of the kind/],
      ["version: 1\nclusters: {a: hunter2}\n", /clusters\.a is missing, or not of the kind/],
      ["version: 1\nclusters: {../a: {}}\n", /has to be|not of the kind|missing/],
      [cluster("/etc/hunter2.pem"), /clusters\.a\.certificate has to be a path below/],
      [cluster("../hunter2.pem"), /clusters\.a\.certificate has to be a path below/],
      [cluster("a/../../hunter2.pem"), /clusters\.a\.certificate has to be a path below/],
      [cluster("certs/\u202ehunter2.pem"), /clusters\.a\.certificate has to be a path below/],
      [`${head}rules: [{path: "a/\u2066b/**"}]\n`, /path has to be a pattern of /],
      [cluster("C:/hunter2.pem"), /clusters\.a\.certificate has to be a path below/],
      [cluster("a.pem", ', clusterId: ""'), /clusters\.a\.clusterId is not the id/],
      [head.replace(/SHA256:.*/, "hunter2"), /clusters\.prod\.fingerprint has to be SHA256:/],
      [`${head}rules: [{path: "../**"}]\n`, /path has to be a pattern of /],
      [`${head}rules: [{path: "${"a".repeat(257)}"}]\n`, /path has to be a pattern of /],
      ...["{a,b}".repeat(14), "+(+(a))b", "[ab]"].map((pattern): [string, RegExp] => [
        `${head}rules: [{path: "${pattern}"}]\n`,
        /path has to be a pattern of /,
      ]),
      [`${head}rules: [{scope: hunter2}]\n`, /scope has to be strict, namespace-wide or cluster-wide/],
      [`${head}rules: [{clusters: []}]\n`, /clusters is missing/],
      [
        `${head}rules: [{clusters: [dev]}]\n`,
        /rules\[0\]\.clusters names "dev", which is not among clusters/,
      ],
      [`${head}  prod: {}\n`, /./],
    ];
    for (const [text, expected] of cases) assert.match(refusal(text), expected, text);
  });

  test("counts from the working folder up to the root of the repository, and no higher", async () => {
    const files = projectFiles("", clusterText("prod", PROD));
    assert.equal(
      sealedUnder((await inProject([], { files, stdin: SECRET })).stdout),
      PROD.certificate.fingerprint,
    );
    const { "/.git/HEAD": _, ...bare } = files;
    const alone = await inProject([], { files: bare, stdin: SECRET });
    assert.equal(sealedUnder(alone.stdout), PROD.certificate.fingerprint);
  });

  test("is not needed", async () => {
    const files = { "/later.pem": LATER.certificate.pem };
    const run = await inProject(["--cert", "later.pem"], { files, stdin: SECRET });
    assert.deepEqual([run.code, run.stderr], [0, ""]);
    assert.equal(sealedUnder(run.stdout), LATER.certificate.fingerprint);
  });

  test("has to agree with the certificate that lies there", async () => {
    const only = projectFiles("", clusterText("prod", PROD));
    const cases: [Record<string, string>, RegExp][] = [
      [
        { ...only, "/certs/prod.pem": LATER.certificate.pem },
        /is SHA256:.*, and the fingerprint there is SHA256:/,
      ],
      [{ ...only, "/certs/prod.pem": "hunter2" }, /the certificate in certs\/prod\.pem does not contain/],
      [{ ...only, "/certs/prod.pem": "a".repeat((1 << 20) + 1) }, /is too long to be a certificate/],
    ];
    for (const [files, expected] of cases) {
      const { code, stdout, stderr } = await inProject([], { files, stdin: SECRET });
      assert.match(stderr, expected);
      assert.deepEqual([code, stdout], [1, ""]);
    }
    const { "/certs/prod.pem": _, ...missing } = only;
    const { code, stderr } = await inProject([], { files: missing, stdin: SECRET });
    assert.match(stderr, /cannot read \/certs\/prod\.pem, which \/\.signet\.yaml names/);
    assert.equal(code, 1);
  });
});

test("lint takes values for the keys that the project pins, unless --cert says which", async () => {
  const { certificate } = PROD;
  const sealed = (hint: string) =>
    `apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: db, namespace: shop, annotations: {signet.dev/sealing-key: "${hint}"}}\nspec: {encryptedData: {password: ${VALUE}}}\n`;
  const files = {
    ...projectFiles("", clusterText("prod", PROD)),
    "/later.pem": LATER.certificate.pem,
    "/pinned.yaml": sealed(certificate.fingerprint),
    "/other.yaml": sealed(LATER.certificate.fingerprint),
  };
  const [pinned, other, said] = await Promise.all(
    [["pinned.yaml"], ["other.yaml"], ["--cert", "later.pem", "other.yaml"]].map((args) =>
      inProject(["lint", ...args], { files }),
    ),
  );
  assert.equal(pinned?.code, 0, pinned?.stdout);
  assert.match(other?.stdout ?? "", /\[unknown-key\]/);
  assert.equal(said?.code, 0, said?.stdout);
  // One certificate that cannot be used keeps nothing else from being judged.
  const broken = { ...files, ...projectFiles(), "/certs/prod.pem": LATER.certificate.pem };
  const { code, stdout, stderr } = await inProject(["lint", "pinned.yaml"], { files: broken });
  assert.doesNotMatch(stdout, /unknown-key/);
  assert.match(stderr, /^warning: prod in .*the fingerprint there is/);
  assert.match(
    stderr,
    /\nerror: 1 certificate of the project cannot be used: .*\nhint: .*signet pin accept prod\n$/,
  );
  assert.equal(code, 1);
  const { "/certs/prod.pem": _, ...missing }: Record<string, string> = files;
  const faulty = { ...missing, "/other.yaml": sealed("").replace(VALUE, "hunter2") };
  const lacking = await inProject(["lint", "other.yaml"], { files: faulty });
  assert.match(lacking.stdout, /password/);
  assert.match(lacking.stderr, /^warning: cannot read \/certs\/prod\.pem/);
  assert.equal(lacking.code, 1);
});
