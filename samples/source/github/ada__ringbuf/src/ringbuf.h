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
#ifndef RINGBUF_H
#define RINGBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A ring buffer of bytes whose capacity is a power of two.
 *
 * The two positions only ever grow; they are reduced modulo the capacity when
 * the storage is touched. The buffer is empty when they are equal, and full
 * when they differ by the capacity, so that no slot has to be left unused.
 */
struct ringbuf {
	uint8_t *data;
	size_t mask;  /* capacity - 1 */
	size_t head;  /* next byte to write */
	size_t tail;  /* next byte to read */
};

/* Returns 0, or -1 if there is no memory or if want is zero or too large. */
int ringbuf_init(struct ringbuf *rb, size_t want);
void ringbuf_free(struct ringbuf *rb);

size_t ringbuf_capacity(const struct ringbuf *rb);
size_t ringbuf_used(const struct ringbuf *rb);
size_t ringbuf_space(const struct ringbuf *rb);

/* Both copy as much as they can, and return the number of bytes copied. */
size_t ringbuf_write(struct ringbuf *rb, const void *src, size_t len);
size_t ringbuf_read(struct ringbuf *rb, void *dst, size_t len);

/* As ringbuf_read, but the bytes stay in the buffer. */
size_t ringbuf_peek(const struct ringbuf *rb, void *dst, size_t len);

/*
 * Reads up to and including the first occurrence of delim. Nothing is consumed
 * unless the delimiter is present and the whole of the record fits in dst.
 * Returns the length of the record, or 0.
 */
size_t ringbuf_read_until(struct ringbuf *rb, uint8_t delim, void *dst,
			  size_t len);

/* Doubles the capacity, keeping the contents. Returns 0 or -1. */
int ringbuf_grow(struct ringbuf *rb);

#endif /* RINGBUF_H */
