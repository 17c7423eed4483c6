import { randomBytes } from "node:crypto";
import { decodeText } from "../../shared/document/encoding.ts";
import { InputError, UsageError } from "../../shared/errors.ts";
import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { PodStreamClient } from "../../shared/kube/client.ts";
import { connect, controllerOf, requestTimeoutMs } from "../cluster.ts";
import { clusterIdentity } from "../cluster-identity.ts";
import { readInput } from "../input-files.ts";
import { objectsInCluster } from "../inventory/cluster.ts";
import type { ValueOpener } from "../inventory/openings.ts";
import type { Inventory } from "../inventory/sealed-object.ts";
import { objectsInTrees } from "../inventory/trees.ts";
import type { Io } from "../io.ts";
import { UserKeyServices } from "../key-services/user-key-services.ts";
import { readableKeys, say } from "../keys/connected-secrets.ts";
import { KeySecrets } from "../keys/key-secrets.ts";
import { privateKeys } from "../keys/private-keys.ts";
import { UserWrappingServices } from "../keys/wrapping-services.ts";
import { type Notices, noticesOf } from "../notices.ts";
import { readOpeningKeys } from "../opening-keys.ts";
import { userSopsOpener } from "../sops-sealed-secret/user-opening.ts";
import type { AuditOptions } from "./audit-options.ts";
import { certificatesIn } from "./certificates.ts";
import { type KeyRing, KeyRingBuilder } from "./key-ring.ts";
import { plaintextMarks } from "./plaintext-marks.ts";
import { publishedBegins } from "./published-begins.ts";

/** What one run of `signet audit` looks at things with. Nothing is connected before it is needed. */
export class AuditMeans {
  readonly #options: AuditOptions;
  readonly #io: Io;
  readonly #notices: Notices;
  readonly #keyServices: UserKeyServices;
  #client: Promise<PodStreamClient> | null = null;

  constructor(options: AuditOptions, io: Io) {
    this.#options = options;
    this.#io = io;
    this.#notices = noticesOf(io, { ...options, v: 0 });
    this.#keyServices = new UserKeyServices(options, io, this.#notices);
  }

  /** Whether values are opened. */
  get opens(): boolean {
    return this.#options.open || this.#keyFiles.length > 0;
  }

