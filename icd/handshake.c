/* SPDX-License-Identifier: MIT */
#include "icd/handshake.h"

#include "icd/table.h"
#include "icd/timeout.h"
#include "icd/transport/transport.h"
#include "protocol/clock.h"
#include "protocol/encoder.h"
#include "protocol/hello.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* At most what an int holds; 0 from the deadline on. */
static int
time_left_ms(int64_t deadline)
{
   int64_t left = deadline - tongs_now_ns();

   if (left <= 0)
      return 0;
   return left / 1000000 < INT32_MAX ? (int)(left / 1000000) + 1 : INT32_MAX;
}

/* 0 or -errno. */
static int
send_exactly(struct icd_transport *t, const uint8_t *data, size_t size, int64_t deadline)
{
   while (size) {
      ssize_t n = t->ops->send(t, data, size, NULL);
      if (n < 0)
         return (int)n;
      data += n;
      size -= (size_t)n;
      int left = time_left_ms(deadline);
      if (!n && !left)
         return -ETIMEDOUT;
      int ready = n ? 0 : t->ops->wait(t, ICD_TRANSPORT_WRITABLE, left);
      if (ready < 0)
         return ready;
   }
   return 0;
}

static bool
receive_exactly(struct icd_transport *t, uint8_t *data, size_t size, int64_t deadline, char *why,
                size_t why_size)
{
   while (size) {
      int left = time_left_ms(deadline);
      ssize_t n = t->ops->receive(t, data, size, left);
      if (!n && !left) {
         icd_timeout_explain(why, why_size);
         return false;
      }
      if (n < 0) {
         snprintf(why, why_size, "the server closed the connection%s%s; its log says why",
                  n != -EPIPE ? ": " : "", n != -EPIPE ? strerror((int)-n) : "");
         return false;
      }
      data += n;
      size -= (size_t)n;
   }
   return true;
}

static bool
send_hello(struct icd_transport *t, int64_t deadline, char *why, size_t why_size)
{
   struct tongs_encoder e;

   tongs_encoder_init(&e);
   tongs_hello_encode(&e, false, NULL);
   int error = e.failed ? -ENOMEM : send_exactly(t, e.base, tongs_encoder_size(&e), deadline);
   tongs_encoder_finish(&e);
   /* A server that has closed the connection may have sent the reason before. */
   if (!error || error == -EPIPE || error == -ECONNRESET)
      return true;
   if (error == -ETIMEDOUT)
      icd_timeout_explain(why, why_size);
   else
      snprintf(why, why_size, "cannot send to the server: %s", strerror(-error));
   return false;
}

uint32_t
icd_core_version(const struct tongs_peer *peer, uint16_t *missing)
{
   uint32_t version = TONGS_API_VERSION;

   for (uint32_t i = 0; i < icd_entry_point_count && !peer->identical; i++) {
      const struct icd_entry_point *entry = &icd_entry_points[i];
      if (!entry->core || entry->core > (version | 0xfff) || !entry->op ||
          tongs_peer_knows_op(peer, entry->op))
         continue;
      *missing = entry->op;
      if (entry->core <= VK_API_VERSION_1_0)
         return 0;
      version = VK_MAKE_API_VERSION(0, 1, VK_API_VERSION_MINOR(entry->core) - 1, 0);
   }
   return version;
}

bool
icd_shake_hands(struct icd_transport *t, int64_t deadline, struct tongs_peer *peer, char *why,
                size_t why_size)
{
   uint8_t head[TONGS_HELLO_SIZE];
   bool same;

   if (!send_hello(t, deadline, why, why_size) ||
       !receive_exactly(t, head, sizeof(head), deadline, why, why_size))
      return false;
   size_t size = tongs_hello_size(head, why, why_size);
   if (!size)
      return false;

   uint8_t *whole = malloc(size);
   if (!whole) {
      snprintf(why, why_size, "out of memory");
      return false;
   }
   memcpy(whole, head, sizeof(head));
   bool ok =
      receive_exactly(t, whole + sizeof(head), size - sizeof(head), deadline, why, why_size) &&
      tongs_hello_decode(whole, size, peer, &same, why, why_size);
   free(whole);
   if (ok && peer->reason[0]) {
      snprintf(why, why_size, "the server refuses: %s", peer->reason);
      return false;
   }
   return ok && tongs_peer_has_required_ops(peer, why, why_size);
}
