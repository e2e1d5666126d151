/* SPDX-License-Identifier: MIT */

/* A table of Tongs' own ops, made from protocol/own_ops.json. Code that handles one op calls the
 * functions of tongs_gen_own.h instead. */

#ifndef TONGS_OWN_H
#define TONGS_OWN_H

#include <stdbool.h>
#include <stdint.h>

struct tongs_decoder;
struct tongs_encoder;

/* The numbers of Tongs' own ops are below this. */
#define TONGS_OWN_OPS 32

enum tongs_own_kind {
   TONGS_OWN_NONE,  /* the number is not used */
   TONGS_OWN_POST,  /* client to worker, without a reply */
   TONGS_OWN_CALL,  /* client to worker, with a reply */
   TONGS_OWN_EVENT, /* worker to client */
};

struct tongs_own_op {
   const char *name; /* "tongsHeapCreate" */
   uint8_t kind;     /* enum tongs_own_kind */
   bool brings_fd;
   bool reply_may_bring_fd;
   bool required;       /* a client refuses a worker without it */
   uint32_t args_size;  /* of struct tongs_args_*; 0: the op has no members, and no codec */
   uint32_t reply_size; /* the same of struct tongs_reply_* */
   void (*encode)(struct tongs_encoder *e, const void *args);
   void (*decode)(struct tongs_decoder *d, void *args);
   void (*encode_reply)(struct tongs_encoder *e, const void *reply);
   void (*decode_reply)(struct tongs_decoder *d, void *reply);
};

/* Indexed by op number. */
extern const struct tongs_own_op tongs_own_ops[TONGS_OWN_OPS];

#endif
