/** Size of a sector, and where the BIOS loads the first one. */
const SECTOR = 512;
const ORIGIN = 0x7c00;

/**
 * Prints the text behind it with the BIOS, then each key that is pressed:
 *
 *     xor ax, ax / mov ds, ax / cld / mov si, text
 *     next: lodsb / test al, al / jz keys / mov ah, 0eh / mov bx, 7 / int 10h / jmp next
 *     keys: xor ah, ah / int 16h / mov ah, 0eh / int 10h / cmp al, 0dh / jne keys
 *           mov al, 0ah / mov ah, 0eh / int 10h / jmp keys
 */
const PROGRAM = '31c08ed8fcbe0000 ac84c07409b40ebb0700cd10ebf2 30e4cd16b40ecd103c0d75f4b00ab40ecd10ebec';
const TEXT_ADDRESS_AT = 6;

/** A disk's first sector, for a machine that says what `text` says and echoes keys. The text is cut to fit. */
export function bootSector(text: string): Buffer {
  const program = Buffer.from(PROGRAM.replace(/\s/g, ''), 'hex');
  program.writeUInt16LE(ORIGIN + program.length, TEXT_ADDRESS_AT);
  const sector = Buffer.alloc(SECTOR);
  program.copy(sector);
  const room = SECTOR - program.length - 3;
  Buffer.from(text, 'ascii').copy(sector, program.length, 0, room);
  sector.writeUInt16LE(0xaa55, SECTOR - 2);
  return sector;
}
