/* SPDX-License-Identifier: MIT */
#include "icd/app_mapping.h"

#include "icd/app_pages.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* A reader of lines with its own buffer. stdio allocates, but take_copies() in app_pages.c must not
 * write to the heap. */
struct lines {
   int fd;
   size_t at, size;
   char data[4096];
};

static bool
next_line(struct lines *l, char *line, size_t room)
{
   for (size_t n = 0;;) {
      if (l->at == l->size) {
         ssize_t size = read(l->fd, l->data, sizeof(l->data));
         if (size <= 0)
            return false;
         l->at = 0;
         l->size = (size_t)size;
      }
      const char c = l->data[l->at++];
      if (c == '\n') {
         line[n] = '\0';
         return true;
      }
      if (n < room - 1)
         line[n++] = c;
   }
}

/* "55a0c0de1000-55a0c0de3000 rw-p 00000000 00:00 0    [heap]" */
static bool
parse_mapping(struct icd_mapping *m)
{
   char *at = m->line;

   m->start = strtoull(at, &at, 16);
   m->end = strtoull(at + (*at == '-'), &at, 16);
   if (*at != ' ' || strnlen(at, 6) < 6 || at[5] != ' ')
      return false;
   memcpy(m->access, at + 1, 4);
   m->access[4] = '\0';
   m->offset = strtoull(at + 5, &at, 16);
   m->major = (unsigned)strtoul(at, &at, 16);
   m->minor = (unsigned)strtoul(at + (*at == ':'), &at, 16);
   m->inode = strtoull(at, &at, 10);
   m->name = at + strspn(at, " ");
   return true;
}

/* Finds the first mapping that ends after `at`. */
static bool
mapping_find(uint64_t at, struct icd_mapping *m)
{
   struct lines l;
   bool found = false;

   l.fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
   l.at = l.size = 0;
   if (l.fd < 0)
      return false;
   while (!found && next_line(&l, m->line, sizeof(m->line)))
      found = parse_mapping(m) && m->end > at;
   close(l.fd);
   return found;
}

/* The reason why a mapping cannot be replaced; NULL if it can. The only stack that can be replaced
 * is the caller's own, because the kernel may write signal frames to the others. */
static const char *
why_not(const struct icd_mapping *m)
{
   const uint64_t here = icd_address(__builtin_frame_address(0));

   if (strcmp(m->access, "rw-p") != 0)
      return "they are not private and writable";
   if (m->inode)
      return "they are a file's, or huge pages";
   if (m->name[0] == '\0' || strcmp(m->name, "[heap]") == 0 || strncmp(m->name, "[anon:", 6) == 0)
      return NULL;
   if (strcmp(m->name, "[stack]") == 0)
      return here >= m->start && here < m->end
                ? NULL
                : "they are a stack that this thread does not run on";
   return "they are not plain memory";
}

bool
icd_mapping_is_of(const struct icd_mapping *m, const struct icd_app_region *region)
{
   struct stat st;

   return region && fstat(region->fd, &st) == 0 && m->inode == st.st_ino &&
          m->major == major(st.st_dev) && m->minor == minor(st.st_dev) &&
          m->start >= region->start && m->offset == m->start - region->start;
}

bool
icd_mapping_find_piece(uint64_t at, uint64_t end, struct icd_mapping *m)
{
   if (!mapping_find(at, m) || m->start >= end)
      return false;
   if (m->start < at) {
      m->offset += at - m->start;
      m->start = at;
   }
   if (m->end > end)
      m->end = end;
   return true;
}

const char *
icd_mapping_why_not(uint64_t start, uint64_t end, const struct icd_app_region *region)
{
   struct icd_mapping m;

   for (uint64_t at = start; at < end; at = m.end) {
      if (!mapping_find(at, &m) || m.start > at)
         return "they are not all there";
      const char *why = icd_mapping_is_of(&m, region) ? NULL : why_not(&m);
      if (why)
         return why;
   }
   return NULL;
}

bool
icd_is_behind_seccomp(void)
{
   FILE *status = fopen("/proc/self/status", "re");
   char line[256];
   unsigned mode = 1;

   if (!status)
      return true;
   while (fgets(line, sizeof(line), status)) {
      if (sscanf(line, "Seccomp: %u", &mode) == 1)
         break;
      mode = 0; /* kernels without seccomp have no such line */
   }
   fclose(status);
   return mode != 0;
}
