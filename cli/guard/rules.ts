import type { ReportRule } from "../findings/sarif.ts";
import type { RuleName } from "./finding.ts";

/** Everything guard looks for. */
export const RULES: Readonly<Record<RuleName, ReportRule>> = {
  "plain-secret": {
    title: "Secret in plain text",
    help: "Values of a Secret stand there in plain text or in base64, which is the same. Whoever reads the repository has them.",
    next: "seal it with signet and commit what that gives; if it was ever pushed, change the value too",
    severity: 8,
  },
  "plain-template": {
    title: "Plain value in a SealedSecret's template",
    help: "What stands in spec.template.data is not encrypted. A template names sealed items, as {{ .password }}.",
    next: "seal the value as an item, and name the item in the template",
    severity: 7,
  },
  "last-applied": {
    title: "Plain values in last-applied-configuration",
    help: "kubectl apply keeps the whole object in an annotation, in plain text, and it came along when the object was exported.",
    next: "remove the annotation; if it was ever pushed, change the values too",
    severity: 8,
  },
  "unsealed-value": {
    title: "Value among encryptedData that is not sealed",
    help: "A value of encryptedData has none of the forms that sealed values have: it may be what was to be sealed.",
    next: "seal it (signet --raw, or signet --merge-into), and change the value if it was ever pushed",
    severity: 8,
  },
  "plain-sops": {
    title: "Plain value in a SOPS document",
    help: "The document has a sops block whose rule selects this value, and it is not encrypted.",
    next: "encrypt it with sops edit or sops set, and change the value if it was ever pushed",
    severity: 8,
  },
  "decrypted-file": {
    title: "File that SOPS should have encrypted",
    help: "By its name, or by a creation rule of .sops.yaml that is meant for it, the file is to be encrypted. It has no sops block: it was decrypted, or never encrypted.",
    next: "encrypt it with sops encrypt --in-place, and change its values if it was ever pushed",
    severity: 8,
  },
  "idle-sops-rule": {
    title: "SOPS document in which nothing is encrypted",
    help: "The document has a sops block, and its rule selects none of its values, or is no regular expression: then SOPS encrypts nothing and says nothing.",
    next: "correct the rule in .sops.yaml, and encrypt the file anew",
    severity: 8,
  },
  "secret-generator": {
    title: "Plain value for a Kustomize secretGenerator",
    help: "A secretGenerator takes its values from literals or files that lie in the repository in plain text.",
    next: "seal it with signet and list the SealedSecret under resources, or have a generator of signet seal or render it",
    severity: 8,
  },
  "sealing-key": {
    title: "Private sealing key",
    help: "The private half of a sealing key opens everything that was ever sealed under it.",
    next: "take it out, make a new sealing key, and change what was sealed under this one if it was ever pushed",
    severity: 9.8,
  },
  "private-key": {
    title: "Private key",
    help: "A private key stands there without a passphrase.",
    next: "take it out, and replace the key if it was ever pushed",
    severity: 9,
  },
  "age-identity": {
    title: "age identity",
    help: "An age identity opens every SOPS document and file that was encrypted for it.",
    next: "take it out; if it was ever pushed, encrypt for a new one, with new data keys, and change the values",
    severity: 9.5,
  },
  unreadable: {
    title: "Looks like a Secret and cannot be read",
    help: "The document names the kind Secret and has values, but it is neither YAML nor JSON, so that nobody can tell whether they stand there in plain text.",
    next: "correct the document; where a tool makes a manifest of it, keep its values out of it",
    severity: 6,
  },
  "changed-recipients": {
    title: "Who can decrypt has changed",
    help: "Recipients or rules of SOPS differ from before: somebody gains or loses what is encrypted from now on.",
    next: "make sure that this is meant",
    severity: null,
  },
  "changed-pin": {
    title: "For whom is sealed has changed",
    help: "The certificates that .signet.yaml pins, or its rules, differ from before: whoever has the key of a certificate, or is a recipient that a rule lists, opens what is sealed by it.",
    next: "make sure that this is meant",
    severity: null,
  },
  "changed-scope": {
    title: "Where sealed values open has changed",
    help: "The scope of a SealedSecret differs from before.",
    next: "make sure that this is meant",
    severity: null,
  },
  "changed-template": {
    title: "What a Secret will carry has changed",
    help: "Metadata or type in the template of a SealedSecret differ from before: labels and annotations can hand a Secret to others.",
    next: "make sure that this is meant",
    severity: null,
  },
};
