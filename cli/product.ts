import { type DocumentFormat, writeDocuments } from "../shared/document/write-documents.ts";

/** The text of one product in a format, without a marker before it. */
export type WriteProduct = (format: DocumentFormat) => string;

/** An object, and how it is written where that is not as all objects are. */
export type Product = { object: object; write?: WriteProduct | undefined };

/** Products one after another, as `writeDocuments` does. */
export function writtenProducts(products: readonly Product[], format: DocumentFormat): string {
  return products
    .map(({ object, write }) => {
      if (write === undefined) return writeDocuments([object], format);
      return format === "json" ? write(format) : `---\n${write(format)}`;
    })
    .join("");
}
