/* made by codegen/gen.py from tongs_gen_own.h.mako: do not edit. SPDX-License-Identifier: MIT */

/* Tongs' own ops, from protocol/own_ops.json: what they carry, and their codecs. A client encodes ids; what the
 * worker has decoded of a `target` or `handle` is the host's handle. Decoded strings and bytes lie in the op, lists in
 * the decoder's arena. A member whose condition does not hold is not written: zero a struct before it is decoded. */

#ifndef TONGS_GEN_OWN_H
#define TONGS_GEN_OWN_H

#include "protocol/own.h"

#include "tongs_gen_wire.h"

#include <stdint.h>

struct tongs_decoder;
struct tongs_encoder;

/* A part. */
struct tongs_own_part {
   /* its name */
   const char *name;
   /* its code */
   uint8_t code[TONGS_WHEELS];
};

/* A shelf. */
struct tongs_own_shelf {
   /* what lies on it */
   const struct tongs_own_part *parts;
   uint32_t parts_count;
};

/* --- tongsRecord --- */

/* Commands. */
struct tongs_args_tongsRecord {
   /* the command buffer */
   uint64_t command_buffer;
};

void
tongs_encode_tongsRecord(struct tongs_encoder *e, const struct tongs_args_tongsRecord *v);

void
tongs_decode_tongsRecord(struct tongs_decoder *d, struct tongs_args_tongsRecord *v);

/* --- tongsEverything --- */

/* One member of each type. */
struct tongs_args_tongsEverything {
   /* the device */
   uint64_t device;
   /* a buffer */
   uint64_t buffer;
   /* an id */
   uint64_t id;
   /* a few ids */
   const uint64_t *few;
   uint32_t few_count;
   /* ids */
   const uint64_t *many;
   uint32_t many_count;
   /* a number */
   uint32_t a;
   /* a number */
   uint64_t b;
   /* a number */
   int32_t c;
   /* bytes */
   const void *bytes;
   uint64_t bytes_size;
   /* a part */
   struct tongs_own_part part;
};

void
tongs_encode_tongsEverything(struct tongs_encoder *e, const struct tongs_args_tongsEverything *v);

void
tongs_decode_tongsEverything(struct tongs_decoder *d, struct tongs_args_tongsEverything *v);

struct tongs_reply_tongsEverything {
   /* the result */
   int32_t result;
   /* bytes */
   const void *bytes;
   uint64_t bytes_size;
   /* shelves */
   const struct tongs_own_shelf *shelves;
   uint32_t shelves_count;
};

void
tongs_encode_reply_tongsEverything(struct tongs_encoder *e,
                                   const struct tongs_reply_tongsEverything *v);

void
tongs_decode_reply_tongsEverything(struct tongs_decoder *d, struct tongs_reply_tongsEverything *v);

/* --- tongsNews --- */

/* News. */
struct tongs_args_tongsNews {
   /* the news */
   const char *text;
};

void
tongs_encode_tongsNews(struct tongs_encoder *e, const struct tongs_args_tongsNews *v);

void
tongs_decode_tongsNews(struct tongs_decoder *d, struct tongs_args_tongsNews *v);

/* --- tongsNothing --- */

/* Nothing there, nothing back. */

#endif
