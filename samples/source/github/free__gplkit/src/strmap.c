/* strmap.c -- a map from strings to pointers.
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

#include "strmap.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Open addressing with linear probing.  A removal moves the entries which
   follow back into the gap, so that no tombstones are needed.  */

struct slot
{
  char *key;			/* NULL if the slot is free.  */
  uint32_t hash;
  void *value;
};

struct strmap
{
  struct slot *slots;
  size_t mask;
  size_t count;
};

/* The function of Fowler, Noll and Vo, variant 1a.  */
static uint32_t
hash_string (const char *s)
{
  uint32_t h = 2166136261u;

  for (; *s; s++)
    {
      h ^= (unsigned char) *s;
      h *= 16777619u;
    }
  return h;
}

struct strmap *
strmap_new (void)
{
  struct strmap *map = malloc (sizeof *map);

  if (map == NULL)
    return NULL;
  map->slots = calloc (8, sizeof *map->slots);
  if (map->slots == NULL)
    {
      free (map);
      return NULL;
    }
  map->mask = 7;
  map->count = 0;
  return map;
}

void
strmap_free (struct strmap *map, void (*dispose) (void *))
{
  if (map == NULL)
    return;
  for (size_t i = 0; i <= map->mask; i++)
    if (map->slots[i].key != NULL)
      {
	free (map->slots[i].key);
	if (dispose != NULL)
	  dispose (map->slots[i].value);
      }
  free (map->slots);
  free (map);
}

/* Return the index at which KEY is, or at which it would be put.  */
static size_t
find (const struct strmap *map, const char *key, uint32_t hash)
{
  size_t i = hash & map->mask;

  while (map->slots[i].key != NULL
	 && (map->slots[i].hash != hash
	     || strcmp (map->slots[i].key, key) != 0))
    i = (i + 1) & map->mask;
  return i;
}

static int
grow (struct strmap *map)
{
  size_t size = (map->mask + 1) * 2;
  struct slot *fresh = calloc (size, sizeof *fresh);

  if (fresh == NULL)
    return -1;
  for (size_t i = 0; i <= map->mask; i++)
    {
      struct slot s = map->slots[i];

      if (s.key == NULL)
	continue;
      size_t j = s.hash & (size - 1);
      while (fresh[j].key != NULL)
	j = (j + 1) & (size - 1);
      fresh[j] = s;
    }
  free (map->slots);
  map->slots = fresh;
  map->mask = size - 1;
  return 0;
}

int
strmap_put (struct strmap *map, const char *key, void *value, void **old)
{
  uint32_t hash = hash_string (key);
  size_t i = find (map, key, hash);

  if (old != NULL)
    *old = map->slots[i].key ? map->slots[i].value : NULL;
  if (map->slots[i].key != NULL)
    {
      map->slots[i].value = value;
      return 0;
    }
  /* Keep at least a quarter of the slots free.  */
  if ((map->count + 1) * 4 > (map->mask + 1) * 3)
    {
      if (grow (map) != 0)
	return -1;
      i = find (map, key, hash);
    }
  size_t len = strlen (key) + 1;
  char *copy = malloc (len);
  if (copy == NULL)
    return -1;
  memcpy (copy, key, len);
  map->slots[i] = (struct slot) { copy, hash, value };
  map->count++;
  return 0;
}

void *
strmap_get (const struct strmap *map, const char *key)
{
  size_t i = find (map, key, hash_string (key));

  return map->slots[i].key ? map->slots[i].value : NULL;
}

void *
strmap_remove (struct strmap *map, const char *key)
{
  size_t gap = find (map, key, hash_string (key));
  void *value;

  if (map->slots[gap].key == NULL)
    return NULL;
  value = map->slots[gap].value;
  free (map->slots[gap].key);
  map->slots[gap].key = NULL;
  map->count--;

  for (size_t i = (gap + 1) & map->mask; map->slots[i].key != NULL;
       i = (i + 1) & map->mask)
    {
      size_t home = map->slots[i].hash & map->mask;

      /* Leave the entry if its home lies after the gap, up to I.  */
      if (((i - home) & map->mask) < ((i - gap) & map->mask))
	continue;
      map->slots[gap] = map->slots[i];
      map->slots[i].key = NULL;
      gap = i;
    }
  return value;
}

size_t
strmap_count (const struct strmap *map)
{
  return map->count;
}
