/* made by codegen/gen.py from tongs_gen_own_info.c.mako: do not edit. SPDX-License-Identifier: MIT */
#include "protocol/own_info.h"

#include "tongs_gen_own.h"
#include "tongs_gen_types.h"

static const struct tongs_own_member part_members[] = {
   {
      .kind = TONGS_OWN_MEMBER_STRING,
      .name = "name",
      .offset = offsetof(struct tongs_own_part, name),
   },
   {
      .kind = TONGS_OWN_MEMBER_ZERO,
   },
   {
      .kind = TONGS_OWN_MEMBER_BYTES,
      .name = "code",
      .offset = offsetof(struct tongs_own_part, code),
      .size = TONGS_WHEELS,
   },
};

static const struct tongs_own_members part_record = {
   .size = sizeof(struct tongs_own_part),
   .members = part_members,
   .count = 3,
};

static const struct tongs_own_member shelf_members[] = {
   {
      .kind = TONGS_OWN_MEMBER_LIST,
      .name = "parts",
      .offset = offsetof(struct tongs_own_shelf, parts),
      .count_offset = offsetof(struct tongs_own_shelf, parts_count),
      .record = &part_record,
   },
};

static const struct tongs_own_members shelf_record = {
   .size = sizeof(struct tongs_own_shelf),
   .members = shelf_members,
   .count = 1,
};

static const struct tongs_own_member tongsRecord_members[] = {
   {
      .kind = TONGS_OWN_MEMBER_TARGET,
      .name = "command_buffer",
      .offset = offsetof(struct tongs_args_tongsRecord, command_buffer),
      .type = TONGS_TYPE_VkCommandBuffer,
   },
   {
      .kind = TONGS_OWN_MEMBER_OPS,
   },
};

static const struct tongs_own_member tongsEverything_members[] = {
   {
      .kind = TONGS_OWN_MEMBER_ZERO,
   },
   {
      .kind = TONGS_OWN_MEMBER_TARGET,
      .name = "device",
      .offset = offsetof(struct tongs_args_tongsEverything, device),
      .type = TONGS_TYPE_VkDevice,
   },
   {
      .kind = TONGS_OWN_MEMBER_HANDLE,
      .name = "buffer",
      .offset = offsetof(struct tongs_args_tongsEverything, buffer),
      .type = TONGS_TYPE_VkBuffer,
   },
   {
      .kind = TONGS_OWN_MEMBER_ID,
      .name = "id",
      .offset = offsetof(struct tongs_args_tongsEverything, id),
      .type = TONGS_TYPE_VkBuffer,
   },
   {
      .kind = TONGS_OWN_MEMBER_IDS,
      .name = "few",
      .offset = offsetof(struct tongs_args_tongsEverything, few),
      .type = TONGS_TYPE_VkBuffer,
      .count_offset = offsetof(struct tongs_args_tongsEverything, few_count),
      .limit = TONGS_CARTS_MAX,
   },
   {
      .kind = TONGS_OWN_MEMBER_IDS,
      .name = "many",
      .offset = offsetof(struct tongs_args_tongsEverything, many),
      .type = TONGS_TYPE_VkBuffer,
      .count_offset = offsetof(struct tongs_args_tongsEverything, many_count),
      .limit = UINT32_MAX,
   },
   {
      .kind = TONGS_OWN_MEMBER_U32,
      .name = "a",
      .offset = offsetof(struct tongs_args_tongsEverything, a),
   },
   {
      .kind = TONGS_OWN_MEMBER_U64,
      .name = "b",
      .offset = offsetof(struct tongs_args_tongsEverything, b),
   },
   {
      .kind = TONGS_OWN_MEMBER_I32,
      .name = "c",
      .offset = offsetof(struct tongs_args_tongsEverything, c),
   },
   {
      .kind = TONGS_OWN_MEMBER_BLOB,
      .name = "bytes",
      .offset = offsetof(struct tongs_args_tongsEverything, bytes),
      .count_offset = offsetof(struct tongs_args_tongsEverything, bytes_size),
   },
   {
      .kind = TONGS_OWN_MEMBER_RECORD,
      .name = "part",
      .offset = offsetof(struct tongs_args_tongsEverything, part),
      .record = &part_record,
   },
};

static const struct tongs_own_member tongsEverything_reply[] = {
   {
      .kind = TONGS_OWN_MEMBER_I32,
      .name = "result",
      .offset = offsetof(struct tongs_reply_tongsEverything, result),
   },
   {
      .kind = TONGS_OWN_MEMBER_BLOB,
      .name = "bytes",
      .offset = offsetof(struct tongs_reply_tongsEverything, bytes),
      .count_offset = offsetof(struct tongs_reply_tongsEverything, bytes_size),
   },
   {
      .kind = TONGS_OWN_MEMBER_LIST,
      .name = "shelves",
      .offset = offsetof(struct tongs_reply_tongsEverything, shelves),
      .count_offset = offsetof(struct tongs_reply_tongsEverything, shelves_count),
      .record = &shelf_record,
   },
};

static const struct tongs_own_member tongsNews_members[] = {
   {
      .kind = TONGS_OWN_MEMBER_STRING,
      .name = "text",
      .offset = offsetof(struct tongs_args_tongsNews, text),
   },
};

const struct tongs_own_members tongs_own_args_members[TONGS_OWN_OPS] = {
   [TONGS_OP_tongsRecord] = {.members = tongsRecord_members, .count = 2},
   [TONGS_OP_tongsEverything] = {.members = tongsEverything_members, .count = 11},
   [TONGS_OP_tongsNews] = {.members = tongsNews_members, .count = 1},
};

const struct tongs_own_members tongs_own_reply_members[TONGS_OWN_OPS] = {
   [TONGS_OP_tongsEverything] = {.members = tongsEverything_reply, .count = 3},
};
