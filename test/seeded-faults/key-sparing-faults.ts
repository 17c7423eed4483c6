import type { Fault } from "./fault.ts";

const transitBinding = "shared/seal/transit-binding.ts";
const vaultUnsealerTest = "test/shared/seal/vault-unsealer.test.ts";
const transit = "shared/vault/transit.ts";
const transitTest = "test/shared/vault/transit.test.ts";

/** Faults in how key services are spared calls that one tenant could have made at the cost of others. */
export const keySparingFaults: readonly Fault[] = [
  {
    what: "whoever has Vault refuse a request has a key that others share proven anew",
    file: transitBinding,
    find: 'error.fault === "unusable") proofs.forget(name);',
    replace: 'error.fault !== "denied") proofs.forget(name);',
    test: vaultUnsealerTest,
  },
  {
    what: "Vault is sent more values at a time than it takes",
    file: transit,
    find: "items.length > MOST_VALUES || ",
    replace: "",
    test: transitTest,
  },
];
