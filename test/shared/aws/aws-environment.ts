/**
 * Makes these the only variables about AWS and proxies in this process' environment, where the SDK looks; a test file has a
 * process of its own.
 */
export function useAwsEnvironment(variables: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) {
    if (/^AWS_|_PROXY$/i.test(name)) delete process.env[name];
  }
  const none = {
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
  };
  Object.assign(process.env, none, variables);
}
