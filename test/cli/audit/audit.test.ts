import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { newer, older, sealedUnder, stream } from "../inventory/inventory-world.ts";
import { audit, type ToldAudit, toldAudit } from "./audit-world.ts";

const db = await sealedUnder(older, { name: "db", items: { user: "al", password: "hunter2-canary" } });
const web = await sealedUnder(newer, { name: "web", items: { token: "hunter2-canary" } });
const files = { "sealed/db.yaml": stream(db), "sealed/web.yaml": stream(web) };
const OPENED = ["--private-key", "older.json,newer.json"];

const rulesOf = ({ values }: ToldAudit) =>
  Object.fromEntries(
    values.map(({ name, item, findings }) => [`${name} ${item}`, findings.map(({ rule }) => rule)]),
  );

suite("which key each value needs", () => {
  test("is claimed without keys, and opened with them", async () => {
    const told = async (...args: string[]) =>
      toldAudit(await audit(["-o", "json", ...args, "sealed"], files)).values.map(
        ({ name, item, key, proof, keyAgeDays }) => [name, item, key, proof, keyAgeDays],
      );
    assert.deepEqual(await told(), [
      ["db", "user", older.fingerprint, "claimed", null],
      ["db", "password", older.fingerprint, "claimed", null],
      ["web", "token", newer.fingerprint, "claimed", null],
    ]);
    assert.deepEqual(await told(...OPENED), [
      ["db", "user", older.fingerprint, "opened", 500],
      ["db", "password", older.fingerprint, "opened", 500],
      ["web", "token", newer.fingerprint, "opened", 135],
    ]);
    assert.deepEqual((await told("--cert", "older.crt,newer.crt")).at(-1), [
      "web",
      "token",
      newer.fingerprint,
      "claimed",
      135,
    ]);
  });

  test("does not follow what the object claims once it was opened", async () => {
    const lies = await sealedUnder(older, { name: "lies", items: { a: "x" }, claim: newer.fingerprint });
    const { values } = toldAudit(
      await audit(["-o", "json", ...OPENED, "lies.yaml"], { "lies.yaml": stream(lies) }),
    );
    assert.deepEqual([values[0]?.key, values[0]?.proof], [older.fingerprint, "opened"]);
  });

  test("is told key by key, with what would stop opening, the oldest first", async () => {
    const { keys } = toldAudit(await audit(["-o", "json", ...OPENED, "sealed"], files));
    const line = (key: string, ageDays: number, opened: number, objects: string[]) => ({
      key,
      state: "given",
      ageDays,
      opened,
      claimed: 0,
      objects,
    });
    assert.deepEqual(
      keys.map(({ key, state, ageDays, opened, claimed, objects }) => ({
        key,
        state,
        ageDays,
        opened,
        claimed,
        objects,
      })),
      [line(older.fingerprint, 500, 2, ["team/db"]), line(newer.fingerprint, 135, 1, ["team/web"])],
    );
  });

  test("is a table for people, and quotes no plaintext", async () => {
    const { stdout, stderr, code } = await audit([...OPENED, "--duplicates", "sealed"], files);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^OBJECT +ITEM +KEY +PROOF +AGE +SCOPE +BACKEND +WHERE\n/);
    assert.match(
      stdout,
      /^team\/db +password +SHA256:\S{8}… +opened +500d +strict +classic +sealed\/db\.yaml:1$/m,
    );
    assert.match(
      stdout,
      new RegExp(`^${older.fingerprint.replace(/[+/]/g, "\\$&")} +500d +given +2 +0 +1 +older\\.json$`, "m"),
    );
    assert.match(stdout, /note: team\/web token: it holds the same as team\/db password \([0-9a-f]{16}\)/);
    assert.ok(!stdout.includes("canary"));
  });
});

test("a table does not repeat as notes what its columns say, and names what the run fails for", async () => {
  const quiet = (await audit(["sealed"], files)).stdout;
  assert.match(quiet, / claimed /);
  assert.doesNotMatch(quiet, /\[claimed\]/);
  const failing = (await audit(["--fail-on", "claimed", "sealed"], files)).stdout;
  assert.match(
    failing,
    /^sealed\/db\.yaml:1: team\/db user, password: its key is only claimed \[claimed\]\n {4}give --private-key/m,
  );
});

