/* made by codegen/gen.py from tongs_gen_wire.h.mako: do not edit. SPDX-License-Identifier: MIT */

/* Constants of the protocol and structs in shared memory, from protocol/own_ops.json. */

#ifndef TONGS_GEN_WIRE_H
#define TONGS_GEN_WIRE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* What colour it has. */
enum tongs_colour {
   /* like a rose */
   TONGS_COLOUR_RED = 0,
   /* like the sea */
   TONGS_COLOUR_BLUE = 1,
};

/* Limits. */

/* wheels of a cart */
#define TONGS_WHEELS 3
/* carts */
#define TONGS_CARTS_MAX 8

/* A wheel. */
struct tongs_wheel {
   /* how often it has turned */
   _Alignas(64) _Atomic uint64_t turns;
   /* how many */
   _Atomic uint32_t spokes;
};

_Static_assert(sizeof(struct tongs_wheel) == 64, "the size of wheel");
_Static_assert(offsetof(struct tongs_wheel, turns) == 0, "the place of wheel.turns");
_Static_assert(offsetof(struct tongs_wheel, spokes) == 8, "the place of wheel.spokes");

/* A cart. */
struct tongs_cart {
   /* what it carries */
   _Alignas(64) _Atomic uint32_t load;
   /* and a spare one */
   _Alignas(64) struct tongs_wheel wheels[TONGS_WHEELS + 1];
};

_Static_assert(sizeof(struct tongs_cart) == 320, "the size of cart");
_Static_assert(offsetof(struct tongs_cart, load) == 0, "the place of cart.load");
_Static_assert(offsetof(struct tongs_cart, wheels) == 64, "the place of cart.wheels");

#endif
