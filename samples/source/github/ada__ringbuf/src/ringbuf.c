/*
 * Copyright (c) 2021, Ada Winterbourne
 * All rights reserved.
 *
 * Redistribution and use in source and binary forms, with or without
 * modification, are permitted under the terms of the BSD 3-Clause License.
 * See the LICENSE file at the root of this repository.
 *
 * SPDX-License-Identifier: BSD-3-Clause
 */

#include "ringbuf.h"

#include <stdlib.h>
#include <string.h>

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Rounds up to a power of two; returns 0 on overflow. */
static size_t round_up(size_t n)
{
	size_t p = 1;

	while (p < n) {
		if (p > SIZE_MAX / 2)
			return 0;
		p *= 2;
	}
	return p;
}

int ringbuf_init(struct ringbuf *rb, size_t want)
{
	size_t cap;

	memset(rb, 0, sizeof(*rb));
	if (want == 0)
		return -1;
	cap = round_up(want);
	if (cap == 0)
		return -1;
	rb->data = malloc(cap);
	if (!rb->data)
		return -1;
	rb->mask = cap - 1;
	return 0;
}

void ringbuf_free(struct ringbuf *rb)
{
	free(rb->data);
	memset(rb, 0, sizeof(*rb));
}

size_t ringbuf_capacity(const struct ringbuf *rb)
{
	return rb->data ? rb->mask + 1 : 0;
}

size_t ringbuf_used(const struct ringbuf *rb)
{
	/* Unsigned arithmetic gives the right answer after a wrap. */
	return rb->head - rb->tail;
}

size_t ringbuf_space(const struct ringbuf *rb)
{
	return ringbuf_capacity(rb) - ringbuf_used(rb);
}

size_t ringbuf_write(struct ringbuf *rb, const void *src, size_t len)
{
	const uint8_t *p = src;
	size_t at, first;

	len = min_size(len, ringbuf_space(rb));
	if (len == 0)
		return 0;
	at = rb->head & rb->mask;
	first = min_size(len, ringbuf_capacity(rb) - at);
	memcpy(rb->data + at, p, first);
	memcpy(rb->data, p + first, len - first);
	rb->head += len;
	return len;
}

size_t ringbuf_peek(const struct ringbuf *rb, void *dst, size_t len)
{
	uint8_t *p = dst;
	size_t at, first;

	len = min_size(len, ringbuf_used(rb));
	if (len == 0)
		return 0;
	at = rb->tail & rb->mask;
	first = min_size(len, ringbuf_capacity(rb) - at);
	memcpy(p, rb->data + at, first);
	memcpy(p + first, rb->data, len - first);
	return len;
}

size_t ringbuf_read(struct ringbuf *rb, void *dst, size_t len)
{
	len = ringbuf_peek(rb, dst, len);
	rb->tail += len;
	return len;
}

size_t ringbuf_read_until(struct ringbuf *rb, uint8_t delim, void *dst,
			  size_t len)
{
	size_t used = ringbuf_used(rb);
	size_t i;

	for (i = 0; i < used; i++) {
		if (rb->data[(rb->tail + i) & rb->mask] != delim)
			continue;
		if (i + 1 > len)
			return 0;
		return ringbuf_read(rb, dst, i + 1);
	}
	return 0;
}

int ringbuf_grow(struct ringbuf *rb)
{
	size_t cap = ringbuf_capacity(rb);
	size_t used = ringbuf_used(rb);
	uint8_t *bigger;

	if (cap == 0 || cap > SIZE_MAX / 2)
		return -1;
	bigger = malloc(cap * 2);
	if (!bigger)
		return -1;
	ringbuf_peek(rb, bigger, used);
	free(rb->data);
	rb->data = bigger;
	rb->mask = cap * 2 - 1;
	rb->tail = 0;
	rb->head = used;
	return 0;
}
