import { fromUtf8 } from "../../shared/bytes.ts";
import { toYaml } from "../../shared/document/to-yaml.ts";
import { InputError, SealError } from "../../shared/errors.ts";
import type { Io } from "../io.ts";
import { readStandardInput } from "../sealing.ts";
import { shownText } from "../shown-text.ts";
import { annotationsOf, hashMark, type Role, withAnnotations } from "./build-marks.ts";
import { inConfigWords } from "./config-words.ts";
import {
  CONFIG_API_VERSION,
  type FunctionConfig,
  readFunctionConfig,
  type SealedSecretGeneratorConfig,
} from "./function-config.ts";
import { scopeOfItem, sealedPlaceLeft } from "./renamed.ts";
import { type ListItem, readResourceList, writeResourceList } from "./resource-list.ts";

/**
 * Runs as a function of kustomize: a ResourceList on standard input, the answer on standard output.
 * @throws SealError when it cannot be done; nothing was printed then, and kustomize shows what standard error says.
 */
export async function runFunction(io: Io): Promise<void> {
  const input = fromUtf8(readStandardInput(io, "a ResourceList"));
  if (input === null) throw new InputError("standard input is no text in UTF-8", "run it by kustomize");
  const { items, functionConfig } = readResourceList(input);
  const config = readFunctionConfig(functionConfig);
  // A generator gets its own configuration as the one object; it is none of the build.
  const others = items.filter((item) => !isConfigItself(item, config));
  const role: Role = others.length === 0 && items.length > 0 ? "generator" : "transformer";
  try {
    io.stdout.write(writeResourceList(await answer(config, others, role, io)));
  } catch (error) {
    throw error instanceof SealError ? inConfigWords(error) : error;
  }
}

async function answer(
  config: FunctionConfig,
  items: readonly ListItem[],
  role: Role,
  io: Io,
): Promise<string[]> {
  const say = (line: string) => io.stderr.write(`${shownText(line)}\n`);
  switch (config.kind) {
    case "RenderSecrets": {
      const { renderFiles, renderItems } = await import("./render-secrets.ts");
      return role === "generator" ? renderFiles(config, io, say) : renderItems(config, items, io, say);
    }
    case "SealedSecretGenerator":
      return [...items.map(({ text }) => text), await generated(config, role, say, io)];
    case "CheckSealedSecrets":
      for (const item of items) requireNotRenamed(item);
      return items.map(({ text }) => text);
  }
}

async function generated(
  config: SealedSecretGeneratorConfig,
  role: Role,
  say: (line: string) => void,
  io: Io,
): Promise<string> {
  const { generateSealedSecret } = await import("./sealed-secret-generator.ts");
  const { sealedSecret, sealedNow } = await generateSealedSecret(config, [], io);
  if (sealedNow.length > 0 && config.sealedFile !== null) {
    say(
      `warning: ${config.where}: sealed anew with every build: ${sealedNow.join(", ")}; run signet-krm seal and commit ${config.sealedFile}`,
    );
  }
  if (!config.needsHash) return toYaml(sealedSecret);
  return toYaml(withAnnotations(sealedSecret, { ...annotationsOf(sealedSecret), ...hashMark(role) }));
}

function requireNotRenamed(item: ListItem): void {
  if (item.value["kind"] !== "SealedSecret") return;
  const scope = scopeOfItem(item);
  const left = sealedPlaceLeft(item, scope);
  if (left === null) return;
  throw new InputError(
    `${item.where} is sealed ${scope}, and kustomize renamed it: it was ${left.namespace}/${left.name}; no controller could open it`,
    "seal it for the name and namespace that the build ends with, or namespace-wide",
  );
}

function isConfigItself({ value }: ListItem, { kind }: FunctionConfig): boolean {
  const isLocal = annotationsOf(value)["config.kubernetes.io/local-config"] === "true";
  return isLocal && value["apiVersion"] === CONFIG_API_VERSION && value["kind"] === kind;
}
