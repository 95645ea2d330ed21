import { setFlagsFromString } from 'node:v8';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { PortalFlags } from '#portal/server/main.ts';
import { port } from './options.ts';

/** Parses a whole number within limits. */
const whole = (least: number, most: number) => (text: string) => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new InvalidArgumentError(`"${text}" is not a whole number from ${least} to ${most}.`);
};

/** `berth portal`: the web pages. */
export function portalCommand(): Command {
  return new Command('portal')
    .description('Run the portal: web pages that write the same resources as the person who is signed in.')
    .requiredOption('--public-url <url>', 'https URL of the portal as browsers see it')
    .requiredOption('--issuer <url>', 'OpenID provider')
    .requiredOption('--client-id <id>', 'id of the portal at the OpenID provider')
    .requiredOption('--session-keys-file <file>', '32 bytes of base64 a line; the first seals sessions, all open them')
    .option('--kubeconfig <file>', "kubeconfig to use; default: KUBECONFIG, ~/.kube/config, or the pod's own")
    .addOption(new Option('--port <port>', 'port to serve').default(8080).argParser(port))
    .option('--host <host>', 'address to serve it on', '0.0.0.0')
    .addOption(new Option('--probe-port <port>', 'port of /healthz and /readyz').default(8081).argParser(port))
    .option('--probe-host <host>', 'address to serve them on', '0.0.0.0')
    .option('--tls-cert-file <file>', 'certificate, PEM; without it a proxy must end TLS')
    .option('--tls-key-file <file>', 'its key, PEM')
    .option('--client-secret-file <file>', 'secret of the portal at the OpenID provider; default: a public client')
    .option('--issuer-ca-file <file>', 'authorities of the OpenID provider, PEM; default: the usual ones')
    .option('--scopes <scopes>', 'scopes to ask for', 'openid profile email')
    .option('--username-claim <claim>', 'claim with the name of a person', 'preferred_username')
    .option('--username-prefix <prefix>', 'put before that name', 'oidc:')
    .option('--groups-claim <claim>', 'claim with groups or roles', 'groups')
    .option('--groups-prefix <prefix>', 'put before each of them', 'oidc:')
    .addOption(
      new Option('--auth <how>', "act by impersonation, or with the person's own token")
        .choices(['impersonate', 'forward'])
        .default('impersonate'),
    )
    .addOption(
      new Option('--idle-minutes <n>', 'a session ends after so long without a request')
        .default(30)
        .argParser(whole(1, 1440)),
    )
    .addOption(
      new Option('--session-hours <n>', 'a session ends after so long in any case')
        .default(10)
        .argParser(whole(1, 168)),
    )
    .addOption(
      new Option('--trusted-hops <n>', 'proxies of yours before the portal, which write X-Forwarded-For')
        .default(0)
        .argParser(whole(0, 8)),
    )
    .option('--console-url <url>', 'https URL of the consoles as browsers see it')
    .option('--figures-url <url>', "http URL of the operator's figures")
    .option('--figures-token-file <file>', 'token for them')
    .option('--kubeconfig-server <url>', "address of the API server in people's kubeconfigs; without it there are none")
    .option('--kubeconfig-ca-file <file>', 'its authorities, PEM')
    .addOption(
      new Option(
        '--kubeconfig-login <how>',
        "sign in by a plugin of kubectl, or write the person's token into the file",
      )
        .choices(['plugin', 'token'])
        .default('plugin'),
    )
    .option('--pages <folder>', 'folder of the built pages; default: portal/web/dist')
    .addOption(
      new Option('--log-level <level>', 'what is logged').choices(['debug', 'info', 'warn', 'error']).default('info'),
    )
    .action(async (flags: PortalFlags) => {
      // A portal waits more than it computes: V8 is to save memory rather than time.
      setFlagsFromString('--optimize-for-size');
      const { runPortal } = await import('#portal/server/main.ts');
      process.exitCode = await runPortal(flags);
    });
}
