import { KeyServiceError } from "../seal/key-service-error.ts";

/** A key as a person or a document names it, and the region that its name tells. */
export type KmsKeyName = {
  /** Key id, `alias/NAME`, key ARN or alias ARN. */
  text: string;
  /** Null where the name is no ARN: then the environment says the region. */
  region: string | null;
};

// Region and partition become part of a host name.
const ARN =
  /^arn:aws(?:-[a-z]+)*:kms:([a-z]{2,8}(?:-[a-z]+)+-\d{1,2}):\d{12}:(?:key|alias)\/[A-Za-z0-9/_-]{1,256}$/;
const PLAIN = /^(?:alias\/[A-Za-z0-9/_-]{1,250}|[A-Za-z0-9-]{1,128})$/;

/** @returns null for what is no name of a KMS key by its form. */
export function kmsKeyName(text: string): KmsKeyName | null {
  const region = ARN.exec(text)?.[1];
  if (region !== undefined) return { text, region };
  return PLAIN.test(text) ? { text, region: null } : null;
}

/**
 * The region that the keys of one call tell; null where none does.
 * @throws KeyServiceError when a name is none of a KMS key, or the keys lie in two regions.
 */
export function regionOfKeys(key: string, to?: string): string | null {
  const names = [key, ...(to === undefined ? [] : [to])].map(kmsKeyName);
  const regions = new Set<string>();
  for (const name of names) {
    // Not repeated, since it may be anything.
    if (name === null)
      throw new KeyServiceError(
        "misused",
        "AWS KMS: what is given as a key is none by its form",
        "name a key by its ARN, or by key id or alias/NAME in the default region",
      );
    if (name.region !== null) regions.add(name.region);
  }
  if (regions.size > 1)
    throw new KeyServiceError(
      "misused",
      `AWS KMS: ${key} and ${to} lie in two regions`,
      "KMS wraps anew within a region only: open the value and seal it under the other key",
    );
  const [region = null] = regions;
  return region;
}
