/* SPDX-License-Identifier: MIT */

/* Transports for tests of the connection. The test plays the worker. */

#ifndef FAKE_TRANSPORT_H
#define FAKE_TRANSPORT_H

#include "icd/transport/transport.h"
#include "protocol/encoder.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CALLS_MAX 16u

/* --- A transport without a file --- */

/* Both ends are in this process, and all bytes in memory. */
struct memory_transport {
   struct icd_transport base;
   pthread_mutex_t lock; /* protects the rest */
   pthread_cond_t changed;
   size_t segment;          /* a receive returns no more bytes than these */
   bool ended;              /* the worker has said its last */
   bool greeted;            /* the client's hello has come */
   bool closed;             /* not freed, so that the test can look */
   struct tongs_encoder in; /* from the client, what makes no whole op yet */
   struct tongs_encoder out;
   size_t out_at; /* what the client has received of it */
   struct {
      uint16_t op;
      uint32_t tag;
   } calls[CALLS_MAX]; /* that the client has sent */
   unsigned call_count;
   unsigned receivers_max; /* how many threads were in receive() at a time, at most */
   unsigned receivers;
};

/* An open transport whose receives return at most `segment` bytes each. */
void
memory_init(struct memory_transport *m, size_t segment);

void
memory_finish(struct memory_transport *m);

/* --- A transport that buffers --- */

/* As TLS does: the first receive empties the socket into a buffer. */
struct buffering_transport {
   struct icd_transport base;
   int fd;
   uint8_t bytes[4096];
   size_t at, size;
   unsigned hidden; /* how often bytes were returned while the socket was not readable */
};

/* A transport over a socket, which becomes the transport's. */
void
buffering_init(struct buffering_transport *b, int fd);

/* Whether the file has bytes, after at most `timeout_ms`. */
bool
is_readable(int fd, int timeout_ms);

#endif
