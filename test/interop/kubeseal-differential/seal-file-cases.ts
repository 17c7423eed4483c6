import type { DifferentialCase } from "./differential-case.ts";
import { plain, two, withCert } from "./plain-secrets.ts";

/** `-f` and `-w`. */
export const fileCases: readonly DifferentialCase[] = [
  { name: "-f", args: withCert(["-f", "secret.yaml"]) },
  { name: "-f over standard input", args: withCert(["--secret-file=secret.yaml"]), stdin: two },
  { name: "-w writes JSON", args: withCert(["-f", "secret.yaml", "-w", "out.json"]) },
  {
    name: "-w with a .yaml name writes YAML",
    args: withCert(["-f", "secret.yaml", "-w", "out.yaml"]),
    proves: [91],
  },
  {
    name: "-w with a .yml name writes YAML",
    args: withCert(["-f", "secret.yaml", "--sealed-secret-file=out.yml"]),
    proves: [91],
  },
  {
    name: "-w with a .yaml name over -o json",
    args: withCert(["-f", "secret.yaml", "-w", "out.yaml", "-o", "json"]),
    proves: [91],
  },
  {
    name: "-w with another name and -o yaml",
    args: withCert(["-f", "secret.yaml", "-w", "out.txt", "-o", "yaml"]),
  },
  {
    name: "-w over a file that was there",
    args: withCert(["-f", "secret.yaml", "-w", "out.json"]),
    files: { "out.json": { content: "before\n", mode: 0o600 } },
  },
  {
    name: "-w over a file that others may read",
    args: withCert(["-f", "secret.yaml", "-w", "out.json"]),
    files: { "out.json": { content: "before\n", mode: 0o640 } },
    proves: ["W22"],
    differs: { "output-file": { modes: { "out.json": 0o640 } } },
  },
  {
    name: "-w over a link",
    args: withCert(["-f", "secret.yaml", "-w", "out.json"]),
    files: { "out.json": { link: "target.json" }, "target.json": { content: "before\n", mode: 0o600 } },
    proves: ["W22"],
    differs: {
      "output-file": {
        files: { "out.json": "link to target.json", "target.json": /"kind": "SealedSecret"/ },
        modes: { "out.json": 0o777 },
      },
    },
  },
  {
    name: "-w that fails",
    args: withCert(["-w", "out.yaml"]),
    stdin: plain,
    files: { "out.yaml": "before\n" },
    exit: 1,
    says: "secret.data is empty in input Secret",
    proves: [91, "W22"],
    differs: { "output-file": { files: { "tmp/.out.yaml#": null } } },
  },
  {
    name: "-w into a folder that is not there",
    args: withCert(["-f", "secret.yaml", "-w", "missing/out.yaml"]),
    exit: 1,
    says: "no such file or directory",
  },
  {
    name: "-w onto the input",
    args: withCert(["-f", "secret.yaml", "-w", "secret.yaml"]),
    differs: { "output-file": { modes: { "secret.yaml": 0o644 } } },
  },
];
