import type { SopsUnwrapper, SopsWrapper, Unwrapped } from "../../shared/document/sops/key-services.ts";
import { type AgeIdentities, joinAgeIdentities } from "../../shared/document/sops/keys/age-identities.ts";
import type { KmsNamed, SopsKms } from "../../shared/document/sops/keys/kms-entry.ts";
import { MissingIdentityError } from "../../shared/document/sops/keys/missing-identity-error.ts";
import { sopsUnwrapper } from "../../shared/document/sops/keys/unwrapper.ts";
import type { SopsVault } from "../../shared/document/sops/keys/vault-entry.ts";
import { sopsWrapper } from "../../shared/document/sops/keys/wrapper.ts";
import type { SopsKeyEntry, SopsRecipient } from "../../shared/document/sops/metadata.ts";
import { FileError, SealError } from "../../shared/errors.ts";
import { saysPlace } from "../../shared/sops-sealed-secret/kms-place.ts";
import { askedOnce } from "../asked-once.ts";
import type { Io } from "../io.ts";
import type { UserKeyServices } from "../key-services/user-key-services.ts";
import type { SopsOpeningOptions } from "../options.ts";
import { type AllowedCallers, allowedCallers, type CallerKind } from "./allowed-callers.ts";
import { commandIdentities, IDENTITY_HINT, userIdentities } from "./identities.ts";

/** Whom the user wants a document encrypted for. */
export type NamedRecipients = {
  recipients: readonly SopsRecipient[];
  /** Roles and profiles that a project's file names are used only where they are allowed; those of the command line are the user's own. */
  by: "user" | "project-file";
};

/** Who says what stands in the pairs `signet-*` of a context: whoever compares them with the object's place before an entry is unwrapped, or nobody. */
export type PlacePairs = "compared" | "not-compared";

/**
 * What this user opens and encrypts SOPS documents with: age identities from where sops has them, AWS KMS and Vault under
 * the user's rights. Nothing is read, asked or loaded before an entry takes it. What a document names is used only where it
 * is allowed.
 */
export class UserSopsKeys {
  readonly #services: UserKeyServices;
  readonly #options: SopsOpeningOptions;
  readonly #io: Io;
  readonly #identities = askedOnce(() => userIdentities(this.#io));
  readonly #byCommand = new Map<string, () => Promise<AgeIdentities | null>>();
  readonly #callers = new Map<CallerKind, AllowedCallers>();

  constructor(services: UserKeyServices, options: SopsOpeningOptions, io: Io) {
    this.#services = services;
    this.#options = options;
    this.#io = io;
  }

  /**
   * @param namespace where the document stands, for patterns of keys with `{namespace}`; empty for none.
   * @param pairs `not-compared` has pairs `signet-*` allowed by name like all others.
   */
  unwrapper(namespace: string, pairs: PlacePairs): SopsUnwrapper {
    return {
      unwrap: async (entry, signal) => {
        try {
          return await this.#unwrap(entry, namespace, pairs, signal);
        } catch (error) {
          signal.throwIfAborted();
          // What keeps one entry from being tried, such as a Vault that is not named, another need not care about.
          if (error instanceof SealError) return { problem: error };
          throw error;
        }
      },
    };
  }

  /**
   * Wraps for the recipients that are named, and for others as far as they are allowed: a document names its own when it is
   * rotated, and who owns a key there reads all.
   */
  wrapper(namespace: string, named: NamedRecipients): SopsWrapper {
    return {
      wrap: async (recipient, share, signal) => {
        const kms = recipient.type === "kms" ? this.#kmsFor(namespace, named) : null;
        const vault = recipient.type === "hc_vault" ? this.#vaultFor(namespace, named) : null;
        return sopsWrapper({ kms, vault, now: () => this.#io.now() }).wrap(recipient, share, signal);
      },
    };
  }

  async #unwrap(
    entry: SopsKeyEntry,
    namespace: string,
    pairs: PlacePairs,
    signal: AbortSignal,
  ): Promise<Unwrapped> {
    if (entry.type === "age") return this.#unwrapAge(entry, signal);
    const kms = entry.type === "kms" ? this.#kms(namespace, pairs) : null;
    const vault = entry.type === "hc_vault" ? this.#vault(namespace) : null;
    return sopsUnwrapper({ age: null, kms, vault }).unwrap(entry, signal);
  }

  async #unwrapAge(entry: SopsKeyEntry & { type: "age" }, signal: AbortSignal): Promise<Unwrapped> {
    const identities = await this.identities();
    const first = await unwrapWith(identities, entry, signal);
    if (!("problem" in first) || !(first.problem instanceof MissingIdentityError)) return first;
    const more = await this.#commandIdentities(entry.recipient);
    return more === null ? first : unwrapWith(await joinAgeIdentities([more, identities]), entry, signal);
  }

