/* SPDX-License-Identifier: MIT */
/*
 * Memory that is made of the application's own pages, VK_EXT_external_memory_host: the device and
 * whoever has the pointer see the same bytes, and the pages are the application's when the memory
 * is freed.
 */
#include "tests/programs/checks.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES ((size_t)65536)
#define SPARSE ((size_t)512 << 20)
#define ROUNDS 200

static const VkExternalMemoryHandleTypeFlagBits handle_type =
   VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT;

/* A buffer over pages of ours. */
struct imported {
   VkBuffer buffer;
   VkDeviceMemory memory;
};

/* --- Steps --- */

static enum prog_status
init(struct prog *p)
{
   VkPhysicalDeviceExternalMemoryHostPropertiesEXT host = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_MEMORY_HOST_PROPERTIES_EXT};
   VkPhysicalDeviceProperties2 props = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
                                        .pNext = &host};

   p->extensions[0] = VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME;
   PROG_STEP(prog_init(p));
   if (p->api < VK_API_VERSION_1_1)
      return prog_skipped(p, "Vulkan 1.1 is not here");
   vkGetPhysicalDeviceProperties2(p->phys, &props);
   const VkDeviceSize align = host.minImportedHostPointerAlignment;
   PROG_EXPECT(p, align && !(align & (align - 1)) && align <= BYTES, "alignment %llu",
               (unsigned long long)align);
   return PROG_RIGHT;
}

static VkResult
ask(struct prog *p, const void *data, uint32_t *types)
{
   PFN_vkGetMemoryHostPointerPropertiesEXT get =
      (PFN_vkGetMemoryHostPointerPropertiesEXT)vkGetDeviceProcAddr(
         p->device, "vkGetMemoryHostPointerPropertiesEXT");
   VkMemoryHostPointerPropertiesEXT props = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_HOST_POINTER_PROPERTIES_EXT};

   VkResult result = get(p->device, handle_type, data, &props);
   *types = props.memoryTypeBits;
   return result;
}

static VkResult
import(struct prog *p, void *data, size_t size, uint32_t type, VkBuffer dedicated,
       VkDeviceMemory *memory)
{
   const VkMemoryDedicatedAllocateInfo dedicate = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO, .buffer = dedicated};
   const VkImportMemoryHostPointerInfoEXT info = {
      .sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT,
      .pNext = dedicated ? &dedicate : NULL,
      .handleType = handle_type,
      .pHostPointer = data,
   };

   *memory = VK_NULL_HANDLE;
   return vkAllocateMemory(p->device,
                           &(VkMemoryAllocateInfo){
                              .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                              .pNext = &info,
                              .allocationSize = size,
                              .memoryTypeIndex = type,
                           },
                           NULL, memory);
}

static enum prog_status
make(struct prog *p, void *data, size_t size, bool dedicated, struct imported *m)
{
   const VkExternalMemoryBufferCreateInfo external = {
      .sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO, .handleTypes = handle_type};
   VkMemoryRequirements needs;
   uint32_t types;

   PROG_VK(p, vkCreateBuffer(
                 p->device,
                 &(VkBufferCreateInfo){
                    .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                    .pNext = &external,
                    .size = size,
                    .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
                 },
                 NULL, &m->buffer));
   vkGetBufferMemoryRequirements(p->device, m->buffer, &needs);
   PROG_VK(p, ask(p, data, &types));
   types &= needs.memoryTypeBits;
   PROG_EXPECT(p, types && needs.size <= size, "memory types %#x, %llu bytes", types,
               (unsigned long long)needs.size);
   uint32_t type = (uint32_t)__builtin_ctz(types);
   PROG_VK(p, import(p, data, size, type, dedicated ? m->buffer : VK_NULL_HANDLE, &m->memory));
   PROG_VK(p, vkBindBufferMemory(p->device, m->buffer, m->memory, 0));
   return PROG_RIGHT;
}

static void
finish(struct prog *p, struct imported *m)
{
   vkDestroyBuffer(p->device, m->buffer, NULL);
   vkFreeMemory(p->device, m->memory, NULL);
}

static enum prog_status
copy(struct prog *p, VkBuffer from, VkBuffer to, VkDeviceSize size)
{
   VkCommandBuffer commands;

   PROG_STEP(prog_commands_begin(p, &commands));
   vkCmdCopyBuffer(commands, from, to, 1, &(VkBufferCopy){.size = size});
   prog_memory_barrier(commands);
   return prog_commands_run(p, commands);
}

static void
fill(void *data, uint32_t seed)
{
   for (uint32_t i = 0; i < BYTES / 4; i++)
      ((uint32_t *)data)[i] = (i + 1) * 2654435761u ^ seed;
}

