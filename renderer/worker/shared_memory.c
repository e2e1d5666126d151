/* SPDX-License-Identifier: MIT */
#include "renderer/worker/shared_memory.h"

#include "protocol/channel.h"

#include <sys/mman.h>
#include <unistd.h>

const char *
rdr_shared_memory_map(struct rdr_shared_memory *memory, int fd, uint64_t size)
{
   *memory = (struct rdr_shared_memory){.lease = -1};
   if (fd < 0)
      return "it came without its file descriptor";
   bool sealed = tongs_is_sealed(fd, size);
   void *data = sealed ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0)
                       : MAP_FAILED;
   memory->no_room = sealed && data == MAP_FAILED;
   close(fd);
   if (data == MAP_FAILED)
      return sealed ? "it cannot be mapped" : "it is no sealed memory of that size";
   memory->data = data;
   memory->size = size;
   return NULL;
}

void
rdr_shared_memory_unmap(struct rdr_shared_memory *memory)
{
   if (memory->data) {
      munmap(memory->data, memory->size);
      if (memory->lease >= 0)
         close(memory->lease);
   }
   *memory = (struct rdr_shared_memory){.lease = -1};
}
