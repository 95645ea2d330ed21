import { join } from 'node:path';
import { type BuildContext, goBuild } from '#test/control-plane/go-build.ts';

const PACKAGES = { helm: 'helm.sh/helm/v4/cmd/helm', kind: 'sigs.k8s.io/kind' } as const;

/** Path of the tool, compiled from this folder's go.mod the first time it is asked for. */
export async function toolPath(name: keyof typeof PACKAGES, context: BuildContext): Promise<string> {
  const folder = await goBuild({ name, module: import.meta.dirname, package: PACKAGES[name] }, context);
  return join(folder, name);
}
