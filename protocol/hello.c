/* SPDX-License-Identifier: MIT */
#include "protocol/hello.h"

#include "protocol/args.h"
#include "protocol/encoder.h"
#include "protocol/own.h"
#include "protocol/text.h"

#include "tongs_gen_peer.h"

#include <stdio.h>

/* Offsets of the fixed part. */
enum {
   AT_MAGIC = 0,
   AT_MAJOR = 4,
   AT_MINOR = 6,
   AT_SIZE = 8,
   AT_REASON_SIZE = 12,
   AT_DIGEST = 16,
   AT_HEADER_VERSION = 24,
   AT_API_VERSION = 28,
   AT_OP_COUNT = 32,
   AT_STRUCT_COUNT = 36,
};

static uint32_t
read_u32(const void *data, size_t at)
{
   uint32_t v;
   memcpy(&v, (const uint8_t *)data + at, sizeof(v));
   return v;
}

void
tongs_hello_encode(struct tongs_encoder *e, bool tables, const char *reason)
{
   size_t start = tongs_encoder_size(e);
   uint32_t reason_size = reason ? (uint32_t)strlen(reason) + 1 : 0;

   tongs_encode_u32(e, TONGS_HELLO_MAGIC);
   tongs_encode_u32(e, TONGS_PROTOCOL_MAJOR | TONGS_PROTOCOL_MINOR << 16);
   tongs_encode_u32(e, 0);
   tongs_encode_u32(e, reason_size);
   tongs_encode_u64(e, TONGS_DIGEST);
   tongs_encode_u32(e, TONGS_HEADER_VERSION);
   tongs_encode_u32(e, TONGS_API_VERSION);
   tongs_encode_u32(e, tables ? tongs_op_signature_count : 0);
   tongs_encode_u32(e, tables ? TONGS_STRUCT_COUNT : 0);
   tongs_encode_u64(e, 0);
   if (tables) {
      tongs_encode_fixed(e, tongs_op_signatures,
                         tongs_op_signature_count * sizeof(struct tongs_signature));
      tongs_encode_fixed(e, tongs_struct_signatures, sizeof(tongs_struct_signatures));
   }
   if (reason_size)
      tongs_encode_fixed(e, reason, reason_size);
   while (!e->failed && (tongs_encoder_size(e) - start) % 8)
      tongs_encode_zeros(e, 4);
   if (!e->failed) {
      uint32_t size = (uint32_t)(tongs_encoder_size(e) - start);
      memcpy(e->base + start + AT_SIZE, &size, sizeof(size));
   }
}

size_t
tongs_hello_size(const void *data, char *why, size_t why_size)
{
   uint32_t size = read_u32(data, AT_SIZE);

   if (read_u32(data, AT_MAGIC) != TONGS_HELLO_MAGIC) {
      snprintf(why, why_size, "the peer does not speak Tongs' protocol");
      return 0;
   }
   unsigned major = read_u32(data, AT_MAJOR) & 0xffff;
   if (major != TONGS_PROTOCOL_MAJOR) {
      snprintf(
         why, why_size,
         "the peer speaks version %u of the protocol, this side version %d: update the older one",
         major, TONGS_PROTOCOL_MAJOR);
      return 0;
   }
   if (size < TONGS_HELLO_SIZE || size > TONGS_HELLO_SIZE_MAX || size % 8) {
      snprintf(why, why_size, "the peer's hello has an impossible size");
      return 0;
   }
   return size;
}

/* Sets the bit of each op that both sides know alike. Ours are sorted by number. */
static void
match_ops(struct tongs_peer *peer, const uint8_t *table, uint32_t count)
{
   for (uint32_t i = 0; i < count; i++) {
      uint32_t key = read_u32(table, (size_t)i * 8), signature = read_u32(table, (size_t)i * 8 + 4);
      for (uint32_t j = 0; j < tongs_op_signature_count; j++) {
         const struct tongs_signature *own = &tongs_op_signatures[j];
         if (own->key == key && own->signature == signature)
            peer->ops[key / 32] |= 1u << (key % 32);
      }
   }
}

