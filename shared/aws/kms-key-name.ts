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
