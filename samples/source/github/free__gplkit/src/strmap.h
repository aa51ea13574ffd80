/* strmap.h -- a map from strings to pointers.
  Copyright (C) 2019, 2020 The gplkit authors

  This file is part of gplkit.

  gplkit is free software: you can redistribute it and/or modify it under
  the terms of the GNU General Public License as published by the Free
  Software Foundation, either version 3 of the License, or (at your
  option) any later version.

  gplkit is distributed in the hope that it will be useful, but WITHOUT
  ANY WARRANTY; without even the implied warranty of MERCHANTABILITY or
  FITNESS FOR A PARTICULAR PURPOSE.  See the GNU General Public License
  for more details.

  You should have received a copy of the GNU General Public License along
  with gplkit.  If not, see <https://www.gnu.org/licenses/>.  */

#ifndef GPLKIT_STRMAP_H
#define GPLKIT_STRMAP_H 1

#include <stddef.h>

struct strmap;

/* Create an empty map.  Return NULL if memory is exhausted.  */
struct strmap *strmap_new (void);

/* Free MAP.  If DISPOSE is not NULL, call it on each of the values.  */
void strmap_free (struct strmap *map, void (*dispose) (void *));

/* Set the value of KEY, which is copied, and return the old value or NULL
   through OLD unless OLD is NULL.  Return 0, or -1 for lack of memory.  */
int strmap_put (struct strmap *map, const char *key, void *value, void **old);

/* Return the value of KEY, or NULL.  */
void *strmap_get (const struct strmap *map, const char *key);

/* Remove KEY and return its value, or NULL.  */
void *strmap_remove (struct strmap *map, const char *key);

size_t strmap_count (const struct strmap *map);

#endif /* GPLKIT_STRMAP_H */
