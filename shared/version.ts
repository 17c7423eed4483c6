import packageFile from "../package.json" with { type: "json" };

// The build puts the number here, so that the bundle need not carry package.json.
declare const SIGNET_VERSION: string | undefined;

/** This product's version, such as "0.1.0", without a leading "v". */
export const version: string = typeof SIGNET_VERSION === "string" ? SIGNET_VERSION : packageFile.version;