static enum prog_status
expect(struct prog *p, const void *data, uint32_t seed, const char *where)
{
   for (uint32_t i = 0; i < BYTES / 4; i++) {
      const uint32_t value = ((const volatile uint32_t *)data)[i];
      const uint32_t right = (i + 1) * 2654435761u ^ seed;
      PROG_EXPECT(p, value == right, "%s: word %u is %#x, not %#x", where, i, value, right);
   }
   return PROG_RIGHT;
}

/* The device reads `read` in the imported pages, and writes `written` there. */
static enum prog_status
use_on_device(struct prog *p, const struct imported *m, uint32_t read, uint32_t written)
{
   struct prog_buffer plain;

   PROG_STEP(prog_buffer_init(p, &plain, BYTES,
                              VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT));
   PROG_STEP(copy(p, m->buffer, plain.buffer, BYTES));
   PROG_STEP(expect(p, plain.map, read, "what the device read"));
   fill(plain.map, written);
   PROG_STEP(copy(p, plain.buffer, m->buffer, BYTES));
   prog_buffer_finish(p, &plain);
   return PROG_RIGHT;
}

static void *
map_pages(size_t size, int access, int flags, int fd)
{
   void *data = mmap(NULL, size, access, flags, fd, 0);
   return data == MAP_FAILED ? NULL : data;
}

