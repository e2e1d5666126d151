/* SPDX-License-Identifier: MIT */
#include "tests/programs/counting_allocator.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void __attribute__((format(printf, 2, 3)))
complain_locked(struct counting_allocator *a, const char *format, ...)
{
   if (a->wrong[0])
      return;
   va_list args;
   va_start(args, format);
   vsnprintf(a->wrong, sizeof(a->wrong), format, args);
   va_end(args);
}

static void
check_caller_locked(struct counting_allocator *a, const char *what)
{
   if (!a->open)
      complain_locked(a, "%s while no Vulkan call is under way", what);
   else if (!pthread_equal(a->thread, pthread_self()))
      complain_locked(a, "%s from another thread than that of the Vulkan call", what);
}

static size_t
find_locked(const struct counting_allocator *a, const void *address)
{
   size_t i = a->live;
   while (i > 0 && a->blocks[i - 1].address != address)
      i--;
   return i; /* its index + 1, or 0 */
}

static bool
fails_locked(struct counting_allocator *a)
{
   const size_t n = a->allocations++;
   const bool fails = (a->failure == COUNTING_FAIL_ONCE && n == a->fail_at) ||
                      (a->failure == COUNTING_FAIL_ON && n >= a->fail_at);
   a->failed += fails;
   return fails;
}

static void *
allocate_locked(struct counting_allocator *a, size_t size, size_t alignment)
{
   if (alignment == 0 || (alignment & (alignment - 1))) {
      complain_locked(a, "an allocation asks for the alignment %zu", alignment);
      return NULL;
   }
   if (fails_locked(a))
      return NULL;
   if (a->live == COUNTING_MAX_LIVE) {
      complain_locked(a, "more than %d allocations are alive", COUNTING_MAX_LIVE);
      return NULL;
   }

   uint8_t *start = malloc(size + 3 * alignment);
   if (!start)
      return NULL;
   /* Aligned as asked for, and to nothing more. */
   uintptr_t address = ((uintptr_t)start + 2 * alignment - 1) & ~(uintptr_t)(2 * alignment - 1);
   address += alignment;
   memset((void *)address, 0xa5, size);
   a->blocks[a->live++] = (struct counting_block){
      .start = start,
      .address = (void *)address,
      .size = size,
      .alignment = alignment,
   };
   return (void *)address;
}

static void
free_locked(struct counting_allocator *a, size_t index)
{
   struct counting_block *block = &a->blocks[index];
   memset(block->address, 0xdd, block->size);
   free(block->start);
   *block = a->blocks[--a->live];
}

static void *VKAPI_CALL
allocation(void *data, size_t size, size_t alignment, VkSystemAllocationScope scope)
{
   struct counting_allocator *a = data;
   (void)scope;
   pthread_mutex_lock(&a->lock);
   check_caller_locked(a, "an allocation");
   void *address = size ? allocate_locked(a, size, alignment) : NULL;
   pthread_mutex_unlock(&a->lock);
   return address;
}

static void VKAPI_CALL
release(void *data, void *address)
{
   struct counting_allocator *a = data;
   if (!address)
      return;
   pthread_mutex_lock(&a->lock);
   check_caller_locked(a, "a free");
   const size_t found = find_locked(a, address);
   if (found)
      free_locked(a, found - 1);
   else
      complain_locked(a, "a free of %p, which is not alive here", address);
   pthread_mutex_unlock(&a->lock);
}

static void *VKAPI_CALL
reallocation(void *data, void *original, size_t size, size_t alignment,
             VkSystemAllocationScope scope)
{
   struct counting_allocator *a = data;
   if (!original)
      return allocation(data, size, alignment, scope);
   if (size == 0) {
      release(data, original);
      return NULL;
   }

   void *address = NULL;
   pthread_mutex_lock(&a->lock);
   check_caller_locked(a, "a reallocation");
   const size_t found = find_locked(a, original);
   if (!found) {
      complain_locked(a, "a reallocation of %p, which is not alive here", original);
   } else if (a->blocks[found - 1].alignment != alignment) {
      complain_locked(a, "a reallocation changes the alignment from %zu to %zu",
                      a->blocks[found - 1].alignment, alignment);
   } else {
      const size_t old_size = a->blocks[found - 1].size;
      address = allocate_locked(a, size, alignment);
      if (address) {
         memcpy(address, original, old_size < size ? old_size : size);
         free_locked(a, found - 1);
      }
   }
   pthread_mutex_unlock(&a->lock);
   return address;
}

void
counting_allocator_init(struct counting_allocator *a)
{
   memset(a, 0, sizeof(*a));
   a->callbacks = (VkAllocationCallbacks){
      .pUserData = a,
      .pfnAllocation = allocation,
      .pfnReallocation = reallocation,
      .pfnFree = release,
   };
   pthread_mutex_init(&a->lock, NULL);
}

void
counting_begin(struct counting_allocator *a, enum counting_failure failure, size_t fail_at)
{
   pthread_mutex_lock(&a->lock);
   a->failure = failure;
   a->fail_at = fail_at;
   a->allocations = 0;
   a->failed = 0;
   a->open = true;
   a->thread = pthread_self();
   pthread_mutex_unlock(&a->lock);
}

void
counting_end(struct counting_allocator *a)
{
   pthread_mutex_lock(&a->lock);
   a->open = false;
   pthread_mutex_unlock(&a->lock);
}
