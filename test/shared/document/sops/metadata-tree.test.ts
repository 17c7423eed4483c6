import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { SopsMetadata } from "../../../../shared/document/sops/metadata.ts";
import {
  hasMetadata,
  metadataMap,
  metadataOf,
  withMetadata,
} from "../../../../shared/document/sops/metadata-tree.ts";
import { readSopsTree } from "../../../../shared/document/sops/read-tree.ts";
import type { SopsMap } from "../../../../shared/document/sops/tree.ts";
import { writeSopsTree } from "../../../../shared/document/sops/write-tree.ts";

const AGE = "  age: [{recipient: age1a, enc: a}]\n";
const STAMPS = `  lastmodified: "2026-01-02T03:04:05Z"\n  version: 3.9.0\n  mac: m\n`;

const read = (text: string) => metadataOf(readSopsTree(text, "yaml", "secret.yaml"), "secret.yaml");
const sops = (fields: string) => read(`a: 1\nsops:\n${fields}`).metadata;
const yaml = (map: SopsMap) => writeSopsTree([map], "yaml");

suite("reading", () => {
  test("all key services, the rule, and fields that nobody knows", () => {
    const metadata = sops(`  kms:
    - arn: arn:aws:kms:eu-west-1:1:key/a
      role: arn:aws:iam::1:role/r
      context: {ns: b, app: a}
      created_at: "2026-01-02T03:04:05Z"
      enc: k
      aws_profile: p
    - {arn: arn:b, created_at: "2026-01-02T03:04:05Z", enc: k2}
  gcp_kms: [{resource_id: r, created_at: "2026-01-02T03:04:05Z", enc: g}]
  azure_kv: []
  hckms: ~
  hc_vault:
    - vault_address: https://vault:8200
      engine_path: transit
      key_name: key
      created_at: "2026-01-02T03:04:05Z"
      enc: vault:v1:x
  age: [{recipient: age1a, enc: a}, {enc: b}]
  pgp: [{fp: F, created_at: "2026-01-02T03:04:05Z", enc: p}]
  later_kms: [{id: z, enc: l}]
  shamir_threshold: 0
  lastmodified: "2026-01-02T03:04:05.7+00:00"
  mac: m
  encrypted_regex: ^data$
  unencrypted_suffix: ""
  mac_only_encrypted: true
  version: 3.13.2
  later: {field: [1]}
`);
    const time = "2026-01-02T03:04:05Z";
    assert.deepEqual(metadata.groups, [
      [
        {
          type: "kms",
          arn: "arn:aws:kms:eu-west-1:1:key/a",
          role: "arn:aws:iam::1:role/r",
          context: { ns: "b", app: "a" },
          awsProfile: "p",
          createdAt: time,
          enc: "k",
        },
        { type: "kms", arn: "arn:b", role: "", context: {}, awsProfile: "", createdAt: time, enc: "k2" },
        metadata.groups[0]?.[2],
        {
          type: "hc_vault",
          vaultAddress: "https://vault:8200",
          enginePath: "transit",
          keyName: "key",
          createdAt: time,
          enc: "vault:v1:x",
        },
        metadata.groups[0]?.[4],
        { type: "age", recipient: "age1a", enc: "a" },
        { type: "age", recipient: "", enc: "b" },
        metadata.groups[0]?.[7],
      ],
    ]);
    const others = (metadata.groups[0] ?? []).flatMap((entry) => (entry.type === "other" ? [entry] : []));
    assert.deepEqual(
      others.map(({ list }) => list),
      ["gcp_kms", "pgp", "later_kms"],
    );
    assert.deepEqual(others.map(({ entry }) => yaml(entry)).slice(2), ["id: z\nenc: l\n"]);
    const { groups: _, unknown, ...rest } = metadata;
    assert.deepEqual(rest, {
      shamirThreshold: 0,
      selection: { rule: "encrypted_regex", pattern: "^data$" },
      macOnlyEncrypted: true,
      lastModified: time,
      mac: "m",
      version: "3.13.2",
    });
    assert.equal(yaml(unknown), "later:\n    field:\n        - 1\n");
  });
  test("groups of keys, which count instead of the lists beside them", () => {
    const { groups, shamirThreshold } = sops(`${AGE}${STAMPS}  shamir_threshold: 2
  key_groups:
    - {age: [{recipient: age1b, enc: b}], hc_vault: []}
    - {hc_vault: [], age: [{recipient: age1c, enc: c}], pgp: [{enc: p}]}
`);
    assert.equal(shamirThreshold, 2);
    assert.deepEqual(
      groups.map((group) => group.map((entry) => (entry.type === "age" ? entry.recipient : entry.type))),
      [["age1b"], ["other", "age1c"]],
    );
  });
  test("the time keeps its offset, and loses its fraction", () => {
    const at = (time: string) => sops(`${AGE}${STAMPS.replace("2026-01-02T03:04:05Z", time)}`).lastModified;
    assert.equal(at("2026-01-02T03:04:05.999+02:00"), "2026-01-02T03:04:05+02:00");
    assert.equal(at("2026-01-02T03:04:05-00:00"), "2026-01-02T03:04:05Z");
  });
  test("wherever it stands, it is taken out, of every document", () => {
    const { documents } = read(`"sops":\n${AGE}${STAMPS}# c\na: 1\n---\nb: 2\nsops:\n${STAMPS}---\n{}\n`);
    assert.deepEqual(documents, readSopsTree("# c\na: 1\n---\nb: 2\n---\n{}\n", "yaml", "x"));
  });
  test("tells whether there is any", () => {
    assert.equal(hasMetadata(readSopsTree("a: 1\nsops: x\n", "yaml", "x")), true);
    assert.equal(hasMetadata(readSopsTree("a: {sops: x}\n---\nsops: y\n", "yaml", "x")), false);
    assert.equal(hasMetadata([]), false);
  });
});