suite("what stands against a value", () => {
  test("its scope, its place, damage, and keys that are not at hand", async () => {
    const moved = { ...db, metadata: { ...db.metadata, name: "moved" } };
    const wide = await sealedUnder(newer, { name: "wide", items: {} });
    const annotated = {
      ...wide,
      metadata: { ...wide.metadata, annotations: { "sealedsecrets.bitnami.com/cluster-wide": "true" } },
      spec: { encryptedData: { none: "ENC" } },
    };
    const tree = { "a.yaml": stream(db, moved, annotated) };
    const report = toldAudit(await audit(["-o", "json", "--private-key", "newer.json", "a.yaml"], tree));
    assert.deepEqual(rulesOf(report), {
      "db user": ["unknown-key", "claimed"],
      "db password": ["unknown-key", "claimed"],
      "moved user": ["unknown-key", "claimed"],
      "moved password": ["unknown-key", "claimed"],
      "wide none": ["does-not-open", "claimed", "scope"],
    });
    const whole = toldAudit(await audit(["-o", "json", ...OPENED, "a.yaml"], tree));
    assert.deepEqual(rulesOf(whole)["moved user"], ["does-not-open"]);
    assert.deepEqual(rulesOf(whole)["db user"], []);
  });

  test("a claimed key that is none of the cluster's certificates", async () => {
    const report = toldAudit(await audit(["-o", "json", "--cert", "newer.crt", "sealed"], files));
    assert.deepEqual(rulesOf(report), {
      "db user": ["unknown-key", "claimed"],
      "db password": ["unknown-key", "claimed"],
      "web token": ["claimed"],
    });
  });

  test("a key that opens it and is none of the cluster's", async () => {
    const args = ["-o", "json", "--cert", "newer.crt", ...OPENED, "sealed"];
    const report = toldAudit(await audit(args, files));
    assert.deepEqual(rulesOf(report), {
      "db user": ["unknown-key"],
      "db password": ["unknown-key"],
      "web token": [],
    });
  });
});

suite("the exit code goes by policy", () => {
  test("it is 0 without one, and without findings", async () => {
    assert.equal((await audit(["sealed"], files)).code, 0);
    const args = ["--fail-on", "claimed,unknown-key,scope", "--max-key-age", "501d", ...OPENED, "sealed"];
    const { code, stderr } = await audit(args, files);
    assert.deepEqual([code, stderr], [0, ""]);
  });

  test("old keys fail, claimed or opened, and so do keys of no known age", async () => {
    const failing = async (...args: string[]) => {
      const { code, stderr } = await audit(["--max-key-age", "90d", ...args, "sealed"], files);
      return [code, /^error: (.*)$/m.exec(stderr)?.[1]];
    };
    const all = "3 of 3 values are not as the policy wants (old-key)";
    assert.deepEqual(await failing(...OPENED), [1, all]);
    assert.deepEqual(await failing(), [1, all]);
    const between = await audit(["--max-key-age", "52w", ...OPENED, "-o", "json", "sealed"], files);
    assert.deepEqual(rulesOf(toldAudit(between)), {
      "db user": ["old-key"],
      "db password": ["old-key"],
      "web token": [],
    });
    assert.equal(between.code, 1);
    assert.match(between.stderr, /\nhint: .*: signet rotate PATH\n$/);
  });

  test("a value that claims none of the certificates given is no young one", async () => {
    const args = ["--cert", "newer.crt", "--max-key-age", "365d", "-o", "json", "sealed"];
    const run = await audit(args, files);
    assert.equal(run.code, 1);
    assert.deepEqual(rulesOf(toldAudit(run)), {
      "db user": ["unknown-key", "claimed", "old-key"],
      "db password": ["unknown-key", "claimed", "old-key"],
      "web token": ["claimed"],
    });
  });

  test("each word of --fail-on fails for its own findings alone", async () => {
    const code = async (word: string, ...args: string[]) =>
      (await audit(["--fail-on", word, ...args, "sealed"], files)).code;
    assert.equal(await code("claimed"), 1);
    // What no key at hand opens is not proven either.
    assert.equal(await code("claimed", "--private-key", "newer.json"), 1);
    assert.equal(await code("claimed", ...OPENED), 0);
    assert.equal(await code("scope"), 0);
    assert.equal(await code("unknown-key", "--private-key", "newer.json"), 1);
    assert.equal(await code("duplicates", ...OPENED), 1);
    assert.equal(await code("does-not-open", ...OPENED), 0);
  });

  test("what cannot be read fails the run, unless it is said otherwise", async () => {
    const tree = { ...files, "sealed/broken.yaml": "kind: SealedSecret\nspec: [\n" };
    const { code, stderr, stdout } = await audit(["sealed"], tree);
    assert.equal(code, 1);
    assert.match(stdout, /team\/web/);
    assert.match(stderr, /^warning: sealed\/broken\.yaml, document 1: line \d+/m);
    assert.match(stderr, /^error: 1 place could not be looked at/m);
    assert.equal((await audit(["--skip-unreadable", "sealed"], tree)).code, 0);
  });
});

