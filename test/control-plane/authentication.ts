import { rename, writeFile } from 'node:fs/promises';

/** An OpenID provider whose ID tokens the API server is to take. */
export interface TrustedIssuer {
  url: string;
  /** Its authority, PEM. */
  ca: string;
  /** Client whose tokens count. */
  audience: string;
  usernameClaim: string;
  usernamePrefix: string;
  groupsClaim: string;
  groupsPrefix: string;
}

/**
 * Writes the file of `--authentication-config`, whole at any instant; a running API server takes it up by itself within
 * seconds. https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration
 */
export async function trustIssuers(file: string, issuers: readonly TrustedIssuer[]): Promise<void> {
  const configuration = {
    apiVersion: 'apiserver.config.k8s.io/v1beta1',
    kind: 'AuthenticationConfiguration',
    jwt: issuers.map(({ url, ca, audience, usernameClaim, usernamePrefix, groupsClaim, groupsPrefix }) => ({
      issuer: { url, certificateAuthority: ca, audiences: [audience] },
      claimMappings: {
        username: { claim: usernameClaim, prefix: usernamePrefix },
        groups: { claim: groupsClaim, prefix: groupsPrefix },
      },
    })),
  };
  await writeFile(`${file}.next`, JSON.stringify(configuration), { mode: 0o600 });
  await rename(`${file}.next`, file);
}
