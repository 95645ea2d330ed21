import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import packageJson from '../../package.json' with { type: 'json' };
import { chart, findHelm, type Helm, objectsOf, render, smallest, withPortal } from './helm.ts';

const cases = join(import.meta.dirname, 'cases');
// What stands in plain files is held against these files, below; goldens are for what the templates write.
const isPlain = (document: string) => /^# Source: berth\/templates\/(crds|plain)\.yaml/.test(document);

let helm: Helm;
beforeAll(async () => {
  helm = await findHelm();
});

interface Deployment {
  spec: { template: { spec: { containers: { args: string[] }[] } } };
}

const filesIn = (folder: string) => readdirSync(folder).map(file => join(folder, file));
const read = (...files: string[]) => files.flatMap(file => objectsOf(readFileSync(file, 'utf8')));
const nameOf = (object: { kind?: string; metadata: { name?: string } }) => `${object.kind}/${object.metadata.name}`;
const byName = (objects: ReturnType<typeof read>) => Object.fromEntries(objects.map(o => [nameOf(o), o]));

describe('the chart', () => {
  test('passes helm lint without a warning', async () => {
    expect(await helm('lint', chart, '--strict', '--set', 'image.repository=a/b')).toContain('0 chart(s) failed');
  });

  test('is of the version of the package', () => {
    const { version, appVersion } = parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8'));
    expect({ version, appVersion }).toEqual({ version: packageJson.version, appVersion: packageJson.version });
  });

  test.each(['defaults', 'everything', 'one-replica'])('renders %s as it did before', async name => {
    const values = parse(readFileSync(join(cases, `${name}.yaml`), 'utf8'));
    const text = await render(helm, values);
    const own = text.split(/^---\n/m).filter(document => !isPlain(document));
    await expect(own.join('---\n').replaceAll(/\n{2,}/g, '\n')).toMatchFileSnapshot(join(cases, `${name}.golden.yaml`));
    const objects = objectsOf(text);
    const names = objects.map(nameOf);
    expect(names.length, 'no object stands there twice').toBe(new Set(names).size);
    const deployments = objects.filter(({ kind }) => kind === 'Deployment') as never as Deployment[];
    const args = deployments.flatMap(({ spec }) => spec.template.spec.containers.flatMap(container => container.args));
    expect(
      args.filter(arg => typeof arg !== 'string'),
      'YAML may take a flag for a map',
    ).toEqual([]);
  });
});

describe('what the demo applies', () => {
  const rights = filesIn(join(chart, 'rbac')).filter(file => !file.endsWith('/namespace.yaml'));
  const plain = [...rights, ...filesIn(join(chart, 'policies')), ...filesIn(join(chart, 'admission'))];

  test('is what the chart installs: rights, roles, policies and webhook, to the word', async () => {
    const rendered = byName(objectsOf(await render(helm, withPortal)));
    for (const object of read(...plain)) expect(rendered[nameOf(object)], nameOf(object)).toEqual(object);
  });

  test('is all the rights that there are', async () => {
    const rendered = objectsOf(await render(helm, withPortal)).filter(({ kind = '' }) => /Role|ServiceAcc/.test(kind));
    expect(rendered.map(nameOf).sort()).toEqual(
      read(...rights)
        .map(nameOf)
        .sort(),
    );
  });

  test('goes to the namespace of the release, in every place where it is named', async () => {
    const values = { ...withPortal, networkPolicy: { enabled: true } };
    const text = await render(helm, values, '--namespace', 'machines');
    expect(text).not.toContain('berth-system');
    const namespaced = objectsOf(text).filter(({ kind = '' }) =>
      /^(Deployment|Service|ServiceAccount|Role|RoleBinding|PodDisruptionBudget|NetworkPolicy)$/.test(kind),
    );
    expect(new Set(namespaced.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['machines']));
    expect(byName(objectsOf(text))['ClusterRoleBinding/berth-operator']).toMatchObject({
      subjects: [{ name: 'berth-operator', namespace: 'machines' }],
    });
  });

  test('lets nobody impersonate where no portal runs', async () => {
    const text = await render(helm, smallest);
    expect(text).not.toContain('impersonate');
    expect(text).not.toContain('berth-portal');
  });

  test('grants nobody everything', async () => {
    for (const object of objectsOf(await render(helm, withPortal))) {
      const { rules = [] } = object as { rules?: { verbs?: string[]; resources?: string[] }[] };
      for (const { verbs = [], resources = [] } of rules)
        expect([...verbs, ...resources], nameOf(object)).not.toContain('*');
      expect(object, nameOf(object)).not.toMatchObject({ roleRef: { name: 'cluster-admin' } });
    }
  });
});

describe('the CRDs', () => {
  test('are those of crds/, and stay when the chart goes', async () => {
    const rendered = byName(objectsOf(await render(helm, smallest)));
    const kept = { 'helm.sh/resource-policy': 'keep' };
    for (const crd of read(...filesIn('crds'))) {
      expect(rendered[nameOf(crd)]).toEqual({ ...crd, metadata: { ...crd.metadata, annotations: kept } });
    }
  });

  test('can be left to somebody else', async () => {
    const objects = objectsOf(await render(helm, { ...smallest, crds: { install: false } }));
    expect(objects.filter(({ kind }) => kind === 'CustomResourceDefinition')).toEqual([]);
  });
});

