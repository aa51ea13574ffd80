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

/** @typedef {{x: number, y: number, width: number, height: number}} Box */

const DEFAULTS = { width: 960, targetHeight: 200, gap: 8, maxPerRow: 12 };

/**
 * The height at which pictures of the given total ratio fill a row.
 * @param {number} ratioSum
 * @param {number} count
 * @param {{width: number, gap: number}} opts
 */
export function rowHeight(ratioSum, count, opts) {
  return (opts.width - opts.gap * (count - 1)) / ratioSum;
}

/**
 * How bad a row is. A row that is too tall is as bad as one which is too low by
 * the same factor, and so the logarithm is taken.
 */
export function rowCost(height, target) {
  if (height <= 0) return Infinity;
  const off = Math.log(height / target);
  return off * off;
}

/**
 * Finds the breaks that minimise the total cost. Entry i of the result is the
 * index of the first picture of row i; the number of pictures comes last.
 * @param {number[]} ratios
 */
export function findBreaks(ratios, options = {}) {
  const opts = { ...DEFAULTS, ...options };
  const n = ratios.length;
  const best = new Array(n + 1).fill(Infinity);
  const from = new Array(n + 1).fill(0);
  best[0] = 0;

  for (let end = 1; end <= n; end++) {
    let sum = 0;
    const lowest = Math.max(0, end - opts.maxPerRow);
    for (let start = end - 1; start >= lowest; start--) {
      sum += ratios[start];
      const height = rowHeight(sum, end - start, opts);
      // The last row may be left short without any penalty.
      const short = end === n && height > opts.targetHeight;
      const cost = best[start] + (short ? 0 : rowCost(height, opts.targetHeight));
      if (cost < best[end]) {
        best[end] = cost;
        from[end] = start;
      }
    }
  }

  const breaks = [n];
  for (let at = n; at > 0; at = from[at]) breaks.push(from[at]);
  return breaks.reverse();
}

/**
 * Computes a box for each picture.
 * @param {number[]} ratios width divided by height
 * @returns {Box[]}
 */
export function layout(ratios, options = {}) {
  const opts = { ...DEFAULTS, ...options };
  if (ratios.some((r) => !(r > 0) || !Number.isFinite(r))) {
    throw new RangeError("every ratio must be a positive number");
  }
  if (ratios.length === 0) return [];
  const breaks = findBreaks(ratios, opts);
  const boxes = [];
  let y = 0;
  for (let row = 0; row + 1 < breaks.length; row++) {
    const slice = ratios.slice(breaks[row], breaks[row + 1]);
    const sum = slice.reduce((a, b) => a + b, 0);
    const isLast = row + 2 === breaks.length;
    let height = rowHeight(sum, slice.length, opts);
    if (isLast) height = Math.min(height, opts.targetHeight);
    let x = 0;
    for (const ratio of slice) {
      boxes.push({ x, y, width: ratio * height, height });
      x += ratio * height + opts.gap;
    }
    y += height + opts.gap;
  }
  return boxes;
}
