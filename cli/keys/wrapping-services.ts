import { InputError } from "../../shared/errors.ts";
import { isPlainAddress } from "../../shared/kube/plain-address.ts";
import { transitKeyText } from "../../shared/seal/key-text.ts";
import { VaultKeyProofs } from "../../shared/seal/vault-key-proofs.ts";
import type { WrappingServices } from "../../shared/seal/wrapped-key.ts";
import { type WrappingKey, wrappingKeyText } from "../../shared/seal/wrapping-key.ts";
import type { Io } from "../io.ts";
import { allowedKmsKeys, allowedVaultKeys } from "../key-services/allowed-keys.ts";
import type { Connected } from "../key-services/connector.ts";
import { vaultAccess, vaultPlace } from "../key-services/vault-access.ts";
import type { Notices } from "../notices.ts";
import type { KeyServiceOptions } from "../options.ts";

/** AWS KMS and Vault under the rights of whoever runs this, for wrapping sealing keys; reached with the first use. */
export class UserWrappingServices {
  readonly #options: KeyServiceOptions;
  readonly #io: Io;
  readonly #notices: Notices;
  readonly #proofs = new VaultKeyProofs({ now: () => performance.now() });
  readonly #closings: (() => Promise<void> | void)[] = [];
  #kms: WrappingServices["kms"] = null;
  #transit: WrappingServices["transit"] = null;

  constructor(options: KeyServiceOptions, io: Io, notices: Notices) {
    this.#options = options;
    this.#io = io;
    this.#notices = notices;
  }

  /** The service that has a key. @throws UsageError, InputError, FileError when it is not said how to reach it. */
  async for({ service }: WrappingKey): Promise<WrappingServices> {
    if (service === "kms") this.#kms ??= this.#kept(await (await this.#connector()).kms());
    else this.#transit ??= this.#kept(await this.#connectVault());
    return { kms: this.#kms, transit: this.#transit, proofs: this.#proofs };
  }

  /**
   * Lets a key that a Secret names be used: credentials go to no key that whoever can write Secrets has chosen.
   * @param named the one that the user names on the command line.
   * @throws InputError when neither the user nor the lists of allowed keys name it.
   */
  requireAllowed(key: WrappingKey, namespace: string, named: WrappingKey | null): void {
    const spelled = wrappingKeyText(key);
    if (named !== null && wrappingKeyText(named) === spelled) return;
    const isKms = key.service === "kms";
    const allowed = isKms
      ? allowedKmsKeys(this.#options, this.#io)
      : allowedVaultKeys(this.#options, this.#io);
    const name = isKms ? key.key : transitKeyText(key.name);
    if (allowed.permits(name, namespace)) return;
    throw new InputError(
      `a sealing key is wrapped by ${spelled}, which is not allowed`,
      allowed.hintFor(name),
    );
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    for (const close of this.#closings.splice(0)) await close();
  }

  async #connectVault() {
    const place = vaultPlace(this.#options, this.#io);
    const access = vaultAccess(place, this.#options, this.#io);
    if (isPlainAddress(place.address))
      this.#notices.alert(`Vault is asked at ${place.address}: token and keys can be read on their way`);
    return (await this.#connector()).transit(access);
  }

  async #connector() {
    if (this.#io.keyServices !== undefined) return this.#io.keyServices;
    const { networkConnector } = await import("../key-services/network-connector.ts");
    return networkConnector(this.#io, this.#notices);
  }

  #kept<Api>({ api, close }: Connected<Api>): Api {
    this.#closings.push(close);
    return api;
  }
}
