/** A file with the SealedSecret `shop/db`, as somebody keeps it. */
export type SealedFileLayout = {
  name: string;
  /**
   * Its text: `«` and `»` stand around the value of the item `password`, `‹` and `›` around its key; `$V` and `$U` stand for
   * the values of `password` and `user`, `$V1` and `$V2` for the halves of the first, `$F` for the fingerprint of their key.
   */
  text: string;
  extension: "yaml" | "json";
  encoding?: "utf-16le" | "utf-8 with a mark";
};

const TOP = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\n";
const META = "metadata:\n  name: db\n  namespace: shop\n  annotations:\n    signet.dev/sealing-key: $F\n";
const HEAD = TOP + META;

/** A document whose items are laid out in one way. */
const items = (lines: string) => `${HEAD}spec:\n  encryptedData:\n${lines}`;

const BODIES: readonly [name: string, text: string][] = [
  [
    "as kubeseal writes it",
    `---\n${HEAD}spec:\n  encryptedData:\n    ‹password›: «$V»\n    user: $U\n  template:\n    metadata:\n      name: db\n      namespace: shop\n`,
  ],
  ["the item last", items("    user: $U\n    ‹password›: «$V»\n")],
  [
    "comments beside, above and below",
    `# top\n${items("    # rotated in May\n    ‹password›: «$V» # by ops: see #4\n    # who\n    user: $U   # never changes\n    # end\n")}# bottom\n`,
  ],
  [
    "a comment that heads a group, and one of its own",
    items(
      "    # the database\n    #  and its user\n    ‹password›: «$V»\n    user: $U\n\n    # from here on others\n    other: $U\n",
    ),
  ],
  [
    "a comment above the first item, at the margin",
    items("# the database\n    ‹password›: «$V» # May\n# its user\n    user: $U\n"),
  ],
  ["single quotes", items("    ‹'password'›: «'$V'»\n    'user': '$U'\n")],
  ["double quotes", items('    ‹"password"›: «"$V"»\n    "user": "$U"\n')],
  ["quotes on the values alone", items("    ‹password›: «\"$V\"»\n    user: '$U'\n")],
  ["a folded block", items("    ‹password›: «>-\n      $V»\n    user: >-\n      $U\n")],
  ["a literal block without its last line break", items("    ‹password›: «|-\n      $V»\n    user: $U\n")],
  [
    "a folded block with a comment on its header",
    items("    user: $U\n    ‹password›: «>-» # folded by hand«\n      $V»\n"),
  ],
  ["a block with an indentation of its own", items("    ‹password›: «|2-\n      $V»\n    user: $U\n")],
  ["a value on the line after its key", items("    ‹password›:\n      «$V»\n    user:\n      $U\n")],
  ["a double-quoted value over two lines", items('    ‹password›: «"$V1\\\n      $V2"»\n    user: $U\n')],
  ["items in flow style", `${HEAD}spec:\n  encryptedData: {‹password›: «$V», user: $U}\n`],
  ["items in flow style, quoted", `${HEAD}spec:\n  encryptedData: {"user": "$U", ‹"password"›: «"$V"»}\n`],
  [
    "items in flow style over several lines",
    `${HEAD}spec:\n  encryptedData: {\n    ‹password›: «$V»,\n    user: $U\n    }\n`,
  ],
  [
    "items in flow style, with a comma at the end",
    `${HEAD}spec:\n  encryptedData: {\n    user: $U,\n    ‹password›: «$V»,\n    }\n`,
  ],
  [
    "a whole spec in flow style",
    `${HEAD}spec: {encryptedData: {‹password›: «$V», user: $U}, template: {type: Opaque}}\n`,
  ],
  [
    "metadata in flow style",
    `${TOP}metadata: {name: db, namespace: shop, annotations: {signet.dev/sealing-key: "$F"}}\nspec:\n  encryptedData:\n    ‹password›: «$V»\n    user: $U\n`,
  ],
  [
    "four spaces",
    `${TOP}metadata:\n    name: db\n    namespace: shop\n    annotations:\n        signet.dev/sealing-key: $F\nspec:\n    encryptedData:\n        ‹password›: «$V»\n        user: $U\n`,
  ],
  [
    "one space",
    `${TOP}metadata:\n name: db\n namespace: shop\n annotations:\n  signet.dev/sealing-key: $F\nspec:\n encryptedData:\n  ‹password›: «$V»\n  user: $U\n`,
  ],
  ["values in a column", items("    ‹password›:   «$V»\n    user:       $U\n")],
  ["blank lines between items", items("\n    ‹password›: «$V»\n\n    user: $U\n\n")],
  ["white space at the ends of lines", items("    ‹password›: «$V»  \n    user: $U \n")],
  ["spec first", `spec:\n  encryptedData:\n    ‹password›: «$V»\n    user: $U\n${META}${TOP}`],
  [
    "encryptedData behind a template with the same words",
    `${HEAD}spec:\n  template:\n    metadata:\n      labels:\n        app: "password"\n  encryptedData:\n    ‹password›: «$V»\n    user: $U\n`,
  ],
  [
    "a Helm chart's note above",
    `# Source: shop/templates/db.yaml\n---\n${items("    ‹password›: «$V»\n    user: $U\n")}`,
  ],
  ["a document end behind", `${items("    ‹password›: «$V»\n    user: $U\n")}...\n`],
  ["a marker with the content on its line", `--- # sealed\n${items("    ‹password›: «$V»\n    user: $U\n")}`],
  ["a directive", `%YAML 1.2\n---\n${items("    ‹password›: «$V»\n    user: $U\n")}`],
  [
    "between other documents",
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {password: plain}\n---\n${items("    ‹password›: «$V»\n    user: $U\n")}---\n# nothing\n---\nkind: Service\napiVersion: v1\nmetadata: {name: db}\n`,
  ],
  [
    "two SealedSecrets",
    `${items("    ‹password›: «$V»\n    user: $U\n")}---\n${TOP}metadata: {name: api, namespace: shop}\nspec:\n  encryptedData:\n    password: $U\n`,
  ],
  [
    "an item of a List",
    `apiVersion: v1\nkind: List\nitems:\n  - apiVersion: bitnami.com/v1alpha1\n    kind: SealedSecret\n    metadata:\n      name: db\n      namespace: shop\n      annotations: {signet.dev/sealing-key: $F}\n    spec:\n      encryptedData:\n        ‹password›: «$V»\n        user: $U\n  - apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: c}\n`,
  ],
  [
    "an item of a List whose dashes are not indented",
    `kind: List\napiVersion: v1\nitems:\n# first\n- kind: SealedSecret\n  apiVersion: bitnami.com/v1alpha1\n  metadata:\n    annotations:\n      signet.dev/sealing-key: $F\n    namespace: shop\n    name: db\n  spec:\n    encryptedData:\n      user: $U\n      ‹password›: «$V»\n`,
  ],
  [
    "with anchors elsewhere",
    `${TOP}metadata:\n  name: db\n  namespace: shop\n  labels: &labels\n    app: shop\n  annotations:\n    signet.dev/sealing-key: $F\nspec:\n  encryptedData:\n    ‹password›: «$V»\n    user: $U\n  template:\n    metadata:\n      labels: *labels\n`,
  ],
  ["an anchor on another value", `${items("    ‹password›: «$V»\n    user: &user $U\n    login: *user\n")}`],
  ["an anchor on the items", `${HEAD}spec:\n  encryptedData: &items\n    ‹password›: «$V»\n    user: $U\n`],
  [
    "keys with odd names beside",
    items("    \"true\": $U\n    ‹password›: «$V»\n    tls.crt: $U\n    '1.0': $U\n    user: $U\n"),
  ],
  [
    "a status behind",
    `${items("    ‹password›: «$V»\n    user: $U\n")}status:\n  conditions:\n  - type: Synced\n    status: "True"\n`,
  ],
  [
    "a template with texts of many lines",
    `${items("    ‹password›: «$V»\n    user: $U\n")}  template:\n    data:\n      config: |\n        # password: below\n        password: {{ .user }}\n\n        end\n`,
  ],
  [
    "letters beyond ASCII in comments",
    items("    # Paßwort – geändert 🔑\n    ‹password›: «$V»\n    user: $U # née\n"),
  ],
];

