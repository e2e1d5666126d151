/* SPDX-License-Identifier: MIT */

/* In place of virtgpu.c in builds without it: nobody opens a link, so nothing else is called. */

#include "icd/virtgpu.h"

#include <stdlib.h>

bool
icd_virtgpu_is_there(void)
{
   return false;
}

struct icd_virtgpu *
icd_virtgpu_open(const char *node, char *why, size_t why_size)
{
   (void)node, (void)why, (void)why_size;
   return NULL;
}

void
icd_virtgpu_close(struct icd_virtgpu *v, bool ours)
{
   (void)v, (void)ours;
}

void
icd_virtgpu_shutdown(struct icd_virtgpu *v)
{
   (void)v;
}

int
icd_virtgpu_fd(const struct icd_virtgpu *v)
{
   (void)v;
   return -1;
}

char
icd_virtgpu_tier(const struct icd_virtgpu *v)
{
   (void)v;
   return 0;
}

ssize_t
icd_virtgpu_recv(struct icd_virtgpu *v, void *data, size_t size, int timeout_ms)
{
   (void)v, (void)data, (void)size, (void)timeout_ms;
   return -1;
}

ssize_t
icd_virtgpu_send(struct icd_virtgpu *v, const void *data, size_t size,
                 const struct icd_virtgpu_pages *pages)
{
   (void)v, (void)data, (void)size, (void)pages;
   return -1;
}

void
icd_virtgpu_wait(struct icd_virtgpu *v, int timeout_ms)
{
   (void)v, (void)timeout_ms;
}

bool
icd_virtgpu_has_bytes(struct icd_virtgpu *v, int timeout_ms)
{
   (void)v, (void)timeout_ms;
   return true;
}

bool
icd_virtgpu_has_hung_up(const struct icd_virtgpu *v)
{
   (void)v;
   return true;
}

bool
icd_virtgpu_pages_create(struct icd_virtgpu *v, uint64_t size, struct icd_virtgpu_pages *pages)
{
   (void)v, (void)size, (void)pages;
   return false;
}

bool
icd_virtgpu_heap_create(struct icd_virtgpu *v, uint64_t size, struct icd_virtgpu_pages *pages)
{
   (void)v, (void)size, (void)pages;
   return false;
}

bool
icd_virtgpu_has_window(const struct icd_virtgpu *v)
{
   (void)v;
   return false;
}

void
icd_virtgpu_pages_destroy(struct icd_virtgpu *v, struct icd_virtgpu_pages *pages)
{
   (void)v, (void)pages;
}

void
icd_virtgpu_use_channel(struct icd_virtgpu *v, const struct icd_virtgpu_pages *pages)
{
   (void)v, (void)pages;
}

void
icd_virtgpu_sleep(struct icd_virtgpu *v, _Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
   (void)v, (void)word, (void)value, (void)timeout_ns;
}

void
icd_virtgpu_ring(struct icd_virtgpu *v, _Atomic uint32_t *word)
{
   (void)v, (void)word;
}

void
icd_virtgpu_wake(struct icd_virtgpu *v)
{
   (void)v;
}
