/*
 * Copyright 2023 Chidi Okafor
 *
 * Licensed under the Apache License, Version 2.0 (the "License");
 * you may not use this file except in compliance with the License.
 * You may obtain a copy of the License at
 *
 *     http://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS,
 * WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
 * See the License for the specific language governing permissions and
 * limitations under the License.
 */

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Entry<T> extends Size {
  readonly key: string;
  readonly value: T;
}

/** Thrown when a picture could not be measured. */
export class MeasureError extends Error {
  constructor(
    readonly key: string,
    reason: string,
  ) {
    super(`${key}: ${reason}`);
    this.name = "MeasureError";
  }
}

export function ratioOf(size: Size): number {
  return size.width / size.height;
}

/**
 * A cache of sizes which forgets the entry that has been unused for longest.
 * A Map keeps its keys in the order of insertion, so that it is enough to
 * delete an entry and insert it again whenever it is used.
 */
export class SizeCache<T> {
  private readonly entries = new Map<string, Entry<T>>();

  constructor(private readonly limit: number) {
    if (!Number.isInteger(limit) || limit < 1) {
      throw new RangeError("limit must be a positive integer");
    }
  }

  get size(): number {
    return this.entries.size;
  }

  get(key: string): Entry<T> | undefined {
    const entry = this.entries.get(key);
    if (entry !== undefined) {
      this.entries.delete(key);
      this.entries.set(key, entry);
    }
    return entry;
  }

  put(entry: Entry<T>): void {
    if (!(entry.width > 0 && entry.height > 0)) {
      throw new MeasureError(entry.key, `bad size ${entry.width}x${entry.height}`);
    }
    this.entries.delete(entry.key);
    this.entries.set(entry.key, entry);
    if (this.entries.size > this.limit) {
      const oldest = this.entries.keys().next().value as string;
      this.entries.delete(oldest);
    }
  }
}

/**
 * Measures many pictures, a few at a time, and returns their ratios in the
 * order in which they were given. A picture that fails is given the fallback.
 */
export async function measureAll(
  keys: readonly string[],
  measure: (key: string) => Promise<Size>,
  { parallel = 4, fallback = 1.5 }: { parallel?: number; fallback?: number } = {},
): Promise<number[]> {
  const ratios = new Array<number>(keys.length).fill(fallback);
  let next = 0;

  async function worker(): Promise<void> {
    while (next < keys.length) {
      const i = next++;
      try {
        const ratio = ratioOf(await measure(keys[i]));
        if (Number.isFinite(ratio) && ratio > 0) ratios[i] = ratio;
      } catch {
        // The fallback is already in place.
      }
    }
  }

  await Promise.all(Array.from({ length: Math.min(parallel, keys.length) }, worker));
  return ratios;
}
