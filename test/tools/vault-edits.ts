import type { SourceEdit } from "./patched-module.ts";

// The published module is built against an unpublished state of its own sdk. These make it fit sdk v0.21.0.
/** What Vault 1.21.4 needs to build outside its own repository. */
export const vaultEdits: readonly SourceEdit[] = [
  {
    file: "vault/identity_store.go",
    find: "ActivationFunc: iStore.activateDeduplication,",
    replace:
      "ActivationFunc: func(ctx context.Context, req *logical.Request, _ string) error { return iStore.activateDeduplication(ctx, req) },",
  },
  {
    file: "vault/logical_system_activation_flags.go",
    find: "ActivationFunc(ctx, nil)",
    replace: 'ActivationFunc(ctx, nil, "")',
  },
  {
    file: "builtin/logical/transit/path_restore.go",
    find: "restoredKeyName, err := b.lm.RestorePolicy(",
    replace: "err := b.lm.RestorePolicy(",
  },
  {
    file: "builtin/logical/transit/path_restore.go",
    find: '"key_name": restoredKeyName,',
    replace: '"key_name": keyName,',
  },
];