static void
match_structs(struct tongs_peer *peer, const uint8_t *table, uint32_t count)
{
   for (uint32_t j = 0; j < TONGS_STRUCT_COUNT; j++) {
      const struct tongs_signature *own = &tongs_struct_signatures[j];
      bool known = !own->key; /* not in chains: part of an op's or a struct's own signature */
      for (uint32_t i = 0; i < count && !known; i++) {
         known = read_u32(table, (size_t)i * 8) == own->key &&
                 read_u32(table, (size_t)i * 8 + 4) == own->signature;
      }
      if (known)
         peer->structs[j / 32] |= 1u << (j % 32);
   }
}

bool
tongs_hello_decode(const void *data, size_t size, struct tongs_peer *peer, bool *same_digest,
                   char *why, size_t why_size)
{
   const uint8_t *p = data;
   uint64_t digest;

   if (size < TONGS_HELLO_SIZE || tongs_hello_size(data, why, why_size) != size) {
      snprintf(why, why_size, "the peer's hello has an impossible size");
      return false;
   }

   uint32_t reason_size = read_u32(p, AT_REASON_SIZE);
   uint32_t ops = read_u32(p, AT_OP_COUNT);
   uint32_t structs = read_u32(p, AT_STRUCT_COUNT);
   uint64_t needed =
      TONGS_HELLO_SIZE + ((uint64_t)ops + structs) * sizeof(struct tongs_signature) + reason_size;
   if (needed > size) {
      snprintf(why, why_size, "the peer's hello is shorter than its tables");
      return false;
   }

   memcpy(&digest, p + AT_DIGEST, sizeof(digest));
   *peer = (struct tongs_peer){
      .minor = read_u32(p, AT_MAJOR) >> 16,
      .header_version = read_u32(p, AT_HEADER_VERSION),
      .api_version = read_u32(p, AT_API_VERSION),
      .identical = digest == TONGS_DIGEST,
   };
   const uint8_t *tables = p + TONGS_HELLO_SIZE;
   if (!peer->identical) {
      match_ops(peer, tables, ops);
      match_structs(peer, tables + (size_t)ops * sizeof(struct tongs_signature), structs);
   }
   if (reason_size) {
      const uint8_t *reason = tables + ((size_t)ops + structs) * sizeof(struct tongs_signature);
      tongs_text_clean(peer->reason, sizeof(peer->reason), (const char *)reason, reason_size - 1);
   }
   *same_digest = peer->identical;
   return true;
}

void
tongs_peer_explain(const struct tongs_peer *peer, uint32_t op, char *why, size_t why_size)
{
   snprintf(why, why_size,
            "the server is another version of Tongs, which has not the same %s: it has protocol "
            "%d.%u and Vulkan %u.%u.%u, this side protocol %d.%d and Vulkan %u.%u.%u; update the "
            "older one",
            op < TONGS_OWN_OPS ? tongs_own_ops[op].name : tongs_ops[op].name, TONGS_PROTOCOL_MAJOR,
            peer->minor, peer->api_version >> 22, peer->api_version >> 12 & 0x3ff,
            peer->header_version, TONGS_PROTOCOL_MAJOR, TONGS_PROTOCOL_MINOR,
            TONGS_API_VERSION >> 22, TONGS_API_VERSION >> 12 & 0x3ff, TONGS_HEADER_VERSION);
}

bool
tongs_peer_has_required_ops(const struct tongs_peer *peer, char *why, size_t why_size)
{
   for (uint32_t op = 0; op < TONGS_OWN_OPS; op++) {
      if (tongs_own_ops[op].required && !tongs_peer_knows_op(peer, op)) {
         tongs_peer_explain(peer, op, why, why_size);
         return false;
      }
   }
   return true;
}
