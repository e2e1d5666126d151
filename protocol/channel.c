/* SPDX-License-Identifier: MIT */
#include "protocol/channel.h"

#include "protocol/apart.h"
#include "protocol/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(2 * sizeof(struct tongs_ring_words) <= TONGS_CHANNEL_STATUS_AT,
               "the words have a page");
_Static_assert(TONGS_CHANNEL_STATUS_AT + sizeof(struct tongs_status) <= TONGS_CHANNEL_DATA_AT,
               "the status has its pages");

bool
tongs_is_sealed(int fd, uint64_t size)
{
   struct stat st;
   int seals = fcntl(fd, F_GET_SEALS);

   return seals >= 0 && (seals & F_SEAL_SHRINK) && fstat(fd, &st) == 0 && st.st_size >= 0 &&
          (uint64_t)st.st_size == size;
}

struct growth {
   int fd;
   uint64_t size;
   int error;
};

/* Raises the limit of file sizes and sets the size. Runs by tongs_run_apart(), because the limit
 * belongs to the process. */
static int
grow_beyond_limit(void *data)
{
   struct growth *g = data;
   struct rlimit limit;

   getrlimit(RLIMIT_FSIZE, &limit);
   if (limit.rlim_max < g->size)
      limit.rlim_max = g->size; /* succeeds in privileged processes */
   limit.rlim_cur = limit.rlim_max;
   if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
      g->error = -EFBIG;
   else if (ftruncate(g->fd, (off_t)g->size) < 0)
      g->error = -errno;
   return 0;
}

/* Sets the size of a memfd. The limit of file sizes (RLIMIT_FSIZE) applies to memfds, too: the
 * kernel ends a process that exceeds it by SIGXFSZ. 0 or -errno. */
static int
set_size(int fd, uint64_t size)
{
   struct growth g = {.fd = fd, .size = size};
   struct rlimit limit;

   if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < size) {
      int error = tongs_run_apart(grow_beyond_limit, &g);
      return error ? error : g.error;
   }
   return ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
}

int
tongs_sealed_memory(const char *name, uint64_t size)
{
   int fd = tongs_fd_above_stdio(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));

   if (fd < 0)
      return -errno;
   int error = set_size(fd, size);
   if (!error && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
      error = -errno;
   if (!error)
      return fd;
   close(fd);
   return error;
}

static bool
is_ring_size(uint32_t size)
{
   return size >= TONGS_RING_SIZE_MIN && size <= TONGS_RING_SIZE_MAX && !(size & (size - 1));
}

size_t
tongs_channel_size(uint32_t ops_size, uint32_t replies_size)
{
   if (!is_ring_size(ops_size) || !is_ring_size(replies_size))
      return 0;
   return TONGS_CHANNEL_DATA_AT + ops_size + replies_size;
}

void
tongs_channel_init(struct tongs_channel *ch, void *base, uint32_t ops_size, uint32_t replies_size,
                   const struct tongs_bell *bell)
{
   struct tongs_ring_words *words = base;
   uint8_t *data = (uint8_t *)base + TONGS_CHANNEL_DATA_AT;

   ch->base = base;
   ch->size = tongs_channel_size(ops_size, replies_size);
   ch->status = (struct tongs_status *)((uint8_t *)base + TONGS_CHANNEL_STATUS_AT);
   tongs_ring_init(&ch->ops, &words[0], data, ops_size, bell);
   tongs_ring_init(&ch->replies, &words[1], data + ops_size, replies_size, bell);
}

int
tongs_channel_map(struct tongs_channel *ch, int fd, uint32_t ops_size, uint32_t replies_size)
{
   size_t size = tongs_channel_size(ops_size, replies_size);

   if (!size || !tongs_is_sealed(fd, size))
      return -EINVAL;
   void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
   if (base == MAP_FAILED)
      return -errno;
   tongs_channel_init(ch, base, ops_size, replies_size, &tongs_futex_bell);
   return 0;
}

int
tongs_channel_create(struct tongs_channel *ch)
{
   size_t size = tongs_channel_size(TONGS_CHANNEL_OPS_SIZE, TONGS_CHANNEL_REPLIES_SIZE);
   int fd = tongs_sealed_memory("tongs-channel", size);

   if (fd < 0)
      return fd;
   int error = tongs_channel_map(ch, fd, TONGS_CHANNEL_OPS_SIZE, TONGS_CHANNEL_REPLIES_SIZE);
   if (error) {
      close(fd);
      return error;
   }
   return fd;
}

void
tongs_channel_finish(struct tongs_channel *ch)
{
   if (ch->base)
      munmap(ch->base, ch->size);
   ch->base = NULL;
}