static void *
plain_pages(size_t size)
{
   return map_pages(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
}

/* A fork's child sees the content from before the fork, and its writes do not show here. */
static enum prog_status
expect_private(struct prog *p, void *data, const char *when)
{
   volatile uint32_t *word = data;
   int status = 1;

   *word = 1;
   pid_t pid = fork();
   if (!pid) {
      bool right = *word == 1;
      *word = 2;
      _exit(right ? 0 : 1);
   }
   PROG_EXPECT(p, pid > 0 && waitpid(pid, &status, 0) == pid, "fork");
   PROG_EXPECT(p, status == 0, "%s: a fork's child has other contents", when);
   PROG_EXPECT(p, *word == 1, "%s: the pages are shared with a fork's child", when);
   return PROG_RIGHT;
}

/* --- Checks --- */

static enum prog_status
check_use(struct prog *p, void *data, bool dedicated)
{
   struct imported m;
   void *mapped;

   PROG_STEP(init(p));
   fill(data, 1);
   PROG_STEP(make(p, data, BYTES, dedicated, &m));
   PROG_STEP(expect(p, data, 1, "the pages after the import"));
   PROG_STEP(use_on_device(p, &m, 1, 2));
   PROG_STEP(expect(p, data, 2, "what the device wrote"));
   PROG_VK(p, vkMapMemory(p->device, m.memory, 0, VK_WHOLE_SIZE, 0, &mapped));
   PROG_STEP(expect(p, mapped, 2, "what the device wrote, mapped"));
   fill(mapped, 3);
   PROG_STEP(expect(p, data, 3, "what was written to the mapping"));
   fill(data, 4);
   PROG_STEP(use_on_device(p, &m, 4, 5));
   vkUnmapMemory(p->device, m.memory);
   finish(p, &m);
   PROG_STEP(expect(p, data, 5, "the pages when the memory is freed"));
   PROG_STEP(expect_private(p, data, "when the memory is freed"));
   prog_finish(p);
   return PROG_RIGHT;
}

static enum prog_status
check_heap(struct prog *p)
{
   void *data = aligned_alloc(4096, BYTES);

   PROG_STEP(check_use(p, data, false));
   free(data);
   return PROG_RIGHT;
}

static enum prog_status
check_mapped(struct prog *p)
{
   void *data = plain_pages(BYTES);

   PROG_STEP(check_use(p, data, true));
   munmap(data, BYTES);
   return PROG_RIGHT;
}

struct counter {
   _Atomic uint64_t *words;
   uint64_t sum;
   atomic_bool stop;
};

static void *
count(void *data)
{
   struct counter *c = data;

   for (uint64_t i = 0; !atomic_load_explicit(&c->stop, memory_order_relaxed); i++) {
      atomic_fetch_add_explicit(&c->words[i % 32 * 256], 1, memory_order_relaxed);
      c->sum++;
   }
   return NULL;
}

static enum prog_status
check_increments(struct prog *p)
{
   struct counter c = {.words = plain_pages(BYTES)};
   pthread_t thread;
   uint64_t sum = 0;

   PROG_STEP(init(p));
   PROG_EXPECT(p, pthread_create(&thread, NULL, count, &c) == 0, "a thread");
   while (!c.words[0]) /* it has begun */
      sched_yield();
   for (int i = 0; i < ROUNDS; i++) {
      struct imported m;
      PROG_STEP(make(p, (void *)c.words, BYTES, false, &m));
      finish(p, &m);
   }
   atomic_store(&c.stop, true);
   pthread_join(thread, NULL);
   for (int i = 0; i < 32; i++)
      sum += c.words[i * 256];
   PROG_EXPECT(p, sum == c.sum && sum > 0, "%llu of %llu increments are there",
               (unsigned long long)sum, (unsigned long long)c.sum);
   munmap((void *)c.words, BYTES);
   prog_finish(p);
   return PROG_RIGHT;
}

/* Blocks of a heap, made larger to be whole pages, overlap. */
static enum prog_status
check_overlap(struct prog *p)
{
   uint8_t *data = plain_pages(2 * BYTES);
   struct imported low, high;

   PROG_STEP(init(p));
   fill(data, 1);
   PROG_STEP(make(p, data, BYTES + BYTES / 2, false, &low));
   fill(data + BYTES, 2);
   PROG_STEP(make(p, data + BYTES, BYTES, false, &high));
   PROG_STEP(use_on_device(p, &low, 1, 3));
   PROG_STEP(use_on_device(p, &high, 2, 4));
   finish(p, &low);
   PROG_STEP(expect(p, data, 3, "what the first memory has alone"));
   PROG_STEP(expect_private(p, data, "what the first memory had alone"));
   PROG_STEP(use_on_device(p, &high, 4, 5));
   finish(p, &high);
   PROG_STEP(expect(p, data + BYTES, 5, "what both have"));
   munmap(data, 2 * BYTES);
   prog_finish(p);
   return PROG_RIGHT;
}

/* Twice the same, and a part of it. */
static enum prog_status
check_again(struct prog *p)
{
   uint8_t *data = plain_pages(2 * BYTES);
   struct imported whole, again, inner;

   PROG_STEP(init(p));
   fill(data + BYTES, 1);
   PROG_STEP(make(p, data, 2 * BYTES, false, &whole));
   PROG_STEP(make(p, data, 2 * BYTES, false, &again));
   PROG_STEP(make(p, data + BYTES, BYTES, false, &inner));
   PROG_STEP(use_on_device(p, &inner, 1, 2));
   PROG_STEP(copy(p, inner.buffer, whole.buffer, BYTES));
   PROG_STEP(use_on_device(p, &again, 2, 3));
   PROG_STEP(expect(p, data, 3, "what one memory wrote and another one has"));
   finish(p, &whole);
   finish(p, &again);
   PROG_STEP(use_on_device(p, &inner, 2, 4));
   finish(p, &inner);
   PROG_STEP(expect(p, data, 3, "the first part"));
   PROG_STEP(expect(p, data + BYTES, 4, "the second part"));
   PROG_STEP(expect_private(p, data, "when the last is freed"));
   munmap(data, 2 * BYTES);
   prog_finish(p);
   return PROG_RIGHT;
}

static enum prog_status
check_two_instances(struct prog *p)
{
   static struct prog second;
   void *data = plain_pages(BYTES);
   struct imported m, n;

   second = (struct prog){0};
   PROG_STEP(init(p));
   PROG_EXPECT(p, init(&second) == PROG_RIGHT, "%s", second.why);
   fill(data, 1);
   PROG_STEP(make(p, data, BYTES, false, &m));
   PROG_EXPECT(p, make(&second, data, BYTES, false, &n) == PROG_RIGHT, "%s", second.why);
   PROG_STEP(use_on_device(p, &m, 1, 2));
   PROG_EXPECT(p, use_on_device(&second, &n, 2, 3) == PROG_RIGHT, "%s", second.why);
   finish(p, &m);
   PROG_STEP(expect(p, data, 3, "what two instances wrote"));
   finish(&second, &n);
   PROG_STEP(expect(p, data, 3, "when both have gone"));
   prog_finish(&second);
   prog_finish(p);
   munmap(data, BYTES);
   return PROG_RIGHT;
}

static enum prog_status
expect_refused(struct prog *p, void *data, size_t size, const char *what)
{
   VkDeviceMemory memory;
   uint32_t types;

   PROG_EXPECT(p, ask(p, data, &types) == VK_ERROR_INVALID_EXTERNAL_HANDLE && !types,
               "the question about %s", what);
   VkResult result = import(p, data, size, 0, VK_NULL_HANDLE, &memory);
   PROG_EXPECT(p, result == VK_ERROR_INVALID_EXTERNAL_HANDLE, "%s: %s", what,
               prog_result_name(result));
   return PROG_RIGHT;
}

static enum prog_status
check_refusals(struct prog *p)
{
   FILE *file = tmpfile();

   PROG_STEP(init(p));
   PROG_EXPECT(p, file && ftruncate(fileno(file), (off_t)BYTES) == 0, "a file");
   void *of_file = map_pages(BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE, fileno(file));
   void *shared = map_pages(BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
   void *constant = map_pages(BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
   PROG_STEP(expect_refused(p, of_file, BYTES, "a file's pages"));
   PROG_STEP(expect_refused(p, shared, BYTES, "shared pages"));
   PROG_STEP(expect_refused(p, constant, BYTES, "pages that cannot be written to"));
   fclose(file);
   prog_finish(p);
   return PROG_RIGHT;
}

static enum prog_status
check_fork(struct prog *p)
{
   void *data = plain_pages(BYTES);
   struct imported m;

   PROG_STEP(init(p));
   fill(data, 1);
   PROG_STEP(make(p, data, BYTES, false, &m));
   PROG_STEP(expect_private(p, data, "while they are imported"));
   fill(data, 2);
   PROG_STEP(use_on_device(p, &m, 2, 3));
   PROG_STEP(expect(p, data, 3, "what the device wrote after a fork"));
   finish(p, &m);
   munmap(data, BYTES);
   prog_finish(p);
   return PROG_RIGHT;
}

static uint64_t
resident(void)
{
   unsigned long long all = 0, pages = 0;
   FILE *file = fopen("/proc/self/statm", "re");

   if (!file || fscanf(file, "%llu %llu", &all, &pages) != 2)
      pages = 0;
   if (file)
      fclose(file);
   return pages * 4096;
}

static enum prog_status
check_sparse(struct prog *p)
{
   /* Aligned to its size, as a driver may have to refuse a range across a large border. */
   uint8_t *const room = plain_pages(2 * SPARSE);
   uint8_t *const data = (uint8_t *)(((uintptr_t)room + SPARSE - 1) & ~((uintptr_t)SPARSE - 1));
   struct imported m;

   PROG_STEP(init(p));
   madvise(data, SPARSE, MADV_NOHUGEPAGE);
   fill(data, 1);
   fill(data + SPARSE / 2, 2);
   const uint64_t before = resident();
   PROG_STEP(make(p, data, SPARSE, false, &m));
   PROG_STEP(use_on_device(p, &m, 1, 3));
   PROG_STEP(expect(p, data + SPARSE / 2, 2, "the middle"));
   finish(p, &m);
   PROG_EXPECT(p, resident() < before + (32 << 20), "%llu MiB have come into being",
               (unsigned long long)(resident() - before) >> 20);
   PROG_STEP(expect(p, data, 3, "the begin"));
   PROG_STEP(expect(p, data + SPARSE / 2, 2, "the middle when all is freed"));
   munmap(room, 2 * SPARSE);
   prog_finish(p);
   return PROG_RIGHT;
}

static const struct prog_check checks[] = {
   {"memory of the heap", check_heap},          {"memory that was mapped", check_mapped},
   {"no increment is lost", check_increments},  {"twice, and a part", check_again},
   {"ranges that overlap", check_overlap},      {"two instances", check_two_instances},
   {"a fork's child has its own", check_fork},  {"pages that were never touched", check_sparse},
   {"other pages are refused", check_refusals},
};

/* `host_memory --wait`: imports, says so, and waits for a line, before which somebody kills what
 * stands behind the device: no byte is lost, and it works again with another instance. */
static enum prog_status
wait_for_the_worst(struct prog *p)
{
   uint8_t *data = plain_pages(2 * BYTES);
   struct imported m;
   VkDeviceMemory memory;
   char line[16];

   PROG_STEP(init(p));
   fill(data, 1);
   PROG_STEP(make(p, data, BYTES, false, &m));
   PROG_STEP(use_on_device(p, &m, 1, 2));
   puts("imported");
   fflush(stdout);
   PROG_EXPECT(p, fgets(line, sizeof(line), stdin), "no line came");
   /* The first call that hears of it is one that has shared its pages already. */
   fill(data + BYTES, 7);
   PROG_EXPECT(p, import(p, data + BYTES, BYTES, 0, VK_NULL_HANDLE, &memory) != VK_SUCCESS,
               "an import on a lost device");
   PROG_STEP(expect(p, data + BYTES, 7, "after that"));
   PROG_STEP(expect_private(p, data + BYTES, "after that"));
   PROG_VK_IS(p, vkDeviceWaitIdle(p->device), VK_ERROR_DEVICE_LOST);
   PROG_STEP(expect(p, data, 2, "when the device is lost"));
   fill(data, 3);
   finish(p, &m);
   PROG_STEP(expect(p, data, 3, "when the memory is freed"));
   PROG_STEP(expect_private(p, data, "when the memory is freed"));
   prog_finish(p);
   *p = (struct prog){0};
   return check_use(p, data, false);
}

int
main(int argc, char **argv)
{
   if (argc == 2 && strcmp(argv[1], "--wait") == 0) {
      struct prog p = {0};
      return prog_report(&p, "host_memory", wait_for_the_worst(&p));
   }
   return prog_checks_main(argc, argv, checks, PROG_COUNT(checks), PROG_CHECKS_BARE);
}