  /**
   * The SealedSecrets that stand now: in files, and in the cluster where no files are given, both are asked for, or a key
   * was stolen, unless the cluster is left out.
   */
  async present(paths: readonly string[]): Promise<Inventory> {
    const { namespace, compromised, "in-cluster": asked, "no-cluster": leavesOut } = this.#options;
    const inTrees = paths.length === 0 ? NOTHING : await objectsInTrees(paths, this.#io, namespace);
    const alsoCluster = asked || compromised !== null || paths.length === 0;
    if (leavesOut || !alsoCluster) return inTrees;
    const namespaces = namespace === null ? null : [namespace];
    const inCluster = await unlessForbidden(
      objectsInCluster(await this.#connected(), namespaces, this.#timeoutMs),
      "give -n NAMESPACE with one that you may read, or have somebody grant you to list sealedsecrets",
    );
    return {
      objects: [...inTrees.objects, ...inCluster.objects],
      problems: [...inTrees.problems, ...inCluster.problems],
    };
  }

  /** The keys that the cluster has, as far as that is told, and those at hand. @throws SealError when they cannot be read. */
  async ring(): Promise<KeyRing> {
    const builder = new KeyRingBuilder();
    const files = this.#keyFiles;
    const given = await readOpeningKeys(files, this.#io, false);
    for (const fault of given.passedOver) this.#notices.note(`note: ${fault}; passed over`);
    for (const path of this.#options.cert) this.#addCertificates(path, builder);
    if (this.#options.cert.length > 0) builder.isComplete = true;
    for (const path of files.filter((file) => this.#io.files.kindOf(file) === "file"))
      for (const certificate of this.#certificatesOf(path))
        builder.add(certificate, { source: path, standing: "given", label: null });
    if (this.#options.open) await this.#addCluster(builder, given.keys);
    else if (this.#client !== null && this.#options.compromised === null) {
      const { namespace } = controllerOf(this.#options);
      builder.begins = await publishedBegins(await this.#client, namespace, this.#timeoutMs);
    }
    for (const key of given.keys) builder.addOpening(key, given.sources.get(key.fingerprint) ?? "");
    return builder.ring();
  }

  /** What values are opened with. @param marks whether plaintexts are to be compared. */
  opener({ opening }: KeyRing, marks: boolean): ValueOpener {
    const { open, "duplicates-key": keyFile } = this.#options;
    const key = keyFile === null ? randomBytes(32) : this.#marksKey(keyFile);
    return {
      keys: opening,
      keyServices: open ? this.#keyServices : null,
      sops: open ? userSopsOpener(this.#keyServices, this.#options, this.#io) : null,
      ...(marks ? { markOf: plaintextMarks(key) } : {}),
    };
  }

  /** The cluster that values of key services are bound to. @throws SealError naming --cluster-id when nobody tells. */
  clusterId(): Promise<string> {
    return clusterIdentity(this.#options, this.#io);
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await this.#keyServices.close();
    await (await this.#client?.catch(() => null))?.close();
  }

  get #keyFiles(): string[] {
    return [...this.#options["private-key"], ...this.#options["recovery-private-key"]];
  }

  get #timeoutMs(): number | null {
    return requestTimeoutMs(this.#options["request-timeout"]);
  }

  #connected(): Promise<PodStreamClient> {
    this.#client ??= connect(this.#options, this.#io);
    return this.#client;
  }

  async #addCluster(builder: KeyRingBuilder, offline: Parameters<typeof privateKeys>[1]["offline"]) {
    const { namespace } = controllerOf(this.#options);
    const secrets = new KeySecrets(await this.#connected(), namespace, this.#timeoutMs);
    const warn = (problem: string) => say(this.#io, `warning: ${problem}`);
    const found = await unlessForbidden(
      secrets.all(),
      "whoever may read the sealing keys can do it, or give a backup of them with --private-key",
    );
    const keys = found.flatMap((secret) => readableKeys(secret, warn, { toWrite: false }));
    const services = new UserWrappingServices(this.#options, this.#io, this.#notices);
    try {
      const clusterId = () => this.clusterId();
      const { opening, without } = await privateKeys(keys, { services, clusterId, offline });
      for (const key of keys) {
        const standing = key.isInUse ? ("in use" as const) : ("taken out" as const);
        const source = `Secret ${key.namespace}/${key.name}`;
        builder.add(key.certificate, { source, standing, label: key.label });
        const own = opening.get(key);
        if (own !== undefined) builder.addOpening(own, source);
      }
      for (const { key, problem, next } of without)
        warn(`what sealing key ${key.name} opens is not known: ${problem} (${next})`);
    } finally {
      await services.close();
    }
    builder.isComplete = true;
  }

  #addCertificates(path: string, builder: KeyRingBuilder): void {
    const certificates = this.#certificatesOf(path);
    if (certificates.length === 0)
      throw new UsageError(
        `--cert: ${path} holds no sealing certificate`,
        "give PEM files, as signet --fetch-cert writes them",
      );
    for (const certificate of certificates)
      builder.add(certificate, { source: path, standing: "in use", label: null });
  }

  #certificatesOf(path: string) {
    return certificatesIn(decodeText(readInput(path, this.#io), path));
  }

  #marksKey(path: string): Uint8Array {
    const key = readInput(path, this.#io);
    if (key.length >= 32) return key;
    throw new UsageError(
      `--duplicates-key: ${path} holds less than 32 bytes`,
      "make a key with: openssl rand -out FILE 32, readable by you alone",
    );
  }
}

/** Who lacks a right is told what goes without it. */
async function unlessForbidden<Result>(work: Promise<Result>, hint: string): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof KubeApiError) || error.status !== 403) throw error;
    throw new InputError(error.message, hint, { cause: error });
  }
}

const NOTHING: Inventory = { objects: [], problems: [] };