  /** The identities at hand, but for those of a command. */
  identities(): Promise<AgeIdentities> {
    return this.#identities();
  }

  #commandIdentities(recipient: string): Promise<AgeIdentities | null> {
    const ask =
      this.#byCommand.get(recipient) ?? askedOnce(() => commandIdentities(recipient, this.#io), hasRun);
    this.#byCommand.set(recipient, ask);
    return ask();
  }

  #kms(namespace: string, pairs: PlacePairs): SopsKms {
    return {
      api: (caller) => this.#services.kmsAs(caller),
      permits: ({ kind, text }) => {
        if (kind === "key") return this.#services.allowed("kms").permits(text, namespace);
        if (kind === "context" && pairs === "compared" && saysPlace(text)) return true;
        return this.#allowed(kind).permits(text);
      },
      hintFor: ({ kind, text }) =>
        kind === "key" ? this.#services.allowed("kms").hintFor(text) : this.#allowed(kind).hintFor(text),
    };
  }

  #kmsFor(namespace: string, { recipients, by }: NamedRecipients): SopsKms {
    const named = new Set(
      recipients.flatMap((recipient) => (recipient.type === "kms" ? namedBy(recipient) : [])),
    );
    const kms = this.#kms(namespace, "compared");
    return {
      ...kms,
      permits: (one) => {
        const isOwn = by === "user" || one.kind === "key" || one.kind === "context";
        return (isOwn && named.has(textOf(one))) || kms.permits(one);
      },
    };
  }

  #vault(namespace: string): SopsVault {
    const { address } = this.#services.vaultPlace();
    const allowed = this.#services.allowed("vault");
    return {
      address,
      api: this.#services.transit(),
      permits: (key) => allowed.permits(key, namespace),
      hintFor: (key) => allowed.hintFor(key),
      addressHint: "if that Vault is yours, name it with --vault-addr, or VAULT_ADDR",
    };
  }

  #vaultFor(namespace: string, { recipients }: NamedRecipients): SopsVault {
    const vault = this.#vault(namespace);
    const named = new Set(
      recipients.flatMap((one) => (one.type === "hc_vault" ? [`${one.enginePath}/${one.keyName}`] : [])),
    );
    return { ...vault, permits: (key) => named.has(key) || vault.permits(key) };
  }

  #allowed(kind: CallerKind): AllowedCallers {
    const allowed = this.#callers.get(kind) ?? allowedCallers(kind, this.#options, this.#io);
    this.#callers.set(kind, allowed);
    return allowed;
  }
}

/** A command that failed may not the next time: a touch was missed. */
function hasRun(identities: AgeIdentities | null): boolean {
  return identities === null || !identities.problems.some((problem) => problem instanceof FileError);
}

function unwrapWith(identities: AgeIdentities, entry: SopsKeyEntry, signal: AbortSignal): Promise<Unwrapped> {
  const age = { identities, hint: IDENTITY_HINT };
  return sopsUnwrapper({ age, kms: null, vault: null }).unwrap(entry, signal);
}

/** All that a recipient of AWS KMS names. */
function namedBy({ arn, role, awsProfile, context }: SopsRecipient & { type: "kms" }): string[] {
  return [
    textOf({ kind: "key", text: arn }),
    textOf({ kind: "role", text: role }),
    textOf({ kind: "profile", text: awsProfile }),
    ...Object.entries(context).map(([name, value]) => textOf({ kind: "context", text: `${name}=${value}` })),
  ];
}

function textOf({ kind, text }: KmsNamed): string {
  return `${kind} ${text}`;
}
