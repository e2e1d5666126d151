/* SPDX-License-Identifier: MIT */

/* The handshake: what is malformed is refused with a sentence, and peers of different builds agree
 * on what both know. */

#include "protocol/encoder.h"
#include "protocol/hello.h"
#include "tests/check.h"

#include "tongs_gen_peer.h"

#include <stdlib.h>

static struct tongs_encoder e;
static struct tongs_peer peer;
static char why[200];
static bool same;

static void
put(size_t at, uint32_t value)
{
   memcpy(e.base + at, &value, sizeof(value));
}

static void
fresh(bool tables, const char *reason)
{
   tongs_encoder_reset(&e);
   tongs_hello_encode(&e, tables, reason);
   why[0] = '\0';
}

/* Decodes an exact copy. */
static bool
decode(void)
{
   size_t size = tongs_encoder_size(&e);
   uint8_t *copy = malloc(size);

   memcpy(copy, e.base, size);
   bool ok = size >= TONGS_HELLO_SIZE && tongs_hello_size(copy, why, sizeof(why)) == size &&
             tongs_hello_decode(copy, size, &peer, &same, why, sizeof(why));
   free(copy);
   return ok;
}

static void
forms(void)
{
   fresh(false, NULL);
   fact(tongs_encoder_size(&e) == TONGS_HELLO_SIZE && decode() && same && peer.identical &&
           !peer.reason[0],
        "a peer of the same build is known by its digest alone");
   fact(peer.header_version == TONGS_HEADER_VERSION && peer.api_version == TONGS_API_VERSION,
        "a hello says which registry the peer was built from");

   fresh(false, NULL);
   put(0, 0x20544547);
   fact(!decode() && strstr(why, "does not speak"), "another magic is refused");
   fresh(false, NULL);
   put(4, TONGS_PROTOCOL_MAJOR + 1);
   fact(!decode() && strstr(why, "version 2"), "another major version is refused, and named");
   fresh(false, NULL);
   put(4, TONGS_PROTOCOL_MAJOR | 99u << 16);
   fact(decode(), "another minor version is taken");

   static const uint32_t sizes[] = {0, 8, 40, 49, 52, TONGS_HELLO_SIZE_MAX + 8, 0xfffffff8};
   bool refused = true;
   for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
      fresh(false, NULL);
      put(8, sizes[i]);
      refused &= !decode() && strstr(why, "impossible size");
   }
   fact(refused, "impossible sizes are refused");
   fact(TONGS_HELLO_SIZE_MAX <= 64 * 1024, "an unknown peer makes us allocate at most 64 KiB");

   refused = true;
   for (size_t at = 32; at <= 36; at += 4) {
      static const uint32_t counts[] = {1, 0x1fffffff, 0x20000000, 0xffffffff};
      for (size_t i = 0; i < 4; i++) {
         fresh(false, NULL);
         put(at, counts[i]);
         refused &= !decode() && strstr(why, "shorter than its tables");
      }
   }
   fact(refused,
        "tables longer than the hello are refused, also where their size overflows (R2, R3)");
   fresh(false, NULL);
   put(12, 0xffffffff);
   fact(!decode(), "a reason longer than the hello is refused");
}

static void
reasons(void)
{
   char long_reason[600];

   fresh(false, "out of chairs, %n%s");
   fact(decode() && !strcmp(peer.reason, "out of chairs, %n%s"),
        "a refusal brings its reason, which is no format (R15)");
   memset(long_reason, 'x', sizeof(long_reason) - 1);
   long_reason[sizeof(long_reason) - 1] = '\0';
   fresh(false, long_reason);
   fact(decode() && strlen(peer.reason) == sizeof(peer.reason) - 1, "a long reason is cut");
   fresh(false, "abcdefg");
   memset(e.base + TONGS_HELLO_SIZE, 'y', 8);
   fact(decode() && !strcmp(peer.reason, "yyyyyyy"), "a reason without its NUL is bounded (R10)");
}

/* A hello of a build with another digest. */
static void
fresh_stranger(void)
{
   fresh(true, NULL);
   put(16, 0x01234567);
}

