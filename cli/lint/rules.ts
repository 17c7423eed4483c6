import type { ReportRule } from "../findings/sarif.ts";
import type { LintRule } from "./problem.ts";

/** Everything lint looks for. */
export const RULES: Readonly<Record<LintRule, ReportRule>> = {
  unreadable: {
    title: "File that cannot be read as manifests",
    help: "The file seems to hold SealedSecrets and is neither YAML nor JSON, so that nothing is known of them.",
    next: "correct the file; where it is another tool's template, run lint on what the tool makes of it",
    severity: 5,
  },
  structure: {
    title: "SealedSecret that the API server refuses",
    help: "The object does not fit the schema of SealedSecrets: a field is missing, or has the wrong type.",
    next: "correct the field, or seal the Secret again",
    severity: 5,
  },
  "item-name": {
    title: "Item name that no Secret may have",
    help: "A Secret's items have names of letters, digits, '-', '_' and '.', at most 253 of them.",
    next: "seal the value again under another item name",
    severity: 4,
  },
  "not-sealed": {
    title: "Value that is not sealed, or damaged",
    help: "The value has none of the forms that sealed values have: it was cut or edited, or was never sealed.",
    next: "restore it from an earlier version, or seal it again; if it is a plain value and was ever pushed, change it",
    severity: 7,
  },
  "unknown-format": {
    title: "Value in a format that this version does not open",
    help: "The value says that a backend, or a version of a format, wrote it that this version of Signet does not know.",
    next: "look at it with the version of signet that wrote it, or seal the value again",
    severity: 4,
  },
  "unknown-key": {
    title: "Value for a key that is none of those given",
    help: "By what the object says, or by the length of its encrypted session key, the value is for another sealing key than those of the certificates given: that of another cluster, or one that is gone.",
    next: "seal it with this cluster's certificate, or add the certificate of its key to --cert",
    severity: 5,
  },
  "key-hint": {
    title: "Note on the sealing key that cannot be right",
    help: "The annotation signet.dev/sealing-key cannot be read, names items that are not there, or contradicts the values. It is never trusted, yet people and audits read it.",
    next: "seal the values again, or take the annotation off",
    severity: 2,
  },
  "scope-annotation": {
    title: "Scope annotation that says something else than it seems",
    help: "Only the exact text true, on the SealedSecret's own metadata, makes a scope wider than strict; of both annotations cluster-wide counts.",
    next: 'leave the one annotation that is meant, with the value "true", in the SealedSecret\'s own metadata',
    severity: 5,
  },
  "missing-namespace": {
    title: "Value bound to a namespace, in an object that names none",
    help: "Strict and namespace-wide values open in one namespace only. An object without one lands wherever it is applied.",
    next: "write the namespace into the object's metadata",
    severity: 3,
  },
  renamed: {
    title: "SealedSecret renamed or moved after it was sealed",
    help: "The template still has the name or namespace that the Secret was sealed under, and the object has another. Under its scope the values open only where they were sealed for.",
    next: "seal the values again for the new place (signet --merge-into), or correct spec.template.metadata if that was done",
    severity: 5,
  },
  template: {
    title: "Template that cannot be read",
    help: "The template has an error, or calls functions that a controller refuses unless it is told otherwise.",
    next: "correct the template (docs/templates.md)",
    severity: 5,
  },
  "template-item": {
    title: "Template that names an item which is not there",
    help: "The template reads an item that is neither sealed, nor taken from Vault, nor made by another template: it gets <no value>.",
    next: "seal an item of that name, or correct the template",
    severity: 5,
  },
  "no-effect": {
    title: "Template without effect",
    help: "Where an encrypted item and a template have one name, the encrypted item wins; a null takes an item out, and one that is not there cannot be.",
    next: "take one of the two out, or give it another name",
    severity: 2,
  },
  "unused-value": {
    title: "Sealed value that nothing uses",
    help: "A null in spec.template.data keeps the item out of the Secret, and no template reads it.",
    next: "take the item out, or use it in a template",
    severity: 2,
  },
  "vault-reference": {
    title: "Reference to Vault that the controller refuses",
    help: "An item of spec.vault has a name that no Secret's item may have, or one that a sealed item has already.",
    next: "give it another name, or remove one of the two (docs/vault-references.md)",
    severity: 4,
  },
  "refused-secret": {
    title: "Secret that a controller refuses to write",
    help: "The template asks for a label, an annotation, a type or a name which a controller does not write unless it is configured to: it would hand the Secret to others.",
    next: "take it out of the template, or allow it in the controller's configuration (docs/security.md)",
    severity: 5,
  },
  sops: {
    title: "SOPS document that does not open",
    help: "By what stands in clear, the SealedSecret is no SOPS document that a controller opens.",
    next: "signet --re-encrypt --in-place FILE puts most right; signet explain tells more",
    severity: 5,
  },
  "sops-mac": {
    title: "SOPS document that was changed without SOPS",
    help: "Opened with the age identities at hand, the document's MAC, a value or the place that it names does not fit.",
    next: "restore it from an earlier version, and make the change with sops or signet",
    severity: 7,
  },
  "sops-flux": {
    title: "SOPS document that Flux would open",
    help: "A Flux that decrypts opens any object with a sops block on its way to the cluster, unless an annotation keeps it off; the plain values then stand in the SealedSecret.",
    next: 'add the annotation kustomize.toolkit.fluxcd.io/decrypt: "Disabled"',
    severity: 5,
  },
  "duplicate-name": {
    title: "Two SealedSecrets of one name",
    help: "Two objects have the same namespace and name. Applied to one cluster, the later one wins.",
    next: "remove one of them, or rename it and seal it again",
    severity: 3,
  },
};
