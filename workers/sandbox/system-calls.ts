import { endianness } from 'node:os';

/**
 * What no run asks of the kernel: its keyrings. No namespace parts them, so that whoever AutoLab was
 * started by would lend every run what a login put there, such as Kerberos tickets.
 */

/** add_key, request_key and keyctl have numbers in a row; by the audit names of machines, `linux/audit.h`. */
const FIRST = [
  [0xc000003e, 248], // x86-64
  [0x40000003, 286], // and its programs of 32 bits
  [0xc00000b7, 217], // 64-bit Arm
  [0x40000028, 309], // and its programs of 32 bits
  [0xc00000f3, 217], // RISC-V
  [0xc0000015, 269], // POWER
] as const;
/** From here on the same calls have other numbers (x32), or there are none. */
const OTHER_NUMBERS = 0x40000000;

type Instruction = readonly [code: number, then: number, otherwise: number, value: number];

const LOAD = 0x20;
const IF_EQUAL = 0x15;
const IF_AT_LEAST = 0x35;
const RETURN = 0x06;
/** Where `seccomp_data` has them. */
const NUMBER_AT = 0;
const MACHINE_AT = 4;
const ALLOW = 0x7fff0000;
/** ENOSYS, as of a kernel that was built without keyrings. */
const REFUSE = 0x00050000 | 38;

/** A seccomp filter, as bubblewrap takes one: classic BPF, in this machine's order of bytes. */
export function systemCallFilter(): Buffer {
  const program: readonly Instruction[] = [
    [LOAD, 0, 0, MACHINE_AT],
    ...FIRST.flatMap(([machine, first]): Instruction[] => [
      [IF_EQUAL, 0, 6, machine],
      [LOAD, 0, 0, NUMBER_AT],
      [IF_AT_LEAST, 2, 0, OTHER_NUMBERS],
      [IF_AT_LEAST, 2, 0, first + 3],
      [IF_AT_LEAST, 0, 1, first],
      [RETURN, 0, 0, REFUSE],
      [RETURN, 0, 0, ALLOW],
    ]),
    [RETURN, 0, 0, ALLOW],
  ];
  const bytes = new DataView(new ArrayBuffer(program.length * 8));
  const little = endianness() === 'LE';
  for (const [i, [code, then, otherwise, value]] of program.entries()) {
    bytes.setUint16(i * 8, code, little);
    bytes.setUint8(i * 8 + 2, then);
    bytes.setUint8(i * 8 + 3, otherwise);
    bytes.setUint32(i * 8 + 4, value, little);
  }
  return Buffer.from(bytes.buffer);
}
