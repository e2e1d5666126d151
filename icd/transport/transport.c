/* SPDX-License-Identifier: MIT */
#include "icd/transport/transport.h"

#include "protocol/environment.h"
#include "protocol/url.h"

#include <stdio.h>
#include <string.h>

/* The openers by scheme. A scheme without an opener is not supported by this build. */
static const struct {
   enum tongs_transport scheme;
   icd_transport_opener open;
   bool (*is_default)(void); /* NULL: only if TONGS_SERVER names it */
} openers[] = {
   {TONGS_TRANSPORT_UNIX, icd_transport_open_unix, NULL},
   {TONGS_TRANSPORT_VSOCK, icd_transport_open_vsock, NULL},
#ifdef TONGS_HAVE_VIRTGPU
   {TONGS_TRANSPORT_VIRTGPU, icd_transport_open_virtgpu, icd_transport_finds_virtgpu},
#endif
   {TONGS_TRANSPORT_SPAWN, icd_transport_open_spawn, NULL},
};

#define OPENER_COUNT (sizeof(openers) / sizeof(openers[0]))

static const char *
default_server(void)
{
   for (size_t i = 0; i < OPENER_COUNT; i++) {
      if (openers[i].is_default && openers[i].is_default())
         return tongs_transport_name(openers[i].scheme);
   }
   return tongs_transport_name(TONGS_TRANSPORT_SPAWN);
}

struct icd_transport *
icd_transport_open(char *why, size_t why_size)
{
   const char *memory = tongs_getenv("TONGS_MEMORY");
   const char *server = tongs_getenv("TONGS_SERVER");
   struct tongs_url url;

   if (!server)
      server = default_server();
   if (tongs_url_parse(server, &url, why, why_size) < 0 ||
       tongs_url_check_carried(&url, why, why_size) < 0)
      return NULL;
   for (size_t i = 0; i < OPENER_COUNT; i++) {
      if (openers[i].scheme == url.transport)
         return openers[i].open(&url, memory && !strcmp(memory, "explicit"), why, why_size);
   }
   snprintf(why, why_size, "this build was made without the transport \"%s\"",
            tongs_transport_name(url.transport));
   return NULL;
}