describe('F151: the pods', () => {
  const withConsole = { ...smallest, console: { origin: 'https://console.example.org' } };

  test.each(['operator', 'console-proxy'])(
    'of the %s fit into a namespace with restricted Pod Security, with a root that is read-only',
    async name => {
      const deployment = byName(objectsOf(await render(helm, withConsole)))[`Deployment/berth-${name}`];
      expect(deployment).toMatchObject({
        spec: {
          template: {
            spec: {
              securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
              containers: [
                {
                  securityContext: {
                    allowPrivilegeEscalation: false,
                    readOnlyRootFilesystem: true,
                    capabilities: { drop: ['ALL'] },
                  },
                },
              ],
            },
          },
        },
      });
    },
  );

  test('of the console-proxy are there where consoles have an origin, and the operator tells people of it', async () => {
    const argsOf = (objects: ReturnType<typeof byName>, name: string) => {
      const found = objects[`Deployment/berth-${name}`] as never as Deployment | undefined;
      return found?.spec.template.spec.containers[0]?.args;
    };
    const without = byName(objectsOf(await render(helm, smallest)));
    expect(argsOf(without, 'console-proxy')).toBeUndefined();
    expect(argsOf(without, 'operator')?.join(' ')).not.toContain('console');
    const objects = byName(objectsOf(await render(helm, withConsole)));
    expect(argsOf(objects, 'console-proxy')).toContain('--origin=https://console.example.org');
    expect(argsOf(objects, 'operator')).toContain('--console-url=https://console.example.org');
    const { spec: service } = objects['Service/berth-console-proxy'] as never as { spec: { selector: object } };
    expect(objects['Deployment/berth-console-proxy']).toMatchObject({
      spec: { replicas: 2, template: { metadata: { labels: service.selector } } },
    });
  });

  test('are found by the Service of the webhook', async () => {
    const objects = byName(objectsOf(await render(helm, smallest)));
    const { spec: service } = objects['Service/berth-webhook'] as never as {
      spec: { selector: object; ports: object[] };
    };
    const deployment = objects['Deployment/berth-operator'];
    expect(deployment).toMatchObject({ spec: { template: { metadata: { labels: service.selector } } } });
    expect(service.ports).toMatchObject([{ targetPort: 9443 }]);
    expect(deployment).toMatchObject({
      spec: { template: { spec: { containers: [{ args: expect.arrayContaining(['--webhook-port=9443']) }] } } },
    });
  });
});

describe('the portal', () => {
  test('F151: runs as the operator does, restricted and with a root that is read-only', async () => {
    const objects = byName(objectsOf(await render(helm, withPortal)));
    const container = { securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false } };
    expect(objects['Deployment/berth-portal']).toMatchObject({
      spec: { template: { spec: { securityContext: { runAsNonRoot: true }, containers: [container] } } },
    });
  });

  test('has no Secret of Proxmox, and a token for the figures that opens nothing else', async () => {
    const text = JSON.stringify(byName(objectsOf(await render(helm, withPortal)))['Deployment/berth-portal']);
    expect(text).toContain('"audience":"berth-operator"');
    expect(text).not.toContain('proxmox');
  });
});

describe('helm refuses', () => {
  test.each<[what: string, values: object, words: string]>([
    ['a release without an image', {}, 'image.repository: name the image that you built'],
    ['a name that it does not know', { ...smallest, replicas: 3 }, "additional properties 'replicas' not allowed"],
    ['a name deep inside that it does not know', { operator: { loglevel: 'info' } }, "'loglevel' not allowed"],
    ['an image that is no name', { image: { repository: 'https://a/b' } }, "'/image/repository'"],
    ['a short digest', { image: { repository: 'a/b', digest: 'sha256:12' } }, "'/image/digest'"],
    ['a tag that is a number', { image: { repository: 'a/b', tag: 1 } }, 'got number, want string'],
    ['a portal without its address', { ...smallest, portal: { enabled: true } }, 'portal.publicUrl: the https URL'],
    ['a portal on plain http', { ...smallest, portal: { publicUrl: 'http://a.example' } }, "'/portal/publicUrl'"],
    [
      'names of Kubernetes for people',
      { portal: { oidc: { groupsPrefix: 'system:' } } },
      "'/portal/oidc/groupsPrefix'",
    ],
    [
      'to impersonate system:masters',
      { portal: { classicImpersonation: { groups: ['system:masters'] } } },
      "'/portal/classicImpersonation/groups/0'",
    ],
    ['a log level that there is not', { ...smallest, operator: { logLevel: 'trace' } }, "'/operator/logLevel'"],
    ['a fraction of a replica', { ...smallest, operator: { replicas: 1.5 } }, "'/operator/replicas'"],
    [
      'a port that there is not',
      { networkPolicy: { proxmox: { ports: [70_000] } } },
      "'/networkPolicy/proxmox/ports/0'",
    ],
    [
      'a host for a network',
      { networkPolicy: { proxmox: { cidrs: ['pve.example'] } } },
      "'/networkPolicy/proxmox/cidrs/0'",
    ],
  ])('%s', async (_, values, words) => {
    await expect(render(helm, values)).rejects.toThrow(words);
  });

  test('a Kubernetes that is too old', async () => {
    await expect(render(helm, smallest, '--kube-version', '1.31.0')).rejects.toThrow('>=1.32.0-0');
  });
});
