import type { Topics } from './topics.ts';

const topics: Topics = [
  {
    name: 'start',
    title: 'Une machine en une minute',
    text: `
Ouvrez **Nouvelle machine**, choisissez le modèle, la taille, puis un nom. Le reste est choisi pour vous.

1. Le nom devient le nom d'hôte de la machine : lettres minuscules, chiffres et traits d'union.
2. À droite, vous voyez ce que la machine prendra sur le quota de votre équipe avant de la créer.
3. Après **Créer la machine**, chaque étape s'affiche en direct : place dans le quota, emplacement, copie, réglages, démarrage.

Votre saisie reste dans ce navigateur jusqu'à la création de la machine. Vous pouvez fermer la page et revenir.

Au lieu d'un modèle, vous pouvez choisir une **image ISO**, si votre administrateur en a approuvé une. La machine est alors créée vide et démarre sur l'image ; vous l'installez dans sa console. Retirez ensuite l'image sur la page de la machine, sous **Lecteur de CD-ROM**.

Sous **Plus de choix** se trouvent l'accès (utilisateur et clés SSH), le réseau, les disques et le stockage. Sans choix de votre part, les réglages du modèle s'appliquent.
`,
  },
  {
    name: 'connect',
    title: 'Se connecter à une machine',
    text: `
### Console

**Ouvrir la console** montre l'écran de la machine dans sa propre fenêtre, comme si vous étiez devant. Elle fonctionne sans réseau. La console série est un simple terminal, pour les systèmes qui en ont un. *Lecture seule* montre l'écran sans envoyer de touche.

La console est fermée tant que la machine est arrêtée. Démarrez-la d'abord.

### SSH et Bureau à distance

La carte **Connexion** montre les adresses de la machine et une ligne à coller, dès que l'agent invité les annonce. S'il ne le fait jamais, installez \`qemu-guest-agent\` dans la machine ou utilisez la console.
`,
  },
  {
    name: 'power',
    title: 'Démarrer, éteindre, redémarrer',
    text: `
- **Démarrer** allume la machine.
- **Éteindre** demande au système de s'arrêter, et coupe le courant s'il ne l'a pas fait dans le délai.
- **Redémarrer** l'éteint puis la rallume.
- **Forcer l'arrêt** coupe le courant. Ce qui n'est pas enregistré est perdu. À utiliser si l'extinction se bloque.
- **Réinitialiser** est le bouton en façade : le système n'est pas consulté.

Berth maintient l'état choisi ici : une machine qui doit tourner est redémarrée si quelqu'un l'arrête ailleurs.
`,
  },
  {
    name: 'snapshots',
    title: 'Instantanés',
    text: `
Utilisez **Prendre un instantané** sur la page de la machine avant un changement risqué. Il garde les disques tels qu'ils sont, et la mémoire aussi si vous le demandez.

**Revenir** ramène la machine à ce moment : tout ce qui a été écrit sur ses disques depuis est perdu. Elle est éteinte pour cela, puis redémarre. Sa taille, son nom et son réseau restent ceux de maintenant.

Un instantané n'est pas une sauvegarde : il est sur le même stockage que la machine, et disparaît avec elle. Supprimez-le quand il ne sert plus.
`,
  },
  {
    name: 'resize',
    title: 'Plus de CPU, de mémoire ou de disque',
    text: `
Utilisez **Redimensionner** sur la page de la machine. Un disque peut grandir, jamais rétrécir. Agrandir un disque n'agrandit pas son système de fichiers : faites-le dans la machine.

Certains changements ne prennent effet qu'après un redémarrage. La page le dit et le propose ; rien ne redémarre tout seul.
`,
  },
  {
    name: 'quota',
    title: 'Quota',
    text: `
Votre équipe a un quota : machines, CPU virtuels, mémoire et espace disque. Les jauges de la première page montrent ce qui est pris. Les machines éteintes comptent aussi, car leur place est gardée.

Une machine qui ne tient pas est refusée avec les chiffres : ce qui était demandé, ce qui est libre, et la limite. La place se libère dès que Proxmox a confirmé qu'une machine a disparu ou rétréci.

Si une limite est trop basse, écrivez à votre administrateur en citant les chiffres.
`,
  },
  {
    name: 'delete',
    title: 'Supprimer',
    text: `
Supprimer détruit la machine et ses disques. C'est définitif : vous devez d'abord taper son nom. Une machine en marche est arrêtée.

La machine reste dans la liste, *en suppression*, jusqu'à ce que Proxmox ait confirmé qu'il n'en reste rien. Si Proxmox est injoignable, elle reste et Berth réessaie.
`,
  },
  {
    name: 'kubectl',
    title: 'kubectl et Git',
    text: `
Chaque machine est une ressource Kubernetes. **Voir le YAML** sur chaque page la montre ; gardez-la dans Git ou appliquez-la vous-même :

\`\`\`
kubectl apply -f machine.yaml
kubectl get vm
kubectl wait --for=condition=Ready vm/web-1
\`\`\`

Le fichier pour kubectl se trouve sur votre page **Profil**. Il donne les mêmes droits que ce portail, ni plus ni moins.
`,
  },
  {
    name: 'admin',
    title: 'Pour les administrateurs',
    admin: true,
    text: `
- Un *ProxmoxCluster* dit comment joindre un cluster Proxmox VE, et quels nœuds, stockages, ponts et étiquettes sont ouverts à tous.
- Un *VmTemplate* propose un modèle de Proxmox.
- Une équipe est un espace de noms. Son *VmQuota* nommé \`default\` porte ses limites ; les attributions de rôles disent qui peut quoi.
- \`berth tenant\` crée un espace de noms avec son quota et ses rôles en une fois.

Le portail n'agit jamais avec des droits propres : il écrit au nom de la personne, que le journal d'audit de l'API nomme.
`,
  },
];

export default topics;