suite("refused", () => {
  const refused: readonly (readonly [string, string, RegExp])[] = [
    ["no keys", STAMPS, /sops has no keys/],
    ["an empty list of keys", `  age: []\n${STAMPS}`, /sops has no keys/],
    [
      "two rules",
      `${AGE}${STAMPS}  encrypted_regex: a\n  unencrypted_suffix: b\n`,
      /more than one rule of selection: unencrypted_suffix, encrypted_regex$/,
    ],
    ["no time", `${AGE}  version: 3.9.0\n`, /sops has no lastmodified/],
    [
      "a time without quotes",
      `${AGE}${STAMPS.replaceAll('"', "")}`,
      /sops\.lastmodified must be a quoted string/,
    ],
    ["what is no time", `${AGE}${STAMPS.replace("-01-02", "-13-02")}`, /lastmodified that is no time/],
    ["a date", `${AGE}${STAMPS.replace("T03:04:05Z", "")}`, /lastmodified that is no time/],
    ["no version", `${AGE}${STAMPS.replace(/ {2}version.*\n/, "")}`, /sops has no version/],
    [
      "a version of two parts",
      `${AGE}${STAMPS.replace("3.9.0", '"3.9"')}`,
      /version that is not of the form/,
    ],
    [
      "a number for the version",
      `${AGE}${STAMPS.replace("3.9.0", "3.9")}`,
      /sops\.version must be a quoted string/,
    ],
    ["a MAC that is a number", `${AGE}${STAMPS.replace("mac: m", "mac: 1")}`, /sops\.mac must be/],
    [
      "a flag in quotes",
      `${AGE}${STAMPS}  mac_only_encrypted: "true"\n`,
      /mac_only_encrypted must be true or false/,
    ],
    ["a threshold in quotes", `${AGE}${STAMPS}  shamir_threshold: "2"\n`, /shamir_threshold must be a whole/],
    ["a threshold below zero", `${AGE}${STAMPS}  shamir_threshold: -1\n`, /shamir_threshold must be a whole/],
    ["a list that is none", `  age: {recipient: a, enc: b}\n${STAMPS}`, /sops\.age must be a list/],
    ["entries that are texts", `  age: [age1a]\n${STAMPS}`, /sops\.age must be a list of mappings/],
    ["an age entry without enc", `  age: [{recipient: a}]\n${STAMPS}`, /sops\.age\[0\] has no enc/],
    [
      "a KMS entry without a time",
      `  kms: [{arn: a, enc: b}]\n${STAMPS}`,
      /sops\.kms\[0\] has no created_at/,
    ],
    [
      "a KMS entry of no time",
      `  kms: [{arn: a, enc: b, created_at: "x"}]\n${STAMPS}`,
      /sops\.kms\[0\] has a created_at/,
    ],
    [
      "a context of numbers",
      `  kms: [{arn: a, enc: b, context: {c: 1}, created_at: "2026-01-02T03:04:05Z"}]\n${STAMPS}`,
      /sops\.kms\[0\]\.context\.c must be/,
    ],
    [
      "a group without keys",
      `${STAMPS}  key_groups: [{age: [{enc: a}]}, {age: []}]\n`,
      /no key in key_groups\[1\]/,
    ],
    [
      "a field of a group's entry",
      `${STAMPS}  key_groups: [{age: [{enc: 1}]}]\n`,
      /sops\.key_groups\[0\]\.age\[0\]\.enc must be/,
    ],
    ["a thousand and one keys", `  age: [${"{enc: a},".repeat(1001)}]\n${STAMPS}`, /more than 1000 keys/],
  ];
  for (const [what, fields, message] of refused) {
    test(what, () => assert.throws(() => sops(fields), { name: "SopsError", problem: "metadata", message }));
  }
  test("metadata that is no mapping", () => {
    assert.throws(() => read("sops: x\n"), { problem: "metadata", message: /sops must be a mapping/ });
  });
  test("a field twice", () => {
    const entry = { kind: "entry" as const, key: "sops", value: { kind: "null" as const } };
    const twice: SopsMap = { kind: "map", entries: [entry, entry] };
    assert.throws(() => metadataOf([twice], "x"), {
      problem: "metadata",
      message: /sops stands there twice/,
    });
    const inner: SopsMap = { kind: "map", entries: [{ ...entry, value: twice }] };
    assert.throws(() => metadataOf([inner], "x"), { problem: "metadata", message: /has a field twice/ });
  });
  test("none in the first document", () => {
    const problem = { problem: "no-metadata", message: "secret.yaml: there is no mapping sops" };
    assert.throws(() => read(`a: 1\n---\nsops:\n${AGE}${STAMPS}`), problem);
    assert.throws(() => metadataOf([], "secret.yaml"), problem);
  });
  test("documents that were encrypted one by one", () => {
    assert.throws(
      () => read(`sops:\n${AGE}${STAMPS}---\nsops:\n${AGE}${STAMPS.replace("mac: m", "mac: n")}`),
      {
        problem: "metadata",
        message: /^secret\.yaml, document 2: sops is not that of the first/,
      },
    );
  });
});

