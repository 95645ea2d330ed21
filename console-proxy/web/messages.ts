/** The languages of the console's pages. */
export type Language = 'en' | 'fr';

const en = {
  connecting: 'Connecting…',
  reconnecting: 'The connection was lost. Connecting again…',
  silent: 'Connected, but nothing comes from the machine. It may still be starting.',
  connected: 'Connected',
  viewOnly: 'View only',
  viewOnlyMode: 'You may look, but not type.',
  ctrlAltDel: 'Ctrl-Alt-Del',
  keys: 'Keys',
  keyboard: 'Keyboard',
  clipboard: 'Clipboard',
  clipboardShare: 'Share the clipboard with the machine',
  clipboardWhy: 'Off: nothing is read from the machine, and nothing is sent to it unless you press “Send”.',
  clipboardText: 'Text',
  send: 'Send',
  scale: 'Fit to window',
  fullScreen: 'Full screen',
  power: 'Power',
  Start: 'Start',
  Shutdown: 'Shut down',
  Stop: 'Stop at once',
  Restart: 'Restart',
  Reset: 'Reset',
  powerAsked: 'The portal asks you to confirm this in its own window.',
  disconnect: 'Disconnect',
  again: 'Connect again',
  language: 'Français',
  screenOf: 'Screen of',
  serialOf: 'Serial console of',
  newOne: 'Open a new console from the portal, or with “berth console”.',
  NotFound: 'There is no such console, or not any more.',
  Used: 'This console was opened already. Each can be opened once.',
  Expired: 'This console was not opened in time.',
  Ended: 'This console has ended.',
  Closed: 'The console was closed.',
  Idle: 'Nobody typed for a while, so the console was closed.',
  TimeLimit: 'The console was open for as long as is allowed.',
  Revoked: 'You may not see this console any more.',
  Unverified: 'Whether you may see this console could not be asked for a while, so it was closed.',
  MachineStopped: 'The machine is off. A console shows what a running machine shows: start it first.',
  MachineDeleted: 'The machine was deleted.',
  SessionDeleted: 'The console was ended by somebody who may do so.',
  Replaced: 'The console was opened in another window.',
  ProxmoxFailed: 'Proxmox VE closed the console, or did not open it.',
  Unreadable: 'The machine’s screen sent something that is no picture, so the console was closed.',
  NoCredentials: 'Berth has no way into the consoles of this Proxmox VE. An administrator has to give it one.',
  SerialUnsupported:
    'This Proxmox VE is too old for serial consoles by an API token: it takes version 9. The screen works all the same.',
  TooMany: 'You have as many consoles open as are allowed. Close one first.',
  Busy: 'Too many consoles are open here. Try again in a while.',
  Origin: 'This request comes from a page that may not open consoles.',
  Malformed: 'That was no request of a console.',
  Unavailable: 'Consoles cannot be opened at the moment. Try again in a while.',
  Draining: 'The console moves to another server.',
  Lost: 'The console was lost.',
  ProxyStopped: 'The console was stopped.',
  Refused: 'The console could not be opened.',
  Away: 'The connection was lost.',
};

/** Everything that the pages say. */
export type Messages = typeof en;

const fr: Messages = {
  connecting: 'Connexion…',
  reconnecting: 'La connexion a été perdue. Nouvelle tentative…',
  silent: 'Connecté, mais rien ne vient de la machine. Elle démarre peut-être encore.',
  connected: 'Connecté',
  viewOnly: 'Lecture seule',
  viewOnlyMode: 'Vous pouvez regarder, mais pas saisir.',
  ctrlAltDel: 'Ctrl-Alt-Suppr',
  keys: 'Touches',
  keyboard: 'Clavier',
  clipboard: 'Presse-papiers',
  clipboardShare: 'Partager le presse-papiers avec la machine',
  clipboardWhy: 'Désactivé : rien n’est lu de la machine, et rien ne lui est envoyé sans « Envoyer ».',
  clipboardText: 'Texte',
  send: 'Envoyer',
  scale: 'Ajuster à la fenêtre',
  fullScreen: 'Plein écran',
  power: 'Alimentation',
  Start: 'Démarrer',
  Shutdown: 'Arrêter',
  Stop: 'Arrêter de force',
  Restart: 'Redémarrer',
  Reset: 'Réinitialiser',
  powerAsked: 'Le portail vous demande de confirmer dans sa propre fenêtre.',
  disconnect: 'Déconnecter',
  again: 'Se reconnecter',
  language: 'English',
  screenOf: 'Écran de',
  serialOf: 'Console série de',
  newOne: 'Ouvrez une nouvelle console depuis le portail, ou avec « berth console ».',
  NotFound: 'Cette console n’existe pas, ou n’existe plus.',
  Used: 'Cette console a déjà été ouverte. Chacune ne s’ouvre qu’une fois.',
  Expired: 'Cette console n’a pas été ouverte à temps.',
  Ended: 'Cette console est terminée.',
  Closed: 'La console a été fermée.',
  Idle: 'Personne n’a rien saisi depuis un moment : la console a été fermée.',
  TimeLimit: 'La console est restée ouverte aussi longtemps que permis.',
  Revoked: 'Vous n’avez plus le droit de voir cette console.',
  Unverified: 'Vos droits n’ont pas pu être vérifiés depuis un moment : la console a été fermée.',
  MachineStopped: 'La machine est éteinte. Une console montre ce qu’une machine allumée affiche : démarrez-la d’abord.',
  MachineDeleted: 'La machine a été supprimée.',
  SessionDeleted: 'La console a été fermée par quelqu’un qui en a le droit.',
  Replaced: 'La console a été ouverte dans une autre fenêtre.',
  ProxmoxFailed: 'Proxmox VE a fermé la console, ou ne l’a pas ouverte.',
  Unreadable: 'L’écran de la machine a envoyé autre chose qu’une image : la console a été fermée.',
  NoCredentials: 'Berth n’a pas accès aux consoles de ce Proxmox VE. Un administrateur doit le lui donner.',
  SerialUnsupported:
    'Ce Proxmox VE est trop ancien pour une console série avec un jeton d’API : il faut la version 9. L’écran fonctionne.',
  TooMany: 'Vous avez autant de consoles ouvertes que permis. Fermez-en une d’abord.',
  Busy: 'Trop de consoles sont ouvertes ici. Réessayez dans un moment.',
  Origin: 'Cette demande vient d’une page qui ne peut pas ouvrir de console.',
  Malformed: 'Ce n’était pas une demande de console.',
  Unavailable: 'Les consoles ne peuvent pas être ouvertes pour le moment. Réessayez dans un moment.',
  Draining: 'La console passe sur un autre serveur.',
  Lost: 'La console a été perdue.',
  ProxyStopped: 'La console a été arrêtée.',
  Refused: 'La console n’a pas pu être ouverte.',
  Away: 'La connexion a été perdue.',
};

const all = { en, fr };
const key = 'language';

/** The language that was chosen here, or that of the browser. */
export function currentLanguage(): Language {
  const chosen = localStorage.getItem(key) ?? navigator.language;
  return chosen.toLowerCase().startsWith('fr') ? 'fr' : 'en';
}

/** Chooses the other language. */
export function switchLanguage(): void {
  localStorage.setItem(key, currentLanguage() === 'fr' ? 'en' : 'fr');
}

/** What the pages say in the current language. */
export const messages = (): Messages => all[currentLanguage()];

/** The sentence for a reason. */
export const sentenceFor = (reason: string): string => {
  const said: Record<string, string> = messages();
  return Object.hasOwn(said, reason) ? (said[reason] ?? '') : messages().Unavailable;
};
