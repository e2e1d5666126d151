/* SPDX-License-Identifier: MIT */

/* How many bytes the texels of an image take in host memory, for VK_EXT_host_image_copy. */

#ifndef TONGS_FORMAT_H
#define TONGS_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

/* The block of a format: how many texels and bytes it has. The table is from the registry, without
 * formats that have no size.
 */
struct tongs_format {
   uint32_t format; /* VkFormat */
   uint8_t size;    /* of a block, bytes */
   uint8_t width;   /* of a block, texels */
   uint8_t height;
   uint8_t depth;
   uint32_t planes[3]; /* the formats of the planes; 0: none */
};

extern const struct tongs_format tongs_formats[];
extern const uint32_t tongs_format_count;

/* The block of one aspect of an image: of a plane, of depth or stencil, as copies lay it out. False
 * if there is none. */
bool
tongs_format_block(uint32_t format, uint32_t aspect, struct tongs_format *block);

/* Bytes of `layers` boxes of that many texels without gaps between rows; UINT64_MAX if the result
 * would overflow. */
uint64_t
tongs_format_bytes(const struct tongs_format *block, uint32_t width, uint32_t height,
                   uint32_t depth, uint32_t layers);

#endif
