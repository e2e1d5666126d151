/* SPDX-License-Identifier: MIT */
#ifndef TONGS_FRAME_H
#define TONGS_FRAME_H

#include "tongs/wire.h"

#include <string.h>

static inline struct tongs_op_header
tongs_op_header_read(const void *p)
{
   struct tongs_op_header header;
   memcpy(&header, p, sizeof(header));
   return header;
}

#endif
