import type { Bytes } from './bytes.ts';

// As much of FlatBuffers as records need. What does not fit throws a RangeError.

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A table of a buffer. Fields are named by their place in the schema, a union counting
 * as two: its type and its value. What is left out reads as zero, empty or nothing. */
export class Table {
  private constructor(
    private readonly view: DataView<ArrayBuffer>,
    private readonly at: number,
  ) {}

  /** The root, where the buffer is of that kind. */
  static root(bytes: Bytes, identifier: string): Table | undefined {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const kind = String.fromCharCode(...bytes.subarray(4, 8));
    return kind === identifier ? new Table(view, view.getUint32(0, true)) : undefined;
  }

  /** Where the field is; 0: it is left out. */
  private place(field: number): number {
    const fields = this.at - this.view.getInt32(this.at, true);
    const entry = 4 + 2 * field;
    if (entry + 2 > this.view.getUint16(fields, true)) return 0;
    const offset = this.view.getUint16(fields + entry, true);
    return offset === 0 ? 0 : this.at + offset;
  }
  private target(place: number): number {
    return place + this.view.getUint32(place, true);
  }
  private textAt(start: number): string {
    const length = this.view.getUint32(start, true);
    return utf8.decode(this.slice(start + 4, length));
  }
  private slice(start: number, length: number): Bytes {
    return new Uint8Array(this.view.buffer, this.view.byteOffset + start, length);
  }

  byte(field: number): number {
    const place = this.place(field);
    return place ? this.view.getUint8(place) : 0;
  }
  uint(field: number): number {
    const place = this.place(field);
    return place ? this.view.getUint32(place, true) : 0;
  }
  ulong(field: number): bigint {
    const place = this.place(field);
    return place ? this.view.getBigUint64(place, true) : 0n;
  }
  long(field: number): bigint {
    return BigInt.asIntN(64, this.ulong(field));
  }
  /** A struct of that many bytes; zeros where it is left out. */
  bytes(field: number, length: number): Bytes {
    const place = this.place(field);
    return place ? this.slice(place, length) : new Uint8Array(length);
  }
  text(field: number): string {
    const place = this.place(field);
    return place ? this.textAt(this.target(place)) : '';
  }
  texts(field: number): string[] {
    const place = this.place(field);
    if (!place) return [];
    const start = this.target(place);
    const texts: string[] = [];
    for (let i = 0; i < this.view.getUint32(start, true); ++i)
      texts.push(this.textAt(this.target(start + 4 + 4 * i)));
    return texts;
  }
  byteList(field: number): number[] {
    const place = this.place(field);
    if (!place) return [];
    const start = this.target(place);
    return [...this.slice(start + 4, this.view.getUint32(start, true))];
  }
  table(field: number): Table | undefined {
    const place = this.place(field);
    return place ? new Table(this.view, this.target(place)) : undefined;
  }
}
