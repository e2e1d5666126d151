/* SPDX-License-Identifier: MIT */
#ifndef CODECS_H
#define CODECS_H

struct tongs_decoder;
struct tongs_encoder;

/* A struct's codecs behind one type. NULL: it has none of this kind. */
struct codec {
   void (*encode)(struct tongs_encoder *e, const void *v);
   void (*decode)(struct tongs_decoder *d, void *v);
   void (*encode_shape)(struct tongs_encoder *e, const void *v);
   void (*decode_shape)(struct tongs_decoder *d, void *v);
   void (*decode_into)(struct tongs_decoder *d, void *v);
};

/* Indexed by TONGS_STRUCT_*. */
extern const struct codec codecs[];

#endif
