/* SPDX-License-Identifier: MIT */
#include "renderer/broker/worker_log.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 4096
/* The size of a pipe. */
#define READ_MAX (64 * 1024)

void
rdr_worker_log_open(struct rdr_worker_log *l, int *worker_end)
{
   int ends[2];

   l->used = 0;
   l->fd = *worker_end = -1;
   if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
      return;
   l->fd = ends[0];
   *worker_end = ends[1];
}

void
rdr_worker_log_close(struct rdr_worker_log *l)
{
   if (l->fd >= 0)
      close(l->fd);
   l->fd = -1;
}

static void
end_line(struct rdr_worker_log *l, void (*take)(void *data, const char *line), void *data)
{
   l->line[l->used] = '\0';
   if (l->used)
      take(data, l->line);
   l->used = 0;
}

static void
add(struct rdr_worker_log *l, char c, void (*take)(void *data, const char *line), void *data)
{
   if (c == '\n' || l->used == sizeof(l->line) - 1)
      end_line(l, take, data);
   if (c != '\n')
      l->line[l->used++] = c >= ' ' && c < 127 ? c : c == '\t' ? ' ' : '?';
}

void
rdr_worker_log_read(struct rdr_worker_log *l, bool is_last,
                    void (*take)(void *data, const char *line), void *data)
{
   char bytes[CHUNK];
   ssize_t n = -1;

   for (size_t size = 0; l->fd >= 0 && size < READ_MAX; size += (size_t)n) {
      n = read(l->fd, bytes, sizeof(bytes));
      if (n <= 0)
         break;
      for (ssize_t i = 0; i < n; i++)
         add(l, bytes[i], take, data);
   }
   if (n == 0)
      rdr_worker_log_close(l);
   if (n == 0 || is_last)
      end_line(l, take, data);
}

void
rdr_worker_log_write(pid_t worker, const char *line)
{
   char own[40], text[RDR_WORKER_LOG_LINE + 64];

   snprintf(own, sizeof(own), "tongs worker %d:", (int)worker);
   bool is_named = strncmp(line, own, strlen(own)) == 0;
   int size = is_named ? snprintf(text, sizeof(text), "%s\n", line)
                       : snprintf(text, sizeof(text), "tongs: worker %d: %s\n", (int)worker, line);
   if (write(STDERR_FILENO, text, (size_t)size) < 0)
      return;
}
