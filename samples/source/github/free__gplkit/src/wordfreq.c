/* wordfreq.c -- count the words of the standard input.
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

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct word
{
  char *text;
  unsigned long count;
};

static struct word **words;
static size_t n_words, room;

static void
die (const char *message)
{
  fprintf (stderr, "wordfreq: %s\n", message);
  exit (EXIT_FAILURE);
}

static struct word *
add_word (const char *text)
{
  struct word *w = malloc (sizeof *w);
  size_t len = strlen (text) + 1;

  if (w == NULL || (w->text = malloc (len)) == NULL)
    die ("memory exhausted");
  memcpy (w->text, text, len);
  w->count = 0;
  if (n_words == room)
    {
      room = room ? room * 2 : 64;
      words = realloc (words, room * sizeof *words);
      if (words == NULL)
	die ("memory exhausted");
    }
  words[n_words++] = w;
  return w;
}

/* The most frequent first, and then in the order of the alphabet.  */
static int
compare (const void *va, const void *vb)
{
  const struct word *a = *(struct word *const *) va;
  const struct word *b = *(struct word *const *) vb;

  if (a->count != b->count)
    return a->count < b->count ? 1 : -1;
  return strcmp (a->text, b->text);
}

int
main (void)
{
  struct strmap *map = strmap_new ();
  char buf[128];
  size_t len = 0;
  int c;

  if (map == NULL)
    die ("memory exhausted");
  do
    {
      c = getchar ();
      if (c != EOF && isalpha (c))
	{
	  /* The tail of an absurdly long word is dropped.  */
	  if (len < sizeof buf - 1)
	    buf[len++] = tolower (c);
	  continue;
	}
      if (len == 0)
	continue;
      buf[len] = '\0';
      len = 0;
      struct word *w = strmap_get (map, buf);
      if (w == NULL)
	{
	  w = add_word (buf);
	  if (strmap_put (map, buf, w, NULL) != 0)
	    die ("memory exhausted");
	}
      w->count++;
    }
  while (c != EOF);

  if (n_words != 0)
    qsort (words, n_words, sizeof *words, compare);
  for (size_t i = 0; i < n_words; i++)
    {
      printf ("%7lu %s\n", words[i]->count, words[i]->text);
      free (words[i]->text);
      free (words[i]);
    }
  free (words);
  strmap_free (map, NULL);
  return ferror (stdin) ? EXIT_FAILURE : EXIT_SUCCESS;
}
