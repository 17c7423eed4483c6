import { CallSlots } from "../../shared/call-slots.ts";
import { UsageError } from "../../shared/errors.ts";
import { certificateSealer } from "../../shared/seal/classic-sealer.node.ts";
import type { RemoteBackend } from "../../shared/seal/codec.ts";
import type { Sealer } from "../../shared/seal/sealer.ts";
import { findCertificate } from "../certificate-source.ts";
import type { FoundCertificate } from "../found-certificate.ts";
import type { Io } from "../io.ts";
import { UserKeyServices } from "../key-services/user-key-services.ts";
import { LazyController } from "../lazy-controller.ts";
import { type Notices, noticesOf } from "../notices.ts";
import { NO_KEYS, type OpeningKeys, readOpeningKeys } from "../opening-keys.ts";
import { nearestFile, PROJECT_FILE } from "../project/project-folders.ts";
import { controllerResealer } from "../reseal/controller-resealer.ts";
import { offlineResealer } from "../reseal/offline-resealer.ts";
import type { ResealMeans } from "../reseal/reseal-object.ts";
import type { ClassicResealer } from "../reseal/resealed-item.ts";
import { type TargetKey, targetKey } from "../reseal/target-key.ts";
import { dayInWords, readFoundCertificate, sealingCertificate } from "../sealing-certificate.ts";
import { shownText } from "../shown-text.ts";
import type { RenewSops } from "../sops-sealed-secret/renew-sops.ts";
import type { RotateOptions } from "./rotate-options.ts";
import type { RotatedCluster } from "./rotated-cluster.ts";

/** Whose values may be sealed anew. */
const BACKENDS = ["cluster", "kms", "vault", "sops"] as const;
type AskedBackend = (typeof BACKENDS)[number];

/** The controller works on so many requests of one peer at a time, and refuses more. */
const ROTATIONS_AT_A_TIME = 2;

/** What one run of `signet rotate` works with. */
export class RotationMeans {
  readonly #options: RotateOptions;
  readonly #io: Io;
  readonly #notices: Notices;
  readonly #keyServices: UserKeyServices;
  readonly #controller: LazyController;
  readonly #backends: ReadonlySet<AskedBackend>;
  #cluster: RotatedCluster | null = null;
  #target: Promise<{ key: TargetKey; sealer: Sealer }> | null = null;
  #newest: TargetKey | null = null;
  #classic: ClassicResealer | null = null;
  #renewSops: Promise<RenewSops> | null = null;
  #failure: { error: unknown } | null = null;

  /** @throws UsageError for flags that do not go together. */
  constructor(options: RotateOptions, io: Io) {
    this.#options = options;
    this.#io = io;
    this.#notices = noticesOf(io, { ...options, v: 0 });
    this.#backends = backendsOf(options);
    if (options.cert !== null && !this.opensHere) {
      throw new UsageError(
        "--cert says what to seal with, and nothing says what to open with",
        "give --private-key PATH, or --open; without --cert the controller does both",
      );
    }
    this.#keyServices = new UserKeyServices(options, io, this.#notices);
    this.#controller = new LazyController(options, io, this.#notices);
  }

  /** Whether values of the cluster's keys are opened on this machine, and not by the controller. */
  get opensHere(): boolean {
    const { open, "private-key": paths, "recovery-private-key": more } = this.#options;
    return open || paths.length > 0 || more.length > 0;
  }

