import type { Topics } from './topics.ts';

const topics: Topics = [
  {
    name: 'start',
    title: 'A machine in a minute',
    text: `
Open **New machine**, pick what it is made from, pick a size, give it a name. Everything else is chosen for you.

1. The name becomes the machine's host name: lower-case letters, digits and hyphens.
2. On the right you see what the machine takes of your team's quota before you make it.
3. After **Create machine** you see each step as it happens: room in the quota, a place, the copy, the settings, the start.

What you fill in stays in this browser until the machine is made. You may close the page and come back.

Instead of a template you may pick an **ISO image**, where your administrator has approved one. The machine is then made empty and boots from the image; you install it in its console. Afterwards take the image out on the machine's page, under **CD-ROM drive**.

Under **More choices** are access (user and SSH keys), network, disks and storage. Leave them alone and the template's own settings are taken.
`,
  },
  {
    name: 'connect',
    title: 'Getting into a machine',
    text: `
### Console

**Open console** shows the machine's screen in a window of its own, as if you sat before it. It works without a network. The serial console is a plain terminal for systems that offer one. *View only* shows the screen and sends no key.

The console is off while a machine is stopped. Start it first.

### SSH and Remote Desktop

The **Connect** card shows the machine's addresses and a line to paste, as soon as the guest agent in the machine reports them. If it never does, install \`qemu-guest-agent\` in the machine, or use the console.
`,
  },
  {
    name: 'power',
    title: 'Start, stop, restart',
    text: `
- **Start** switches the machine on.
- **Shut down** asks the system inside to stop, and pulls the plug if it does not within its time limit.
- **Restart** shuts it down and starts it again.
- **Force stop** pulls the plug. What is not saved is lost. Use it where a shutdown hangs.
- **Reset** is the button on the front: the system inside is not asked.

What you choose here is what Berth keeps up: a machine that should run is started again when somebody stops it elsewhere.
`,
  },
  {
    name: 'snapshots',
    title: 'Snapshots',
    text: `
Use **Take a snapshot** on the machine's page before you change something that may go wrong. It keeps the disks as they are, and the memory too if you ask for it.

**Go back** takes the machine back to that moment: everything that was written to its disks since is lost. It is switched off for that, and starts again. Its size, name and network stay as they are now.

A snapshot is no backup: it is on the same storage as the machine, and goes with it. Delete it when you need it no more.
`,
  },
  {
    name: 'resize',
    title: 'More CPU, memory or disk',
    text: `
Use **Resize** on the machine's page. Disks can grow and never shrink. Growing a disk does not grow the file system in it: do that inside the machine.

Some changes take effect only after a restart. The page says so and offers it; nothing restarts by itself.
`,
  },
  {
    name: 'quota',
    title: 'Quota',
    text: `
Your team has a quota: machines, virtual CPUs, memory and disk space. The meters on the first page show what is taken. Machines that are off count, too, since their place is kept.

A machine that does not fit is refused with the figures: what was asked for, what is free, and the limit. Room is free again as soon as Proxmox has confirmed that a machine is gone, or has become smaller.

If a limit is too low, ask your administrator and name the figures.
`,
  },
  {
    name: 'delete',
    title: 'Deleting',
    text: `
Deleting destroys the machine and its disks. It cannot be undone, so you type its name first. A running machine is stopped.

The machine stays in your list as *Deleting* until Proxmox has confirmed that nothing of it is left. If Proxmox cannot be reached it stays, and Berth tries again.
`,
  },
  {
    name: 'kubectl',
    title: 'kubectl and Git',
    text: `
Every machine is a Kubernetes resource. **View YAML** on each page shows it; keep it in Git, or apply it yourself:

\`\`\`
kubectl apply -f machine.yaml
kubectl get vm
kubectl wait --for=condition=Ready vm/web-1
\`\`\`

The file for kubectl is on your **Profile** page. It gives you the same rights as this portal, no more and no less.
`,
  },
  {
    name: 'admin',
    title: 'For administrators',
    admin: true,
    text: `
- A *ProxmoxCluster* says how a Proxmox VE cluster is reached, and which nodes, storages, bridges and tags people may use.
- A *VmTemplate* offers a template of Proxmox to people.
- A team is a namespace. Its *VmQuota* named \`default\` holds its limits; role bindings say who may do what.
- \`berth tenant\` makes a namespace with its quota and bindings in one step.

The portal never acts with rights of its own: it writes as the person, so the API server's audit log names them.
`,
  },
];

export default topics;
