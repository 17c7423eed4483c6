import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KeyMaker } from "../../../controller/keys/key-maker.ts";
import { KeyRing } from "../../../controller/keys/key-ring.ts";
import { PrimaryGuard } from "../../../controller/keys/primary-guard.ts";
import { openLog } from "../../../controller/log.ts";
import type { SecretObject } from "../../../controller/reconcile/secret-object.ts";
import { fenced } from "../../../controller/runtime/fenced-client.ts";
import { NotLeadingError } from "../../../controller/runtime/term.ts";
import { KubeApiError, KubeUnreachableError } from "../../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject, KubeRequest } from "../../../shared/kube/client.ts";
import { apiErrorOfStatus } from "../../../shared/kube/status-answer.ts";
import { type IssuedKey, issueKey } from "../../../shared/seal/issue-certificate.node.ts";
import { successorName } from "../../../shared/seal/successor-name.node.ts";
import { KEY_LABEL } from "../../../shared/sealing-key-secret.ts";
import { PAIR_UID, pairSecret, sealingPair } from "../sealing-key.ts";
import { Actor, type Choose, everyRun } from "./interleaving.ts";
import { MemoryWrapping, noneWrapped } from "./memory-wrapping.ts";
import { TestLease, type TestTerm } from "./test-lease.ts";

const NOW = Date.UTC(2030, 5, 1);
const DAY = 86_400_000;
const log = openLog(
  { level: "ERROR", format: "text", infoToStdout: true },
  { out: () => undefined, err: () => undefined },
);
const former = await sealingPair(new Date(NOW - 40 * DAY));
const POOL: IssuedKey[] = await Promise.all(
  Array.from({ length: 12 }, (_, at) =>
    issueKey({ keyBits: 2048, commonName: "", ttlMs: DAY }, new Date(NOW + at * 1000)),
  ),
);
const NOBODY = { cluster: "c", predecessor: former.fingerprint, counter: 0 };

/** What a race begins with. */
type Scene = {
  /** Stands in the cluster from the beginning, and is due for renewal. */
  former: SecretObject | null;
  /** Has nothing to do with keys, or no more. */
  others?: SecretObject[];
  /** The same, and no leader knows of it yet. */
  unseen?: SecretObject[];
  clusterId: string | null;
  /** So many answers may get lost. */
  losses: number;
  /** The second leader has what stood there at the begin, and no more. */
  lagging?: boolean;
};

/** A cluster with a lease, key Secrets, and leaders who come one after the other while those before them go on. */
class Race {
  readonly lease = new TestLease();
  readonly secrets = new Map<string, SecretObject>();
  readonly actors: Actor[] = [];
  readonly rings: KeyRing[] = [];
  readonly #scene: Scene;
  readonly #leaders: number;
  readonly #choose: Choose;
  readonly #atBegin: SecretObject[];
  #losses: number;
  #issued = 0;