suite("writing", () => {
  const metadata: SopsMetadata = {
    groups: [
      [
        { type: "age", recipient: "age1a", enc: "two\nlines\n" },
        {
          type: "kms",
          arn: "arn:a",
          role: "arn:r",
          context: { b: "2", a: "1" },
          awsProfile: "",
          createdAt: "2026-01-02T03:04:05Z",
          enc: "k",
        },
        {
          type: "hc_vault",
          vaultAddress: "https://v",
          enginePath: "e",
          keyName: "n",
          createdAt: "2026-01-02T03:04:05Z",
          enc: "vault:v1:x",
        },
        {
          type: "other",
          list: "pgp",
          entry: { kind: "map", entries: [{ kind: "entry", key: "fp", value: { kind: "int", value: 1n } }] },
        },
      ],
    ],
    shamirThreshold: 0,
    selection: { rule: "encrypted_regex", pattern: "^data$" },
    macOnlyEncrypted: true,
    lastModified: "2026-01-02T03:04:05Z",
    mac: "m",
    version: "3.9.0",
    unknown: {
      kind: "map",
      entries: [{ kind: "entry", key: "later", value: { kind: "bool", value: true } }],
    },
  };
  const single = `age:
    - enc: |
        two
        lines
      recipient: age1a
encrypted_regex: ^data$
hc_vault:
    - created_at: "2026-01-02T03:04:05Z"
      enc: vault:v1:x
      engine_path: e
      key_name: "n"
      vault_address: https://v
kms:
    - arn: arn:a
      aws_profile: ""
      context:
        a: "1"
        b: "2"
      created_at: "2026-01-02T03:04:05Z"
      enc: k
      role: arn:r
lastmodified: "2026-01-02T03:04:05Z"
later: true
mac: m
mac_only_encrypted: true
pgp:
    - fp: 1
version: 3.9.0
`;
  test("in alphabetical order, without what is empty", () => {
    assert.equal(yaml(metadataMap(metadata)), single);
    const bare = yaml(metadataMap({ ...metadata, macOnlyEncrypted: false, selection: { rule: "default" } }));
    assert.equal(
      bare,
      single.replace("mac_only_encrypted: true\n", "").replace("encrypted_regex: ^data$\n", ""),
    );
  });
  test("several groups, each in lists of its own", () => {
    const [group = []] = metadata.groups;
    const groups = [group.slice(3), group.slice(0, 1)];
    assert.equal(
      yaml(metadataMap({ ...metadata, groups, shamirThreshold: 2 })).split("lastmodified")[0],
      `encrypted_regex: ^data$
key_groups:
    - age: []
      hc_vault: []
      pgp:
        - fp: 1
    - age:
        - enc: |
            two
            lines
          recipient: age1a
      hc_vault: []
`,
    );
  });
  test("comes back as it was, behind the entries of each document", () => {
    const documents = readSopsTree("a: 1\n---\nb: 2\n", "yaml", "x");
    const groups = [metadata.groups[0] ?? [], [{ type: "age" as const, recipient: "age1b", enc: "b" }]];
    const several = { ...metadata, groups, shamirThreshold: 2 };
    for (const one of [metadata, several]) {
      const written = withMetadata(documents, one);
      assert.deepEqual(
        written.map(({ entries }) => entries.map((entry) => entry.kind === "entry" && entry.key)),
        [
          ["a", "sops"],
          ["b", "sops"],
        ],
      );
      const again = metadataOf(written, "x");
      assert.deepEqual(again.documents, documents);
      assert.equal(yaml(metadataMap(again.metadata)), yaml(metadataMap(one)));
      assert.equal(again.metadata.shamirThreshold, one.shamirThreshold);
    }
  });
});
