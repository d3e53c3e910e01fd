/** Samples of one Fourier transform: 25 ms at 16 kHz. */
export const SIZE = 400;
const ROWS = 16;
const COLUMNS = SIZE / ROWS;

const cos = Float64Array.from({ length: SIZE }, (_, i) => Math.cos((2 * Math.PI * i) / SIZE));
const sin = Float64Array.from({ length: SIZE }, (_, i) => -Math.sin((2 * Math.PI * i) / SIZE));

/**
 * The discrete Fourier transform of 400 complex numbers, in two steps of 16 and 25 (Cooley and Tukey). One per user:
 * it holds its own scratch space.
 */
export class Fourier400 {
  readonly re = new Float64Array(SIZE);
  readonly im = new Float64Array(SIZE);
  readonly #re = new Float64Array(SIZE);
  readonly #im = new Float64Array(SIZE);

  /** Transforms `re` and `im` in place. */
  run(): void {
    for (let column = 0; column < COLUMNS; column++) for (let k = 0; k < ROWS; k++) this.#row(column, k);
    for (let k = 0; k < ROWS; k++) for (let j = 0; j < COLUMNS; j++) this.#column(k, j);
  }

  /** 16 numbers that lie 25 apart, turned by their column's share. */
  #row(column: number, k: number): void {
    const { re, im } = this;
    let a = 0;
    let b = 0;
    for (let n = 0; n < ROWS; n++) {
      const turn = (n * k * COLUMNS) % SIZE;
      const c = cos[turn]!;
      const s = sin[turn]!;
      const x = re[n * COLUMNS + column]!;
      const y = im[n * COLUMNS + column]!;
      a += x * c - y * s;
      b += x * s + y * c;
    }
    const turn = (column * k) % SIZE;
    this.#re[k * COLUMNS + column] = a * cos[turn]! - b * sin[turn]!;
    this.#im[k * COLUMNS + column] = a * sin[turn]! + b * cos[turn]!;
  }

  #column(k: number, j: number): void {
    let a = 0;
    let b = 0;
    for (let n = 0; n < COLUMNS; n++) {
      const turn = (n * j * ROWS) % SIZE;
      const x = this.#re[k * COLUMNS + n]!;
      const y = this.#im[k * COLUMNS + n]!;
      a += x * cos[turn]! - y * sin[turn]!;
      b += x * sin[turn]! + y * cos[turn]!;
    }
    this.re[k + ROWS * j] = a;
    this.im[k + ROWS * j] = b;
  }
}
