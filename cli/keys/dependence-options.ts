import { keyOptions } from "../opening/opening-options.ts";
import type { OptionTable } from "../options.ts";

/** Flags about what depends on sealing keys. */
export const dependenceOptions = {
  in: {
    kind: "list",
    value: "PATH,...",
    group: "files",
    summary: "with list, show and retire: files, folders and patterns to look at beside the cluster",
  },
  open: {
    kind: "switch",
    group: "seal",
    summary: "with list and show: open values with the keys, rather than believe what they say",
  },
  "private-key": {
    kind: "list",
    value: "PATH,...",
    group: "seal",
    summary: "with list, show and retire: private keys in the place of wrapped ones, as files or folders",
  },
  "recovery-private-key": keyOptions["recovery-private-key"],
  compromised: {
    kind: "switch",
    group: "seal",
    summary: "with retire: somebody else may have these keys",
  },
  "key-size": {
    kind: "text",
    value: "BITS",
    group: "seal",
    summary: "with new: length of the key; that of the key that seals when not given",
  },
  "key-ttl": {
    kind: "text",
    value: "DURATION",
    group: "seal",
    summary: "with new: validity of the certificate, as 8760h; that of the key that seals when not given",
  },
  "my-cn": {
    kind: "text",
    value: "NAME",
    group: "seal",
    summary: "with new: common name in the certificate; that of the key that seals when not given",
  },
  "key-prefix": {
    kind: "text",
    value: "PREFIX",
    group: "seal",
    summary: "with new: begin of the Secret's name, as the controller's option of that name",
  },
  force: {
    kind: "list",
    value: "FINGERPRINT,...",
    group: "seal",
    summary: "with retire: retire these keys whatever depends on them; whole fingerprints",
  },
} as const satisfies OptionTable;
