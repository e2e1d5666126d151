/* SPDX-License-Identifier: MIT */
#ifndef TONGS_ARGS_H
#define TONGS_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tongs_decoder;
struct tongs_encoder;

/* The first members of every struct of arguments. The worker's decoder fills them in. */
struct tongs_args {
   const uint64_t *new_ids; /* of the objects that the op creates */
   uint32_t new_count;
   const uint8_t *ids; /* of the objects that it destroys, as they are on the wire */
   uint32_t id_count;
};

enum tongs_op_kind {
   TONGS_OP_NONE,   /* not known here */
   TONGS_OP_POST,   /* no reply */
   TONGS_OP_CALL,   /* a reply */
   TONGS_OP_RECORD, /* within tongsRecord */
};

/* How the worker handles the failure of a post: POST_FAILURES in codegen/policy.py. */
enum tongs_failure {
   TONGS_FAILURE_TOLD,    /* a failed object tells; else the device is lost */
   TONGS_FAILURE_IGNORED, /* nothing */
   TONGS_FAILURE_LOST,    /* the device is lost */
};

/* The role of a recorded command for the commands after it: RECORD_ROLES in codegen/policy.py. */
enum tongs_role {
   TONGS_ROLE_PLAIN,
   TONGS_ROLE_OPENS, /* a scope, which a later command closes */
   TONGS_ROLE_BINDS, /* what commands with work use */
   TONGS_ROLE_WORKS,
};

/* How an op is encoded and decoded. `args` is its struct tongs_args_*. */
struct tongs_op_info {
   const char *name; /* "vkCreateBuffer" */
   uint8_t kind;     /* enum tongs_op_kind */
   uint8_t creates;  /* TONGS_TYPE_*, or 0 */
   uint8_t destroys; /* TONGS_TYPE_*, or 0 */
   bool returns_result;
   bool blocking;     /* its wait may be long */
   bool also_posts;   /* a call that comes as a post, too */
   bool sent_at_once; /* others than this client can wait for the post: it does not wait for more */
   uint8_t failure;   /* enum tongs_failure */
   uint8_t role;      /* enum tongs_role */
   int32_t lost;      /* the VkResult that the application gets when the connection is lost */
   uint32_t args_size;
   uint32_t ret_offset; /* of `ret` in args */
   void (*encode)(struct tongs_encoder *e, const void *args);
   void (*decode)(struct tongs_decoder *d, void *args);
   void (*encode_reply)(struct tongs_encoder *e, const void *args);
   void (*decode_reply)(struct tongs_decoder *d, void *args);
};

/* Indexed by op number; TONGS_OP_COUNT entries. */
extern const struct tongs_op_info tongs_ops[];

#endif
