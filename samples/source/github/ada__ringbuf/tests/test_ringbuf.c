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

#include "../src/ringbuf.h"

#include <stdio.h>
#include <string.h>

static int failures;

#define CHECK(cond)                                                       \
	do {                                                              \
		if (!(cond)) {                                            \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, \
				#cond);                                   \
			failures++;                                       \
		}                                                         \
	} while (0)

static void test_capacity(void)
{
	struct ringbuf rb;

	CHECK(ringbuf_init(&rb, 0) == -1);
	CHECK(ringbuf_init(&rb, SIZE_MAX) == -1);
	CHECK(ringbuf_init(&rb, 100) == 0);
	CHECK(ringbuf_capacity(&rb) == 128);
	CHECK(ringbuf_space(&rb) == 128);
	ringbuf_free(&rb);
	CHECK(ringbuf_capacity(&rb) == 0);
}

static void test_wrap(void)
{
	struct ringbuf rb;
	char out[8];
	int i;

	CHECK(ringbuf_init(&rb, 8) == 0);
	for (i = 0; i < 100; i++) {
		CHECK(ringbuf_write(&rb, "abcde", 5) == 5);
		CHECK(ringbuf_read(&rb, out, 5) == 5);
		CHECK(memcmp(out, "abcde", 5) == 0);
	}
	CHECK(ringbuf_write(&rb, "0123456789", 10) == 8);
	CHECK(ringbuf_write(&rb, "x", 1) == 0);
	ringbuf_free(&rb);
}

static void test_lines_and_growth(void)
{
	struct ringbuf rb;
	char line[16];

	CHECK(ringbuf_init(&rb, 4) == 0);
	CHECK(ringbuf_write(&rb, "one", 3) == 3);
	CHECK(ringbuf_read_until(&rb, '\n', line, sizeof(line)) == 0);
	CHECK(ringbuf_grow(&rb) == 0);
	CHECK(ringbuf_write(&rb, "\ntwo\n", 5) == 5);
	CHECK(ringbuf_read_until(&rb, '\n', line, 3) == 0);
	CHECK(ringbuf_read_until(&rb, '\n', line, sizeof(line)) == 4);
	CHECK(memcmp(line, "one\n", 4) == 0);
	CHECK(ringbuf_used(&rb) == 4);
	ringbuf_free(&rb);
}

int main(void)
{
	test_capacity();
	test_wrap();
	test_lines_and_growth();
	if (failures == 0)
		puts("ok");
	return failures != 0;
}