  constructor(scene: Scene, leaders: number, choose: Choose) {
    this.#scene = scene;
    this.#leaders = leaders;
    this.#choose = choose;
    this.#losses = scene.losses;
    this.#atBegin = [...(scene.former === null ? [] : [scene.former]), ...(scene.others ?? [])];
    for (const secret of [...this.#atBegin, ...(scene.unseen ?? [])])
      this.secrets.set(secret.metadata.name ?? "", secret);
  }

  get isFull(): boolean {
    return this.actors.length === this.#leaders;
  }

  /** Somebody takes the lease, and wants the key that is due. */
  async takeOver(): Promise<void> {
    const name = `leader ${this.actors.length + 1}`;
    const ring = new KeyRing("CertNotBefore", () => new Date(NOW), noneWrapped);
    this.rings.push(ring);
    const unseen = new Set(this.#scene.unseen);
    const seen = [...this.secrets.values()].filter((secret) => !unseen.has(secret));
    const known = this.#scene.lagging ? this.#atBegin : seen;
    for (const secret of known) if (secret.metadata.labels?.[KEY_LABEL] === "active") await ring.put(secret);
    const actor = new Actor(name, (me) => this.#lead(me, ring));
    this.actors.push(actor);
    await actor.still;
  }

  async #lead(me: Actor, ring: KeyRing): Promise<void> {
    const term: TestTerm = this.lease.begin(async (write) => {
      await me.pass("the Lease is written");
      write();
      await this.#answered(me, "of the Lease");
    });
    const maker = new KeyMaker({
      term,
      client: fenced(this.#client(me), term),
      log,
      now: () => new Date(NOW),
      ring,
      wrapping: new MemoryWrapping({ wraps: false }),
      wrappedKeys: { ...noneWrapped.keys, prove: () => assert.fail("nothing is wrapped") },
      request: { keyBits: 2048, commonName: "", ttlMs: DAY },
      requireBackup: false,
      style: { namespace: "kube-system", prefix: "key", labels: {}, annotations: {} },
      clusterId: () => this.#scene.clusterId,
      issue: async () => {
        if (!this.isFull) await me.pass("a key is made");
        return POOL[this.#issued++] ?? assert.fail("more keys than leaders");
      },
      take: async (secret) => void (await ring.put(secret)),
    });
    const isFormer = (key: KeyRing["newest"]) => key?.certificate.fingerprint === former.fingerprint;
    const due = () => ring.foremost === null || isFormer(ring.foremost) || maker.hasUnfinished;
    for (;;) {
      try {
        return await maker.make(due);
      } catch (error) {
        if (error instanceof NotLeadingError) return;
        const isPassing = error instanceof KubeApiError && error.status === 409;
        if (!isPassing && !(error instanceof KubeUnreachableError)) throw error;
      }
    }
  }

  #client(me: Actor): KubeClient {
    const request = async ({ method, path, body }: KubeRequest): Promise<KubeObject> => {
      await me.pass(`${method} is served`);
      const outcome = this.#serve(method, path, body as SecretObject);
      await this.#answered(me, `to ${method}`);
      if (typeof outcome !== "number") return outcome;
      throw apiErrorOfStatus(`${method} a Secret`, { metadata: {}, code: outcome });
    };
    const never = () => assert.fail("not asked for");
    return { server: "", namespace: null, request, raw: never, watch: never, close: async () => undefined };
  }

  #serve(method: string, path: string, body: SecretObject): SecretObject | number {
    if (method === "GET") return this.secrets.get(path.split("/").at(-1) ?? "") ?? 404;
    const name = body.metadata.name ?? assert.fail("no name");
    const standing = this.secrets.get(name);
    const { resourceVersion = "1" } = standing?.metadata ?? {};
    if (method === "POST" ? standing !== undefined : body.metadata.resourceVersion !== resourceVersion)
      return 409;
    const metadata = { ...body.metadata, uid: PAIR_UID, resourceVersion: `${Number(resourceVersion) + 1}` };
    this.secrets.set(name, { ...body, metadata });
    return { ...body, metadata };
  }

  async #answered(me: Actor, what: string): Promise<void> {
    // When nobody can take over any more, it does not matter when an answer comes.
    if (!this.isFull) await me.pass(`the answer ${what} comes`);
    if (this.#losses === 0 || this.#choose(2) === 0) return;
    this.#losses -= 1;
    throw new KubeUnreachableError("", "connection reset");
  }
}

/** Lets leaders take over and go on in the order chosen until nobody has anything left to do. */
async function race(scene: Scene, leaders: number, choose: Choose): Promise<Race> {
  const run = new Race(scene, leaders, choose);
  await run.takeOver();
  for (;;) {
    const ways = run.actors.filter((actor) => actor.isWaiting).map((actor) => () => actor.go());
    if (!run.isFull) ways.push(() => run.takeOver());
    const way = ways[ways.length > 1 ? choose(ways.length) : 0];
    if (way === undefined) break;
    await way();
  }
  await judge(run, scene);
  return run;
}

async function judge({ secrets, rings, lease }: Race, scene: Scene): Promise<void> {
  const names = new Set(
    [scene.former, ...(scene.others ?? []), ...(scene.unseen ?? [])].map((secret) => secret?.metadata.name),
  );
  const made = [...secrets.values()].filter(({ metadata }) => !names.has(metadata.name));
  const last = rings.at(-1) ?? assert.fail();
  const seals = last.primary ?? assert.fail();
  if (scene.former === promotedOne) {
    // What a leader left without its promotion, the next one lets be: each makes one key at most.
    assert.ok(made.length >= 1 && made.length <= rings.length, `${made.length} keys`);
    assert.ok(made.some(({ metadata }) => metadata.name === seals.secretName));
    assert.notEqual(seals.promotedAt, null);
  } else {
    assert.equal(made.length, 1, `one key, not ${made.map(({ metadata }) => metadata.name).join(" and ")}`);
    assert.equal(last.newest?.secretName, made[0]?.metadata.name, "the last leader uses it");
    assert.equal(seals.secretName, made[0]?.metadata.name, "it seals");
  }
  // Whoever leads next finds nothing unexpected.
  const guard = new PrimaryGuard(lease.begin());
  assert.equal(guard.judge(seals, new Date(NOW))?.kind, "renewal");
}

const due = pairSecret(former, "former");
const promotedOne = pairSecret(former, "former", {
  annotations: { "signet.dev/primary": `${new Date(NOW - 20 * DAY).toISOString()} ${PAIR_UID}` },
});
const nameAt = (counter: number, predecessor: string | null = former.fingerprint) =>
  successorName("key", { ...NOBODY, predecessor, counter });
const retired = pairSecret(former, nameAt(0), { labels: { [KEY_LABEL]: "compromised" } });
const spoilt: SecretObject = { ...pairSecret(former, nameAt(0)), data: { "tls.key": "AAAA" } };
const older = pairSecret(await sealingPair(new Date(NOW - 50 * DAY)), nameAt(0));
const strange = pairSecret(await sealingPair(new Date(NOW - 10 * DAY)), nameAt(0));
const plain: SecretObject = { metadata: { namespace: "kube-system", name: nameAt(1) }, type: "Opaque" };

const scenes: [name: string, scene: Scene][] = [
  ["a renewal", { former: due, clusterId: "c", losses: 1 }],
  [
    "a renewal, the second leader knowing nothing of the first",
    { former: due, clusterId: "c", losses: 1, lagging: true },
  ],
  ["a renewal where a promotion is in force", { former: promotedOne, clusterId: "c", losses: 1 }],
  [
    "a renewal where a promotion is in force, the second leader knowing nothing of the first",
    { former: promotedOne, clusterId: "c", losses: 1, lagging: true },
  ],
  [
    "a name under which somebody put a key of his own, where a promotion is in force",
    { former: promotedOne, unseen: [strange], clusterId: "c", losses: 0 },
  ],
  ["the very first key", { former: null, clusterId: "c", losses: 1 }],
  ["the very first key in a cluster of unknown identity", { former: null, clusterId: null, losses: 1 }],
  ["a renewal in a cluster of unknown identity", { former: due, clusterId: null, losses: 1 }],
  ["a name that a retired key has", { former: due, others: [retired], clusterId: "c", losses: 0 }],
  [
    "names that a spoilt key and something else have",
    { former: due, others: [spoilt, plain], clusterId: "c", losses: 0 },
  ],
  [
    "a name that an older key has",
    { former: due, others: [older], clusterId: "c", losses: 0, lagging: true },
  ],
];
for (const [name, scene] of scenes) {
  test(`two leaders, the first paused and going on at any point, answers lost, make one key: ${name}`, async (context) => {
    let met = 0;
    const runs = await everyRun(async (choose) => {
      const { actors } = await race(scene, 2, choose);
      met += actors.length === 2 ? 1 : 0;
    });
    context.diagnostic(`${runs} runs`);
    assert.ok(runs > 20 && met > 20, `only ${runs} runs`);
  });
}

test("three leaders and more losses make one key, in any order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...scenes.map(([, scene]) => scene)),
      fc.integer({ min: 0, max: 4 }),
      fc.infiniteStream(fc.nat(999)),
      async (scene, losses, stream) => {
        const choose: Choose = (options) => (stream.next().value ?? 0) % options;
        await race({ ...scene, losses }, 3, choose);
      },
    ),
    { numRuns: 100 },
  );
});
