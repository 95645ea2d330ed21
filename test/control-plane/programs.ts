import { access, constants, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { run } from './command.ts';
import { type BuildContext, goBuild } from './go-build.ts';

const MODULE = import.meta.dirname;

/** The folder with etcd, kube-apiserver, kube-controller-manager and kubectl, compiled here at go.mod's versions. */
export async function buildControlPlane(context: BuildContext): Promise<string> {
  const links = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'];
  const ldflags = await versionFlags();
  return goBuild({ name: 'control-plane', module: MODULE, package: '.', ldflags, links }, context);
}

/** Kubernetes learns its own version from the linker; without one kubectl fails to parse it. */
async function versionFlags(): Promise<string[]> {
  const goMod = await readFile(join(MODULE, 'go.mod'), 'utf8');
  const [version, major, minor] = /\bk8s\.io\/kubernetes v(\d+)\.(\d+)\.\d+/.exec(goMod) ?? [];
  if (!version) throw new Error('test/control-plane/go.mod does not require k8s.io/kubernetes');
  const values = { gitVersion: version.split(' ')[1], gitMajor: major, gitMinor: minor };
  return Object.entries(values).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
}

/** Path of a kubectl: the first that works on PATH, else the one that is compiled with the control plane. */
export async function kubectlPath(context: BuildContext): Promise<string> {
  const { env, signal } = context;
  for (const folder of (env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const file = join(folder, 'kubectl');
    if (!(await isExecutable(file))) continue;
    const works = await run({ file, args: ['version', '--client'], env, signal }).catch(() => undefined);
    if (works !== undefined) return file;
  }
  return join(await buildControlPlane(context), 'kubectl');
}

/** True for a file that this user may run. */
export async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
