import { version } from "../../shared/version.ts";
import type { Io } from "../io.ts";
import type { Notices } from "../notices.ts";
import type { KeyServiceConnector } from "./connector.ts";

/** Reaches key services over the network; the client of each is loaded with its first use. */
export function networkConnector({ env }: Io, notices: Notices): KeyServiceConnector {
  return {
    async kms(caller) {
      const { connectKms } = await import("../../shared/aws/kms-client.ts");
      const api = connectKms({
        version,
        env,
        ...(caller === undefined ? {} : { caller }),
        onCredentials: (source) => notices.note(`AWS credentials from ${source}`),
        onPlainText: (host) =>
          notices.alert(`AWS is asked at http://${host}: data keys and values can be read on their way`),
        onWarning: (message) => notices.warn(message),
      });
      return { api, close: () => api.close() };
    },
    async transit({ address, namespace, ca, token }) {
      const { environmentProxy } = await import("../../shared/kube/environment-proxy.ts");
      const { connectVault } = await import("../../shared/vault/vault-client.ts");
      const { openVaultSession } = await import("../../shared/vault/vault-session.ts");
      const { connectTransit } = await import("../../shared/vault/transit.ts");
      const proxy = environmentProxy(address, env);
      const client = connectVault({ address, namespace: namespace || null, ca, caOption: CA_OPTION, proxy });
      const session = openVaultSession(client, { kind: "token", token });
      const close = async () => {
        await session.close();
        await client.close();
      };
      return { api: connectTransit(session), close };
    },
  };
}

const CA_OPTION = "--vault-ca-cert FILE (or VAULT_CACERT)";