static void
skew(void)
{
   uint32_t ops = tongs_op_signature_count, op = tongs_op_signatures[0].key;
   const size_t struct_table = TONGS_HELLO_SIZE + (size_t)ops * 8;
   uint32_t in_chain = 0;
   bool all = true;

   fresh_stranger();
   all &= decode() && !same && !peer.identical;
   for (uint32_t i = 0; i < ops; i++)
      all &= tongs_peer_knows_op(&peer, tongs_op_signatures[i].key);
   for (uint32_t i = 0; i < TONGS_STRUCT_COUNT; i++)
      all &= tongs_peer_knows_struct(&peer, i);
   fact(all, "what both know alike is carried, although their digests differ");
   fact(tongs_encoder_size(&e) <= TONGS_HELLO_SIZE_MAX,
        "our tables are not more than a peer takes");

   fresh_stranger();
   put(TONGS_HELLO_SIZE + 4, tongs_op_signatures[0].signature + 1);
   fact(decode() && !tongs_peer_knows_op(&peer, op) &&
           tongs_peer_knows_op(&peer, tongs_op_signatures[1].key),
        "an op whose arguments differ is not carried, the others are");

   fresh_stranger();
   put(TONGS_HELLO_SIZE, TONGS_OP_COUNT + 1000);
   fact(decode() && !tongs_peer_knows_op(&peer, op) &&
           !tongs_peer_knows_op(&peer, TONGS_OP_COUNT + 1000) &&
           !tongs_peer_knows_op(&peer, 0xffffffff),
        "an op that only the peer knows is passed over");

   while (!tongs_struct_signatures[in_chain].key)
      in_chain++;
   fresh_stranger();
   put(struct_table + in_chain * 8 + 4, tongs_struct_signatures[in_chain].signature + 1);
   fact(decode() && !tongs_peer_knows_struct(&peer, in_chain),
        "a struct in chains that differs is not carried");

   fresh(false, NULL);
   put(16, 0x01234567);
   fact(decode() && !tongs_peer_knows_op(&peer, op) && !tongs_peer_knows_struct(&peer, in_chain),
        "a stranger without tables shares nothing");
}

/* A stranger whose own op `op` has another signature. */
static bool
decode_without(uint32_t op)
{
   uint32_t i = 0;

   while (tongs_op_signatures[i].key != op)
      i++;
   fresh_stranger();
   put(TONGS_HELLO_SIZE + (size_t)i * 8 + 4, tongs_op_signatures[i].signature + 1);
   return decode();
}

static void
own_ops(void)
{
   char text[400];

   fresh_stranger();
   fact(decode() && tongs_peer_has_required_ops(&peer, text, sizeof(text)),
        "a stranger whose own ops are ours is one to work with");
   fact(decode_without(TONGS_OP_tongsAcquireAhead) &&
           !tongs_peer_knows_op(&peer, TONGS_OP_tongsAcquireAhead) &&
           tongs_peer_knows_op(&peer, TONGS_OP_tongsTakeImage) &&
           tongs_peer_has_required_ops(&peer, text, sizeof(text)),
        "an own op that the client can do without is not common, and no reason to refuse");
   fact(decode_without(TONGS_OP_tongsSnapshot) &&
           !tongs_peer_has_required_ops(&peer, text, sizeof(text)) &&
           strstr(text, "has not the same tongsSnapshot: it has protocol 1.0 and Vulkan 1.") &&
           strstr(text, "update the older one"),
        "without an own op that the client needs, it refuses and names the versions");
   fresh(false, NULL);
   put(16, 0x01234567);
   fact(decode() && !tongs_peer_has_required_ops(&peer, text, sizeof(text)) &&
           strstr(text, "tongsRecord"),
        "a stranger without tables is refused");
}

static void
damage(void)
{
   fresh_stranger();
   size_t size = tongs_encoder_size(&e);
   uint8_t *copy = malloc(size);
   memcpy(copy, e.base, size);
   for (size_t bit = 0; bit < 8 * (TONGS_HELLO_SIZE + 64); bit++) {
      copy[bit / 8] ^= 1u << bit % 8;
      if (tongs_hello_size(copy, why, sizeof(why)) == size)
         tongs_hello_decode(copy, size, &peer, &same, why, sizeof(why));
      copy[bit / 8] ^= 1u << bit % 8;
   }
   free(copy);
   bool refused = true;
   for (size_t n = 0; n < size; n += 8) {
      uint8_t *part = malloc(n ? n : 1);
      memcpy(part, e.base, n);
      refused &= !tongs_hello_decode(part, n, &peer, &same, why, sizeof(why));
      free(part);
   }
   fact(refused, "no truncated hello is taken, and no flipped bit does harm");
}

int
main(void)
{
   tongs_encoder_init(&e);
   forms();
   reasons();
   skew();
   own_ops();
   damage();
   tongs_encoder_finish(&e);
   return check_end();
}
