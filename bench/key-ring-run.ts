import { startControlPlane } from "../test/support/control-plane/control-plane.ts";
import { watchCluster } from "./cluster-watch.ts";
import { boundMs } from "./controller-run.ts";
import { type Corpus, keyOf, load, makeCorpus } from "./corpus.ts";
import { type FigureName, oneKey } from "./figures.ts";
import type { Measurement } from "./measurement.ts";
import type { BenchOptions } from "./options.ts";
import { reference, type Subject, signet } from "./subject.ts";

/** The reference opens some three a second. */
const mostObjects = 300;
const withoutLimits = ["--kubeclient-qps=-1"];

/**
 * Cold starts with many keys in the ring: what two years of renewals leave. Rates are from the first Secret to the last,
 * since over few objects the start itself would hide the difference.
 */
export async function runKeyRings(
  options: BenchOptions,
  progress: (what: string) => void,
): Promise<Measurement[]> {
  const objects = Math.min(options.objects, mostObjects);
  progress(`sealing ${objects} objects under ${options.keys} keys`);
  const { items, keyBits } = options;
  const single = await makeCorpus({ objects, items, keyBits, keys: 1 });
  const hinted = await makeCorpus({ objects, items, keyBits, keys: options.keys, hints: true });
  const plain = withoutHints(hinted);
  const runs: { subject: Subject; corpus: Corpus; figure: FigureName; as?: string }[] = [
    { subject: reference, corpus: plain, figure: "ring" },
    { subject: signet, corpus: plain, figure: "ring" },
    { subject: signet, corpus: single, figure: "ringHint", as: oneKey },
    { subject: signet, corpus: hinted, figure: "ringHint" },
  ];
  // Ours are quick, and their difference is small: there and back.
  const order = [...runs, ...runs.slice(1).toReversed()];
  const found: Measurement[] = [];
  for (const { subject, corpus, figure, as = subject.name } of order) {
    progress(`${as}: ${figure === "ring" ? "values without a hint" : "values with a hint"}`);
    found.push({ figure, subject: as, value: await rateOf(subject, corpus) });
  }
  return found;
}

/** Objects per second. */
async function rateOf(subject: Subject, corpus: Corpus): Promise<number> {
  const cluster = await startControlPlane();
  try {
    await subject.install(cluster);
    await load(cluster, corpus);
    const keys = corpus.sealedSecrets.map(keyOf);
    const watch = await watchCluster(cluster);
    const running = await subject.start(cluster, { flags: withoutLimits });
    try {
      const last = await watch.untilSecrets(keys, boundMs(keys.length));
      const first = keys.reduce((at, key) => Math.min(at, watch.secrets.get(key) ?? at), last);
      return ((keys.length - 1) / (last - first)) * 1000;
    } finally {
      watch.close();
      await running.stop();
    }
  } finally {
    await cluster.stop();
  }
}

function withoutHints(corpus: Corpus): Corpus {
  const sealedSecrets = corpus.sealedSecrets.map((object) => {
    const { annotations: _annotations, ...metadata } = object.metadata;
    return { ...object, metadata };
  });
  return { ...corpus, sealedSecrets };
}
