import type { VirtualMachine } from '#api/kinds.ts';
import { Card } from '../design/card.tsx';
import { Icon, type IconName } from '../design/icon.tsx';
import { useText } from '../i18n/use-text.ts';
import { mib } from '../quota/meters.ts';
import { networkFacts } from './addresses.ts';
import css from './facts-card.module.css';

/** How big the machine is, what it is connected to, and where it came from. */
export function FactsCard({ machine }: { machine: VirtualMachine }) {
  const { t, size, moment } = useText();
  const { metadata, spec, status } = machine;
  const { cpu, sockets = 1, memory } = spec.resources;
  const fact = (key: string, icon: IconName, label: string, value: string, more?: string) => (
    <div key={key} className={css.fact}>
      <dt>
        <Icon name={icon} />
        {label}
      </dt>
      <dd>
        {value}
        {more && <span className="quiet small"> {more}</span>}
      </dd>
    </div>
  );
  return (
    <Card title={t('facts.title')}>
      <dl className={css.facts}>
        {fact(
          'cpu',
          'chip',
          t('dimension.cpu'),
          t('size.cpu', { count: cpu }),
          sockets > 1 ? t('facts.sockets', { count: sockets }) : '',
        )}
        {fact('memory', 'memory', t('dimension.memoryMiB'), size(mib(memory)))}
        {spec.disks.map(({ name, size: amount, storage }) =>
          fact(`disk ${name}`, 'disk', t('facts.disk', { name }), size(mib(amount)), storage),
        )}
        {spec.networks?.map(({ name, bridge, vlan, mac, link }) =>
          fact(
            `network ${name}`,
            'network',
            t('facts.network', { name }),
            vlan === undefined ? bridge : t('facts.vlan', { bridge, vlan }),
            [...new Set([...networkFacts(machine, name), mac]), link === 'Down' ? t('facts.unplugged') : '']
              .filter(Boolean)
              .join(' · '),
          ),
        )}
        {status?.guest?.hostname && fact('guest', 'machine', t('facts.guest'), status.guest.hostname)}
        {spec.owner && fact('owner', 'person', t('facts.owner'), spec.owner)}
        {status?.cluster && fact('cluster', 'machine', t('facts.cluster'), status.cluster)}
        {metadata.creationTimestamp && fact('created', 'clock', t('facts.created'), moment(metadata.creationTimestamp))}
        {status?.lastStartedAt && fact('started', 'play', t('facts.started'), moment(status.lastStartedAt))}
      </dl>
    </Card>
  );
}