suite("duplicates", () => {
  test("are grouped by place, under fingerprints of the run alone", async () => {
    const marks = async () => {
      // The same object in two files is one place.
      const tree = { ...files, "sealed/copy.yaml": stream(web) };
      const { duplicates } = toldAudit(
        await audit(["-o", "json", "--duplicates", ...OPENED, "sealed"], tree),
      );
      assert.deepEqual(
        duplicates.map(({ items }) => items),
        [["team/db password", "team/web token"]],
      );
      return duplicates[0]?.mark;
    };
    const [one, two] = [await marks(), await marks()];
    assert.match(one ?? "", /^[0-9a-f]{16}$/);
    assert.notEqual(one, two);
  });

  test("have the same fingerprints in each run with the same key", async () => {
    const mark = async (key: string) => {
      const args = ["-o", "json", "--duplicates-key", "k", ...OPENED, "sealed"];
      const { duplicates } = toldAudit(await audit(args, { ...files, k: key }));
      return duplicates[0]?.mark;
    };
    const key = "k".repeat(32);
    assert.equal(await mark(key), await mark(key));
    assert.notEqual(await mark(key), await mark("l".repeat(32)));
    const short = await audit(["--duplicates-key", "k", ...OPENED, "sealed"], { ...files, k: "short" });
    assert.deepEqual([short.code, short.stdout], [2, ""]);
  });

  test("empty values are none", async () => {
    const empty = await sealedUnder(newer, { name: "e", items: { a: "", b: "" } });
    const args = ["-o", "json", "--duplicates", ...OPENED, "e.yaml"];
    const report = toldAudit(await audit(args, { "e.yaml": stream(empty) }));
    assert.deepEqual(report.duplicates, []);
  });
});

test("SARIF has what was found in files, with the level that the policy gives it", async () => {
  const args = [
    "-o",
    "sarif",
    "--cert",
    "newer.crt",
    "--fail-on",
    "unknown-key",
    "./sealed/db.yaml",
    "sealed/web.yaml",
  ];
  const { stdout, code } = await audit(args, files);
  assert.equal(code, 1);
  const { runs } = JSON.parse(stdout) as {
    runs: { results: { ruleId: string; level: string; locations: { physicalLocation: object }[] }[] }[];
  };
  assert.deepEqual(
    runs[0]?.results.map(({ ruleId, level, locations }) => [ruleId, level, locations[0]?.physicalLocation]),
    [
      ["unknown-key", "error", place("sealed/db.yaml")],
      ["claimed", "note", place("sealed/db.yaml")],
      ["unknown-key", "error", place("sealed/db.yaml")],
      ["claimed", "note", place("sealed/db.yaml")],
      ["claimed", "note", place("sealed/web.yaml")],
    ],
  );
});

test("SARIF names a file from the root of its repository, also where its whole path was given", async () => {
  const { stdout } = await audit(["-o", "sarif", "--cert", "older.crt", "/sealed/web.yaml"], {
    "/sealed/web.yaml": stream(web),
  });
  const { runs } = JSON.parse(stdout) as {
    runs: { results: { locations: { physicalLocation: object }[] }[] }[];
  };
  assert.deepEqual(
    runs[0]?.results.map(({ locations }) => locations[0]?.physicalLocation),
    [place("sealed/web.yaml"), place("sealed/web.yaml")],
  );
});

function place(uri: string) {
  return { artifactLocation: { uri }, region: { startLine: 1 } };
}

const STOLEN = ["--compromised", older.fingerprint];

suite("a wrong command line is refused before anything is looked at", () => {
  for (const [args, words] of [
    [["--fail-on", "all"], /--fail-on does not know "all"/],
    [["--max-key-age", "90"], /invalid value "90" for --max-key-age/],
    [["--fail-on", "unknown-key"], /nothing says which keys the cluster has/],
    [["--fail-on", "does-not-open", "--cert", "newer.crt"], /no value is opened/],
    [["--fail-on", "retired-key", "--private-key", "newer.json"], /which keys were taken out/],
    [["--duplicates"], /equal plaintexts are not known/],
    [["--history"], /--history goes with --compromised/],
    [["--no-history"], /--no-history goes with --compromised/],
    [["--key-is-lost"], /--key-is-lost goes with --compromised/],
    [
      ["--compromised", older.fingerprint.slice(0, 20), "--key-is-lost", "--no-cluster"],
      /goes with a whole fingerprint/,
    ],
    [["--no-cluster"], /--no-cluster goes with --compromised/],
    [[...STOLEN, "--history", "--no-history"], /--history and --no-history exclude/],
    [[...STOLEN, "--in-cluster", "--no-cluster"], /--in-cluster and --no-cluster exclude/],
    [["--accept-removed"], /--accept-removed goes with --compromised/],
    [["-o", "junit"], /unsupported report format: junit/],
    [["-A", "-n", "team"], /--all-namespaces and --namespace exclude each other/],
    [["--compromised", "SHA256:short", "--no-cluster"], /is no fingerprint of a key/],
    [["--compromised", older.fingerprint, "--max-key-age", "1d"], /goes with no policy of other audits/],
    [["--cert", "bare.pem"], /bare\.pem holds no sealing certificate/],
  ] as const) {
    test(args.join(" "), async () => {
      const { code, stdout, stderr } = await audit([...args, "sealed"], files);
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, words);
    });
  }
});
