/* SPDX-License-Identifier: MIT */
#include "renderer/broker/peer_log.h"

#include "renderer/broker/log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

static void
end_period(struct rdr_peer_log_entry *entry)
{
   char name[RDR_CLIENT_NAME_SIZE];

   if (entry->left_out)
      rdr_broker_log("%s: left out %u more lines", rdr_client_name(&entry->client, name),
                     entry->left_out);
   *entry = (struct rdr_peer_log_entry){0};
}

static bool
is_over(const struct rdr_peer_log_entry *entry, int64_t now_ms)
{
   return entry->lines && now_ms - entry->since_ms >= RDR_PEER_LOG_PERIOD_MS;
}

void
rdr_peer_log_expire(struct rdr_peer_log *l, int64_t now_ms)
{
   for (unsigned i = 0; i < RDR_PEER_LOG_ENTRIES; i++) {
      if (is_over(&l->entries[i], now_ms))
         end_period(&l->entries[i]);
   }
}

int64_t
rdr_peer_log_wakeup_ms(const struct rdr_peer_log *l)
{
   int64_t first = INT64_MAX;

   for (unsigned i = 0; i < RDR_PEER_LOG_ENTRIES; i++) {
      const struct rdr_peer_log_entry *entry = &l->entries[i];

      if (entry->left_out && entry->since_ms + RDR_PEER_LOG_PERIOD_MS < first)
         first = entry->since_ms + RDR_PEER_LOG_PERIOD_MS;
   }
   return first;
}

/* The entry that counts `client`, new if there is none; NULL if all entries are in use. */
static struct rdr_peer_log_entry *
find(struct rdr_peer_log *l, const struct rdr_client *client, int64_t now_ms)
{
   struct rdr_peer_log_entry *unused = NULL;

   for (unsigned i = 0; i < RDR_PEER_LOG_ENTRIES; i++) {
      struct rdr_peer_log_entry *entry = &l->entries[i];

      if (is_over(entry, now_ms))
         end_period(entry);
      if (!entry->lines)
         unused = unused ? unused : entry;
      else if (entry->client.pid == client->pid && rdr_client_same_group(&entry->client, client))
         return entry;
   }
   if (unused)
      *unused = (struct rdr_peer_log_entry){.client = *client, .since_ms = now_ms};
   return unused;
}

bool
rdr_peer_log_may(struct rdr_peer_log *l, const struct rdr_client *client, int64_t now_ms)
{
   struct rdr_client whole = *client;
   unsigned group_max = l->lines_max * RDR_PEER_LOG_GROUP;

   if (!l->lines_max)
      return true;
   whole.pid = 0;
   struct rdr_peer_log_entry *group = find(l, &whole, now_ms);
   if (!group)
      return false;
   if (group->lines >= group_max) {
      group->left_out++;
      return false;
   }
   /* Counted first, so that the entry is in use when the process's is looked for. */
   group->lines++;
   struct rdr_peer_log_entry *process = client->pid ? find(l, client, now_ms) : NULL;
   if (!process)
      return true;
   if (process->lines < l->lines_max) {
      process->lines++;
      return true;
   }
   group->lines--;
   process->left_out++;
   return false;
}

void
rdr_peer_log_write(struct rdr_peer_log *l, const struct rdr_client *client, int64_t now_ms,
                   const char *format, ...)
{
   char text[400];
   va_list args;

   if (!rdr_peer_log_may(l, client, now_ms))
      return;
   va_start(args, format);
   vsnprintf(text, sizeof(text), format, args);
   va_end(args);
   rdr_broker_log("%s", text);
}
