import type { FunctionTable } from "../function-table.ts";
import { sprigFunctions } from "./sprig.ts";

/** Functions that stand in a module of their own (certificates.ts), which takes long to load. */
const CERTIFICATE_FUNCTIONS =
  /\b(?:genPrivateKey|buildCustomCert|genCA|genCAWithKey|genSelfSignedCert|genSelfSignedCertWithKey|genSignedCert|genSignedCertWithKey)\b/;

/**
 * The functions that templates may call: the 208 that kubeseal 0.40 offers. Those on keys and certificates are loaded
 * only where a template names one of them, and are looked at even when they are not allowed, to say so.
 * @param sources of all templates that are to be rendered with them; null counts for nothing
 */
export async function functionsFor(sources: Iterable<string | null>): Promise<FunctionTable> {
  for (const source of sources) {
    if (source !== null && CERTIFICATE_FUNCTIONS.test(source)) return allFunctions();
  }
  return sprigFunctions;
}

async function allFunctions(): Promise<FunctionTable> {
  const { certificateFunctions } = await import("./certificates.ts");
  return new Map([...sprigFunctions, ...certificateFunctions]);
}
