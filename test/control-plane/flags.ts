/** Files in the control plane's folder; the servers run there, so the names are relative. */
export const files = {
  certificate: 'ca.crt',
  key: 'apiserver.key',
  serviceAccountKey: 'service-account.key',
  tokens: 'tokens.csv',
  kubeconfig: 'kubeconfig',
  authentication: 'authentication.json',
} as const;

// A socket in the folder needs no free port, and keeps other users of the machine out of the database. The path is
// relative because a socket's absolute path may have 107 bytes only.
const ETCD_SOCKET = 'unix://etcd.sock';

/** etcd without the fsync that a machine's crash calls for: the data are worth as little as the test. */
export const etcdFlags = (): string[] => [
  '--data-dir=etcd',
  `--listen-client-urls=${ETCD_SOCKET}`,
  '--listen-peer-urls=unix://etcd-peer.sock',
  '--advertise-client-urls=http://localhost:2379', // Wanted in this form; nobody dials it.
  '--unsafe-no-fsync',
];

/** kube-apiserver on a port of the loopback interface, with RBAC and everything else as it is by default. */
export const apiServerFlags = (port: number): string[] => [
  `--etcd-servers=${ETCD_SOCKET}`,
  '--bind-address=127.0.0.1',
  '--advertise-address=127.0.0.1', // Else a machine without a default route has none.
  '--endpoint-reconciler-type=none', // A loopback address is no valid endpoint.
  `--secure-port=${port}`,
  `--tls-cert-file=${files.certificate}`,
  `--tls-private-key-file=${files.key}`,
  `--token-auth-file=${files.tokens}`,
  `--authentication-config=${files.authentication}`, // It is read anew when it changes.
  '--authorization-mode=RBAC',
  '--service-cluster-ip-range=10.96.0.0/16',
  '--service-account-issuer=https://kubernetes.default.svc',
  `--service-account-key-file=${files.serviceAccountKey}`,
  `--service-account-signing-key-file=${files.serviceAccountKey}`,
];

const CONTROLLERS = [
  'namespace-controller',
  'garbage-collector-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
  'resourcequota-controller',
  'clusterrole-aggregation-controller',
  'root-ca-certificate-publisher-controller',
];

/** kube-controller-manager with the controllers that matter where no pod ever runs. */
export const controllerManagerFlags = (): string[] => [
  `--kubeconfig=${files.kubeconfig}`,
  `--controllers=${CONTROLLERS.join(',')}`,
  `--service-account-private-key-file=${files.serviceAccountKey}`,
  `--root-ca-file=${files.certificate}`,
  '--leader-elect=false',
  '--secure-port=0',
];