  /** Reads the project file and the private keys. @throws SealError when they cannot be had. */
  async prepare(): Promise<void> {
    await this.#findCluster();
    if (!this.#backends.has("cluster")) return;
    const target = () => this.target();
    this.#classic = this.opensHere
      ? offlineResealer({
          keys: await this.#keys(),
          keyFlag: "--private-key",
          target,
          all: this.#options.all,
        })
      : this.#throughController();
  }

  /** What sealing the values of an object anew takes, SOPS documents apart. */
  get reseal(): ResealMeans {
    const services = (["kms", "vault"] as const).filter((service) => this.#backends.has(service));
    return {
      classic: this.#classic,
      keyServices: this.#keyServices,
      services: new Set<RemoteBackend>(services),
      keepsNewest: !this.#options.all,
    };
  }

  /** What writes SOPS documents anew, loaded with the first; null where that is not asked for. */
  get renewSops(): Promise<RenewSops> | null {
    if (!this.#backends.has("sops")) return null;
    this.#renewSops ??= import("../sops-sealed-secret/renew-sops.ts").then(({ sopsRenewer }) =>
      sopsRenewer(this.#keyServices, this.#options, this.#io, this.#notices),
    );
    return this.#renewSops;
  }

  /** The key that values are to lie under; null as long as none was asked for. */
  get newest(): TargetKey | null {
    return this.#newest;
  }

  /** Whether an error ends the run, since all other files would meet it, too. */
  endsRun(error: unknown): boolean {
    return this.#failure?.error === error;
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await this.#controller.close();
    await this.#keyServices.close();
  }

  /** The key that values are to lie under, found and shown once. @throws SealError when it cannot be had. */
  target(): Promise<{ key: TargetKey; sealer: Sealer }> {
    this.#target ??= this.#findTarget().catch((error: unknown) => {
      this.#failure = { error };
      throw error;
    });
    return this.#target;
  }

  async #findTarget(): Promise<{ key: TargetKey; sealer: Sealer }> {
    const options = { ...this.#options, v: 0 };
    const found = await this.#findCertificate();
    // An expired one seals no more; the controller goes by rules of its own.
    const certificate = this.opensHere
      ? sealingCertificate(found, options, this.#io, this.#notices)
      : readFoundCertificate(found);
    const { fingerprint, notAfter } = certificate;
    this.#io.stderr.write(
      `newest key: ${fingerprint}, valid until ${dayInWords(notAfter)}, from ${shownText(found.source)}\n`,
    );
    this.#newest = targetKey(certificate);
    return { key: this.#newest, sealer: certificateSealer(certificate) };
  }

  async #findCertificate(): Promise<FoundCertificate> {
    const { cert, open } = this.#options;
    if (cert !== null) return findCertificate({ ...this.#options, v: 0 }, this.#io);
    // What the controller seals it answers for by itself.
    if (this.opensHere && this.#cluster !== null) return this.#cluster.certificate(open);
    return (await this.#controller.open()).certificate();
  }

  async #findCluster(): Promise<void> {
    const { cert, "for-cluster": asked } = this.#options;
    if (asked.length === 0 && nearestFile(PROJECT_FILE, this.#io) === null) return;
    const { rotatedCluster } = await import("./rotated-cluster.ts");
    this.#cluster = rotatedCluster(asked, this.#options, this.#io, this.#notices);
    if (this.#cluster !== null || !this.opensHere || cert !== null) return;
    const { findProject } = await import("../project/project-file.ts");
    const names = [...(findProject(this.#io)?.clusters.keys() ?? [])];
    if (names.length === 0) return;
    throw new UsageError(
      `.signet.yaml has several clusters, and which one is meant is not said: ${names.join(", ")}`,
      "give --for-cluster NAME, or --cert with the certificate to seal with",
    );
  }

  /** Why a file is left, where a project says that it is for another cluster; else null. */
  whyNot(path: string): string | null {
    return this.#cluster?.whyNot(path) ?? null;
  }

  #throughController(): ClassicResealer {
    const slots = new CallSlots(ROTATIONS_AT_A_TIME);
    const { signal } = new AbortController();
    return controllerResealer({
      open: async () => {
        // The way to the controller is found once, and its certificate judged, before it is sent anything.
        await this.target();
        const client = await this.#controller.open();
        return { rotate: (object) => slots.run([], () => client.rotate(object), signal) };
      },
      newestKey: async () => (await this.target()).key,
      trustsHints: !this.#options.all,
    });
  }

  async #keys(): Promise<OpeningKeys> {
    const { open, "private-key": paths, "recovery-private-key": more } = this.#options;
    const given = [...paths, ...more];
    const read = given.length === 0 ? NO_KEYS : await readOpeningKeys(given, this.#io, false);
    const keys = open ? await this.#alsoOfCluster(read) : read;
    for (const fault of keys.passedOver) this.#notices.note(`note: ${fault}; passed over`);
    return keys;
  }

  async #alsoOfCluster(given: OpeningKeys): Promise<OpeningKeys> {
    const { keysOfCluster } = await import("./keys-of-cluster.ts");
    return keysOfCluster(this.#options, given, this.#io, this.#notices);
  }
}

function backendsOf({ only }: RotateOptions): ReadonlySet<AskedBackend> {
  const unknown = only.find((word) => !BACKENDS.some((backend) => backend === word));
  if (unknown !== undefined) {
    throw new UsageError(
      `invalid value ${JSON.stringify(unknown)} for --only`,
      "write --only cluster, kms, vault or sops, or several of them with commas",
    );
  }
  return new Set(BACKENDS.filter((backend) => only.length === 0 || only.includes(backend)));
}
