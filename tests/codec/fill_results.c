/* SPDX-License-Identifier: MIT */

/* What a driver writes. */

#include "protocol/args.h"
#include "tests/codec/fill.h"
#include "tests/codec/fill_parts.h"

#include "tongs_gen_structs.h"
#include "tongs_gen_types.h"

#include <string.h>
#include <vulkan/vulkan_core.h>

/* A driver lowers counts, never raises them beyond the room there is. */
static void
lower(struct fill *f, void *p, size_t size)
{
   fill_store(p, size, fill_random(f, (uint32_t)fill_load(p, size) + 1));
}

static void
fill_value_results(struct fill *f, const struct tongs_info_member *m, void *at)
{
   switch (m->kind) {
   case TONGS_INFO_SCALAR:
      if (m->counts)
         lower(f, at, m->elem_size);
      else
         fill_bytes(f, at, m->elem_size);
      break;
   case TONGS_INFO_FIXED:
      fill_bytes(f, at, (size_t)m->elems * m->elem_size);
      if (!strcmp(m->type, "char")) /* the client sees to it that texts end */
         ((char *)at)[m->elems - 1] = '\0';
      break;
   case TONGS_INFO_UNION:
      fill_bytes(f, at, tongs_info_structs[m->index].size);
      break;
   case TONGS_INFO_STRUCT:
      fill_results(f, (uint32_t)m->index, at);
      break;
   case TONGS_INFO_FIXED_STRUCT:
      for (uint32_t j = 0; j < m->elems; j++)
         fill_results(f, (uint32_t)m->index, (char *)at + (size_t)j * m->elem_size);
      break;
   default:
      break;
   }
}

static void
fill_array_results(struct fill *f, const struct tongs_info_member *m, void *v)
{
   char *list = *(char **)((char *)v + m->offset);
   uint64_t n = m->count ? m->count(v) : 1;

   if (!list)
      return;
   for (uint64_t i = 0; i < n && m->kind == TONGS_INFO_STRUCTS; i++)
      fill_results(f, (uint32_t)m->index, list + i * m->elem_size);
   if (m->kind != TONGS_INFO_STRUCTS)
      fill_bytes(f, list, n * m->elem_size);
}

/* All but the chain. */
static void
fill_own_results(struct fill *f, const struct tongs_info_struct *s, void *v)
{
   for (uint32_t i = 0; i < s->member_count; i++) {
      const struct tongs_info_member *m = &s->members[i];
      if (m->kind == TONGS_INFO_BITFIELDS)
         m->bitfields->set(v, (uint32_t)fill_next(f));
      else
         fill_value_results(f, m, (char *)v + m->offset);
   }
   for (uint32_t i = 0; i < s->member_count; i++) {
      if (s->members[i].kind >= TONGS_INFO_SCALARS)
         fill_array_results(f, &s->members[i], v);
   }
}

void
fill_results(struct fill *f, uint32_t index, void *v)
{
   const struct tongs_info_struct *s = &tongs_info_structs[index];

   fill_own_results(f, s, v);
   if (!s->member_count || s->members[0].kind != TONGS_INFO_STYPE)
      return;
   for (VkBaseOutStructure *link = ((VkBaseOutStructure *)v)->pNext; link; link = link->pNext)
      fill_own_results(f, &tongs_info_structs[tongs_info_struct_of((uint32_t)link->sType)], link);
}

/* What lies in structs that go to the worker, and is written there. */
static void
fill_rooms(struct fill *f, const struct tongs_info_member *members, uint32_t count, void *v)
{
   for (uint32_t i = 0; i < count; i++) {
      const struct tongs_info_member *m = &members[i];
      const struct tongs_info_struct *s = m->index >= 0 ? &tongs_info_structs[m->index] : NULL;
      void *at = (char *)v + m->offset;
      uint64_t n = m->kind == TONGS_INFO_ROOM || m->kind == TONGS_INFO_STRUCTS
                      ? m->count ? m->count(v) : 1
                      : 0;

      if (m->kind == TONGS_INFO_STRUCT)
         fill_rooms(f, s->members, s->member_count, at);
      for (const VkBaseInStructure *link = m->kind == TONGS_INFO_CHAIN ? *(void **)at : NULL; link;
           link = link->pNext) {
         int index = tongs_info_struct_of((uint32_t)link->sType);
         const struct tongs_info_struct *l = &tongs_info_structs[index];
         fill_rooms(f, l->members + 2, l->member_count - 2,
                    (void *)link); /* without sType and pNext */
      }
      char *list = n ? *(char **)at : NULL;
      for (uint64_t j = 0; list && j < n; j++) {
         if (m->kind == TONGS_INFO_STRUCTS)
            fill_rooms(f, s->members, s->member_count, list + j * m->elem_size);
         else if (s)
            fill_results(f, (uint32_t)m->index, list + j * m->elem_size);
         else
            fill_bytes(f, list + j * m->elem_size, m->elem_size);
      }
   }
}

void
fill_args_results(struct fill *f, uint32_t op, void *args)
{
   const struct tongs_info_args *info = &tongs_info_args[op];

   fill_rooms(f, info->members, info->member_count, args);
   if (info->ret)
      fill_bytes(f, (char *)args + info->ret_offset, info->ret_size);
   if (tongs_ops[op].returns_result)
      fill_store((char *)args + info->ret_offset, sizeof(VkResult),
                 fill_one_in(f, 4) ? (uint64_t)(int64_t)VK_ERROR_UNKNOWN : fill_random(f, 6));
   for (uint32_t i = 0; i < info->member_count; i++) {
      const struct tongs_info_member *m = &info->members[i];
      if (m->kind == TONGS_INFO_OUT_COUNT)
         lower(f, *(void **)((char *)args + m->offset), m->elem_size);
   }
   for (uint32_t i = 0; i < info->member_count; i++) {
      const struct tongs_info_member *m = &info->members[i];
      char *list = m->kind >= TONGS_INFO_NEW ? *(char **)((char *)args + m->offset) : NULL;

      if (!list || m->kind == TONGS_INFO_OUT_COUNT)
         continue;
      uint64_t n = m->count ? m->count(args) : 1;
      for (uint64_t j = 0; j < n; j++) {
         if (m->kind == TONGS_INFO_OUT_STRUCT || m->kind == TONGS_INFO_OUT_STRUCTS)
            fill_results(f, (uint32_t)m->index, list + j * m->elem_size);
         else
            fill_bytes(f, list + j * m->elem_size, m->elem_size);
      }
   }
}
