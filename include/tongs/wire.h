/* SPDX-License-Identifier: MIT */

/* The constants of the wire protocol that another implementation needs in addition to docs/wire.md
 * and protocol/ops.txt. */

#ifndef TONGS_WIRE_H
#define TONGS_WIRE_H

#include <stdint.h>

/* --- The handshake: the first message each way --- */

#define TONGS_HELLO_MAGIC UINT32_C(0x53474e54) /* "TNGS" */

/* Client and worker must have the same major version. The minor version only grows. */
#define TONGS_PROTOCOL_MAJOR 1
#define TONGS_PROTOCOL_MINOR 0

/* The size of the fixed part of a hello, and the largest size of a whole hello, in bytes. */
#define TONGS_HELLO_SIZE 48u
#define TONGS_HELLO_SIZE_MAX (64u * 1024)

/* How long each side waits for the other side's hello, in milliseconds. */
#define TONGS_HELLO_TIMEOUT 5000

/* --- Ops --- */

/* The header of every op, 8 bytes, little-endian, 8-byte aligned in the stream. */
struct tongs_op_header {
   uint16_t op;    /* TONGS_OP_*, from protocol/ops.txt */
   uint16_t flags; /* TONGS_OP_FLAG_* */
   uint32_t size;  /* of the whole op with this header, a multiple of 8 */
};

/* Worker to client: the op is the reply to the call whose tag follows the header. */
#define TONGS_OP_FLAG_REPLY UINT16_C(1)
/* Client to worker: the op is a call. A tag follows its header, and the worker replies. */
#define TONGS_OP_FLAG_CALL UINT16_C(2)
/* The next file descriptor of the socket belongs to this op. */
#define TONGS_OP_FLAG_FD UINT16_C(4)
/* Worker to client: the op is an event, which answers no call. A client skips events that it does
 * not know. */
#define TONGS_OP_FLAG_EVENT UINT16_C(8)

#define TONGS_OP_SIZE_MIN 8u
/* The largest op, in bytes. The sender splits larger transfers. */
#define TONGS_OP_SIZE_MAX (256u * 1024 * 1024)

#endif
