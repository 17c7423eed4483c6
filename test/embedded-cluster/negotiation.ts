import { ApiError } from "./api-status.ts";

/** What an answer holds: the object, or its metadata alone. */
export type Representation = "object" | "metadata";

interface AcceptClause {
  type: string;
  as: string;
  group: string;
}

function parseAccept(accept: string): AcceptClause[] {
  return accept.split(",").map((clause) => {
    const [type = "", ...parameters] = clause.split(";").map((part) => part.trim());
    const value = (name: string): string =>
      parameters.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
    return { type, as: value("as"), group: value("g") };
  });
}

const jsonTypes = ["application/json", "application/*", "*/*"];

const notAcceptable = (message: string): ApiError => new ApiError(406, "NotAcceptable", message);

/**
 * Chooses how to answer; the first clause that can be served counts. Tables, YAML and protobuf are not modelled.
 *
 * @param isList a list that is not watched: its metadata has a type of its own
 * @throws ApiError 406
 */
export function negotiate(accept: string | undefined, isList: boolean): Representation {
  if (accept === undefined || accept === "") return "object";
  for (const { type, as, group } of parseAccept(accept)) {
    if (!jsonTypes.includes(type)) continue;
    if (as === "") return "object";
    if (group !== "meta.k8s.io") continue;
    if (as === "PartialObjectMetadata") {
      if (isList)
        throw notAcceptable("you requested PartialObjectMetadata, but the requested object is a list");
      return "metadata";
    }
    if (as === "PartialObjectMetadataList") {
      if (!isList)
        throw notAcceptable(
          "you requested PartialObjectMetadataList, but the requested object is not a list",
        );
      return "metadata";
    }
  }
  throw notAcceptable("only the following media types are accepted: application/json");
}