const JSON_BODIES: readonly [name: string, text: string][] = [
  [
    "JSON of kubeseal",
    '{\n  "kind": "SealedSecret",\n  "apiVersion": "bitnami.com/v1alpha1",\n  "metadata": {\n    "name": "db",\n    "namespace": "shop",\n    "annotations": {\n      "signet.dev/sealing-key": "$F"\n    }\n  },\n  "spec": {\n    "encryptedData": {\n      ‹"password"›: «"$V"»,\n      "user": "$U"\n    }\n  }\n}\n',
  ],
  [
    "JSON in one line",
    '{"kind":"SealedSecret","apiVersion":"bitnami.com/v1alpha1","metadata":{"name":"db","namespace":"shop","annotations":{"signet.dev/sealing-key":"$F"}},"spec":{"encryptedData":{"user":"$U",‹"password"›:«"$V"»}}}\n',
  ],
  [
    "JSON with tabs",
    '{\n\t"kind": "SealedSecret",\n\t"apiVersion": "bitnami.com/v1alpha1",\n\t"metadata": {"name": "db", "namespace": "shop", "annotations": {"signet.dev/sealing-key": "$F"}},\n\t"spec": {\n\t\t"encryptedData": {\n\t\t\t"user": "$U",\n\t\t\t‹"password"›: «"$V"»\n\t\t}\n\t}\n}\n',
  ],
  [
    "a JSON List",
    '{"apiVersion": "v1", "kind": "List", "items": [\n  {"kind": "SealedSecret", "apiVersion": "bitnami.com/v1alpha1",\n   "metadata": {"name": "db", "namespace": "shop", "annotations": {"signet.dev/sealing-key": "$F"}},\n   "spec": {"encryptedData": {‹"password"›: «"$V"», "user": "$U"}}}\n]}\n',
  ],
];

const ENCODED: readonly SealedFileLayout[] = (["utf-16le", "utf-8 with a mark"] as const).map((encoding) => ({
  name: `in ${encoding}`,
  text: items("    # Paßwort\n    ‹password›: «$V»\n    user: $U\n"),
  extension: "yaml",
  encoding,
}));

const yaml = (name: string, text: string): SealedFileLayout => ({ name, text, extension: "yaml" });
const json = (name: string, text: string): SealedFileLayout => ({ name, text, extension: "json" });

/** All of them: each as it stands, with the line ends of Windows, and without a line break at its end. */
export const sealedFileLayouts: readonly SealedFileLayout[] = [
  ...BODIES.flatMap(([name, text]) => variants(yaml(name, text))),
  ...JSON_BODIES.flatMap(([name, text]) => variants(json(name, text))),
  ...ENCODED,
];

function variants(layout: SealedFileLayout): SealedFileLayout[] {
  const { name, text } = layout;
  return [
    layout,
    { ...layout, name: `${name}, CR LF`, text: text.replaceAll("\n", "\r\n") },
    { ...layout, name: `${name}, no line break at its end`, text: text.replace(/\n+$/, "") },
  ];
}
