/* SPDX-License-Identifier: MIT */
#ifndef TONGS_FRAME_H
#define TONGS_FRAME_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The header of every op, 8 bytes, little-endian, 8-byte aligned in the stream. */
struct tongs_op_header {
   uint16_t op;    /* TONGS_OP_*, from protocol/ops.txt */
   uint16_t flags; /* TONGS_OP_FLAG_* */
   uint32_t size;  /* of the whole op with this header, a multiple of 8 */
};

/* Worker to guest: the reply to the call of the tag that follows the header. */
#define TONGS_OP_FLAG_REPLY UINT16_C(1)
/* Guest to worker: the op carries a tag and wants a reply. */
#define TONGS_OP_FLAG_CALL UINT16_C(2)
/* The next file descriptor of the socket belongs to this op. */
#define TONGS_OP_FLAG_FD UINT16_C(4)

#define TONGS_OP_SIZE_MIN 8u
/* The largest op, bytes. Larger transfers are cut by those who make them. */
#define TONGS_OP_SIZE_MAX (256u * 1024 * 1024)

static inline struct tongs_op_header
tongs_op_header_read(const void *p)
{
   struct tongs_op_header header;
   memcpy(&header, p, sizeof(header));
   return header;
}

#endif
