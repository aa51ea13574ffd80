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

import { layout } from "./layout.js";

/**
 * Keeps the children of an element laid out while its width changes. Each of
 * them must have a data-ratio attribute. Returns a function that stops it.
 * @param {HTMLElement} root
 */
export function observe(root, options = {}) {
  let lastWidth = -1;

  function apply(width) {
    // Changing the height may add a scroll bar, which changes the width again.
    if (Math.abs(width - lastWidth) < 1) return;
    lastWidth = width;
    const items = [...root.children].filter((el) => el.dataset.ratio);
    const boxes = layout(
      items.map((el) => Number(el.dataset.ratio)),
      { ...options, width },
    );
    let bottom = 0;
    items.forEach((el, i) => {
      const box = boxes[i];
      el.style.position = "absolute";
      el.style.transform = `translate(${box.x}px, ${box.y}px)`;
      el.style.width = `${box.width}px`;
      el.style.height = `${box.height}px`;
      bottom = Math.max(bottom, box.y + box.height);
    });
    root.style.position = "relative";
    root.style.height = `${bottom}px`;
  }

  const observer = new ResizeObserver((entries) => {
    for (const entry of entries) apply(entry.contentRect.width);
  });
  observer.observe(root);
  return () => observer.disconnect();
}
