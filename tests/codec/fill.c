/* SPDX-License-Identifier: MIT */
#include "tests/codec/fill.h"

#include "protocol/args.h"
#include "protocol/id.h"
#include "tests/codec/fill_parts.h"

#include "tongs_gen_structs.h"
#include "tongs_gen_types.h"

#include <stdlib.h>
#include <string.h>
#include <vulkan/vulkan_core.h>

#define DEPTH_MAX 5

struct fill_block {
   struct fill_block *next;
   void *mem;
};

void
fill_init(struct fill *f, uint64_t seed, unsigned budget)
{
   *f =
      (struct fill){.state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1, .left = budget, .child = -1};
}

void
fill_finish(struct fill *f)
{
   while (f->blocks) {
      struct fill_block *next = f->blocks->next;
      free(f->blocks->mem);
      free(f->blocks);
      f->blocks = next;
   }
}

uint64_t
fill_next(struct fill *f)
{
   f->state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
   uint64_t z = f->state;
   z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
   z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
   return z ^ z >> 31;
}

uint32_t
fill_random(struct fill *f, uint32_t below)
{
   return (uint32_t)(fill_next(f) >> 32) % below;
}

void *
fill_alloc(struct fill *f, size_t size)
{
   struct fill_block *block = malloc(sizeof(*block));
   void *mem = calloc(1, size ? size : 1);
   if (!block || !mem)
      abort();
   *block = (struct fill_block){.next = f->blocks, .mem = mem};
   f->blocks = block;
   return mem;
}

bool
fill_one_in(struct fill *f, uint32_t n)
{
   return fill_random(f, n) == 0;
}

void
fill_bytes(struct fill *f, void *p, size_t size)
{
   for (size_t i = 0; i < size; i++)
      ((uint8_t *)p)[i] = (uint8_t)fill_next(f);
}

/* Sums, products and lengths of arrays stay small. */
static uint64_t
small(struct fill *f)
{
   if (!f->left)
      return 0;
   return fill_one_in(f, 8) ? 4 + fill_random(f, 20) : fill_random(f, 4);
}

void
fill_store(void *p, size_t size, uint64_t value)
{
   memcpy(p, &value, size);
}

uint64_t
fill_load(const void *p, size_t size)
{
   uint64_t value = 0;
   memcpy(&value, p, size);
   return value;
}

static uint64_t
any_number(struct fill *f)
{
   switch (fill_random(f, 4)) {
   case 0:
      return fill_random(f, 4);
   case 1:
      return UINT64_C(1) << fill_random(f, 32);
   default:
      return fill_next(f);
   }
}

static void
fill_scalar(struct fill *f, const struct tongs_info_member *m, void *p)
{
   if (m->enumeration >= 0 && m->names && m->names->count)
      fill_store(p, m->elem_size, m->names->names[fill_random(f, m->names->count)].value);
   else if (m->counts)
      fill_store(p, m->elem_size, small(f));
   else
      fill_store(p, m->elem_size, any_number(f));
}

static uint64_t
new_handle(struct fill *f, uint8_t type)
{
   uint64_t id = f->known_ids ? tongs_id(type, 1, type)
                              : tongs_id(type, 1 + fill_random(f, 1000), 1 + fill_random(f, 1000));

   if (f->ids || f->known_ids)
      return id;
   struct tongs_object *object = fill_alloc(f, sizeof(*object));
   object->id = id;
   return (uintptr_t)object;
}

static void
fill_handle(struct fill *f, const struct tongs_info_member *m, void *p, bool may_be_null)
{
   uint64_t handle = may_be_null && fill_one_in(f, 4) ? 0 : new_handle(f, m->handle);
   fill_store(p, m->elem_size, handle);
}

static const char *
fill_string(struct fill *f)
{
   size_t size = fill_random(f, 12);
   char *s = fill_alloc(f, size + 1);

   for (size_t i = 0; i < size; i++)
      s[i] = (char)('a' + fill_random(f, 26));
   return s;
}

static void
fill_members(struct fill *f, const struct tongs_info_member *members, uint32_t count,
             uint32_t index, void *v);

static void
fill_in_place(struct fill *f, uint32_t index, void *v)
{
   const struct tongs_info_struct *s = &tongs_info_structs[index];

   if (f->left)
      f->left--;
   if (s->is_union && s->raw)
      fill_bytes(f, v, s->size);
   else if (s->is_union && s->only >= 0)
      fill_scalar(f, &s->members[s->only], v);
   else if (!s->is_union) {
      f->depth++;
      fill_members(f, s->members, s->member_count, index, v);
      f->depth--;
   }
}

static bool
child_is_usable(uint32_t child, bool outputs)
{
   const struct tongs_info_struct *s = &tongs_info_structs[child];
   return outputs ? s->outputs : s->inputs;
}

static void
fill_shape_in_place(struct fill *f, uint32_t index, void *v);

/* The counts of `child` that its parent `v` prescribes wait in the fill for the child's turn. */
static void
prescribe_counts(struct fill *f, const struct tongs_info_struct *s, const void *v, uint32_t child)
{
   f->prescribed_count = 0;
   for (uint32_t i = 0; i < s->link_count_count; i++) {
      const struct tongs_info_link_count *c = &s->link_counts[i];
      const struct tongs_info_member *m = &s->members[c->parent_row];
      if (c->child == child)
         f->prescribed[f->prescribed_count++] =
            (struct fill_count){c->child_row, fill_load((const char *)v + m->offset, m->elem_size)};
   }
}

/* A chain of structs that the parent permits, each once. */
static void *
fill_chain(struct fill *f, uint32_t parent, const void *v, bool outputs)
{
   const struct tongs_info_struct *s = &tongs_info_structs[parent];
   uint32_t picked[3];
   uint32_t wanted = 0, count = 0;
   VkBaseOutStructure *first = NULL, **end = &first;

   if (s->child_count && f->depth <= DEPTH_MAX && f->left)
      wanted = fill_random(f, 3);
   if (f->depth == 1 && f->child >= 0 && (uint32_t)f->child < s->child_count)
      wanted++;
   for (uint32_t i = 0; i < wanted; i++) {
      uint32_t at = fill_random(f, s->child_count);
      if (i == 0 && f->depth == 1 && f->child >= 0 && (uint32_t)f->child < s->child_count)
         at = (uint32_t)f->child;
      uint32_t child = s->children[at];
      bool usable = child_is_usable(child, outputs);
      for (uint32_t j = 0; j < count; j++)
         usable = usable && picked[j] != child;
      if (!usable)
         continue;
      picked[count++] = child;
      VkBaseOutStructure *link = fill_alloc(f, tongs_info_structs[child].size);
      prescribe_counts(f, s, v, child);
      if (outputs)
         fill_shape_in_place(f, child, link);
      else
         fill_in_place(f, child, link);
      *end = link;
      while (*end)
         end = &(*end)->pNext;
   }
   return first;
}

/* NULL if the selector selects no member. */
static const struct tongs_info_case *
selected(const struct tongs_info_struct *u, uint32_t selector)
{
   for (uint32_t i = 0; i < u->case_count; i++) {
      for (uint32_t j = 0; j < u->cases[i].selection_count; j++)
         if (u->cases[i].selections[j] == selector)
            return &u->cases[i];
   }
   return NULL;
}

static void
fill_union(struct fill *f, const struct tongs_info_member *members,
           const struct tongs_info_member *m, void *v)
{
   const struct tongs_info_struct *u = &tongs_info_structs[m->index];
   void *at = (char *)v + m->offset;

   if (u->raw || u->only >= 0) {
      fill_in_place(f, (uint32_t)m->index, at);
      return;
   }
   const struct tongs_info_member *selector = &members[m->selector_row];
   const struct tongs_info_case *c;
   if (fill_random(f, 4) == 0) { /* some values select nothing */
      fill_scalar(f, selector, (char *)v + selector->offset);
      c = selected(u, m->selector(v));
   } else {
      c = &u->cases[fill_random(f, u->case_count)];
      fill_store((char *)v + selector->offset, selector->elem_size,
                 c->selections[fill_random(f, c->selection_count)]);
   }
   if (!c)
      return;
   f->depth++;
   fill_members(f, &u->members[c->row], 1, TONGS_STRUCT_COUNT, at);
   f->depth--;
}

/* What lies in the struct itself, but for chains and pointers. */
static void
fill_values(struct fill *f, const struct tongs_info_member *members, uint32_t count, uint32_t index,
            void *v)
{
   for (uint32_t i = 0; i < count; i++) {
      const struct tongs_info_member *m = &members[i];
      void *at = (char *)v + m->offset;

      switch (m->kind) {
      case TONGS_INFO_STYPE:
         fill_store(at, sizeof(VkStructureType), tongs_info_structs[index].stype);
         break;
      case TONGS_INFO_SCALAR:
         fill_scalar(f, m, at);
         break;
      case TONGS_INFO_HANDLE:
         fill_handle(f, m, at, !m->required);
         break;
      case TONGS_INFO_DISPATCH:
         fill_handle(f, m, at, false);
         break;
      case TONGS_INFO_UNTYPED:
         fill_store((char *)v + members[m->selector_row].offset, members[m->selector_row].elem_size,
                    VK_OBJECT_TYPE_BUFFER);
         fill_store(at, m->elem_size, new_handle(f, TONGS_TYPE_VkBuffer));
         break;
      case TONGS_INFO_STRUCT:
         fill_in_place(f, (uint32_t)m->index, at);
         break;
      case TONGS_INFO_FIXED_STRUCT:
         for (uint32_t j = 0; j < m->elems; j++)
            fill_in_place(f, (uint32_t)m->index, (char *)at + (size_t)j * m->elem_size);
         break;
      case TONGS_INFO_FIXED:
         for (uint32_t j = 0; j < m->elems; j++)
            fill_scalar(f, m, (char *)at + (size_t)j * m->elem_size);
         break;
      case TONGS_INFO_BITFIELDS:
         m->bitfields->set(v, (uint32_t)fill_next(f));
         break;
      case TONGS_INFO_OUT_COUNT:
         *(void **)at = fill_alloc(f, m->elem_size);
         fill_store(*(void **)at, m->elem_size, small(f));
         break;
      default:
         break;
      }
   }
   for (uint32_t i = 0; i < count; i++) {
      const struct tongs_info_member *m = &members[i];
      if (m->kind == TONGS_INFO_UNION)
         fill_union(f, members, m, v);
      if (m->stride_row >= 0)
         fill_store((char *)v + members[m->stride_row].offset, members[m->stride_row].elem_size,
                    m->elem_size);
   }
}

/* `n` elements of an array. Structs point to what they need. */
static void *
fill_elements(struct fill *f, const struct tongs_info_member *m, uint64_t n, bool structs)
{
   char *list = fill_alloc(f, (size_t)n * m->elem_size);

   for (uint64_t i = 0; i < n; i++) {
      if (structs)
         fill_in_place(f, (uint32_t)m->index, list + i * m->elem_size);
      else if (m->handle)
         fill_handle(f, m, list + i * m->elem_size, !m->required);
      else
         fill_scalar(f, m, list + i * m->elem_size);
   }
   return list;
}

static void *
fill_array(struct fill *f, const struct tongs_info_member *m, uint64_t n, const void *v)
{
   void **list;

   switch (m->kind) {
   case TONGS_INFO_STRING:
      return (void *)fill_string(f);
   case TONGS_INFO_STRINGS:
      list = fill_alloc(f, n * sizeof(*list));
      for (uint64_t i = 0; i < n; i++)
         list[i] = (void *)fill_string(f);
      return list;
   case TONGS_INFO_BLOB:
   case TONGS_INFO_INOUT_BLOB: {
      void *blob = fill_alloc(f, n);
      fill_bytes(f, blob, n);
      return blob;
   }
   case TONGS_INFO_POINTERS:
      list = fill_alloc(f, n * sizeof(*list));
      for (uint64_t i = 0; i < n; i++)
         list[i] = fill_elements(f, m, 1, true);
      return list;
   case TONGS_INFO_NESTED_STRUCTS:
   case TONGS_INFO_NESTED_SCALARS:
      list = fill_alloc(f, n * sizeof(*list));
      for (uint64_t i = 0; i < n; i++)
         list[i] = fill_elements(f, m, m->inner(v, i), m->kind == TONGS_INFO_NESTED_STRUCTS);
      return list;
   case TONGS_INFO_STRUCTS:
      return fill_elements(f, m, n, true);
   case TONGS_INFO_NEW: {
      char *handles = fill_alloc(f, n * m->elem_size);
      for (uint64_t i = 0; i < n; i++)
         fill_handle(f, m, handles + i * m->elem_size, false);
      return handles;
   }
   case TONGS_INFO_OUT_STRUCT:
   case TONGS_INFO_OUT_STRUCTS: {
      char *structs = fill_alloc(f, n * m->elem_size);
      for (uint64_t i = 0; i < n; i++)
         fill_shape_in_place(f, (uint32_t)m->index, structs + i * m->elem_size);
      return structs;
   }
   case TONGS_INFO_ROOM:
   case TONGS_INFO_OUT_SCALAR:
   case TONGS_INFO_OUT_SCALARS:
   case TONGS_INFO_OUT_BLOB:
      return fill_alloc(f, n * m->elem_size);
   default:
      return fill_elements(f, m, n, false);
   }
}

static bool
must_be_there(const struct tongs_info_member *m)
{
   return !m->optional || m->kind == TONGS_INFO_NEW;
}

static void
fill_pointers(struct fill *f, const struct tongs_info_member *members, uint32_t count,
              uint32_t index, void *v)
{
   for (uint32_t i = 0; i < count; i++) {
      const struct tongs_info_member *m = &members[i];
      void **at = (void **)((char *)v + m->offset);

      if (m->kind == TONGS_INFO_CHAIN)
         *at = fill_chain(f, index, v, false);
      if (m->kind != TONGS_INFO_STRING && m->kind != TONGS_INFO_STRINGS &&
          (m->kind < TONGS_INFO_SCALARS || m->kind == TONGS_INFO_OUT_COUNT))
         continue;
      uint64_t n = m->count ? m->count(v) : 1;
      bool absent = !must_be_there(m) && (!f->left || f->depth > DEPTH_MAX || fill_one_in(f, 4));
      if (!n && m->kind < TONGS_INFO_NEW && fill_one_in(f, 2))
         *at = (void *)(uintptr_t)1; /* never to be read */
      else if (n && !absent)
         *at = fill_array(f, m, n, v);
   }
}

static void
fill_members(struct fill *f, const struct tongs_info_member *members, uint32_t count,
             uint32_t index, void *v)
{
   struct fill_count prescribed[FILL_COUNTS];
   uint32_t prescribed_count = f->prescribed_count;

   memcpy(prescribed, f->prescribed, sizeof(prescribed));
   f->prescribed_count = 0;
   fill_values(f, members, count, index, v);
   fill_obey_ranges(index, v);
   for (uint32_t i = 0; i < prescribed_count; i++) {
      const struct tongs_info_member *m = &members[prescribed[i].row];
      fill_store((char *)v + m->offset, m->elem_size, prescribed[i].value);
   }
   fill_pointers(f, members, count, index, v);
}

void *
fill_struct(struct fill *f, uint32_t index)
{
   void *v = fill_alloc(f, tongs_info_structs[index].size);

   fill_in_place(f, index, v);
   return v;
}

static const struct tongs_info_member *
find(uint32_t op, const char *name)
{
   const struct tongs_info_args *info = &tongs_info_args[op];

   for (uint32_t i = 0; i < info->member_count; i++) {
      if (!strcmp(info->members[i].name, name))
         return &info->members[i];
   }
   abort();
}

static void
set_u64(uint32_t op, void *args, const char *name, uint64_t value)
{
   const struct tongs_info_member *m = find(op, name);
   fill_store((char *)args + m->offset, m->elem_size, value);
}

void *
fill_args(struct fill *f, uint32_t op)
{
   const struct tongs_info_args *info = &tongs_info_args[op];
   void *args = fill_alloc(f, tongs_ops[op].args_size);

   fill_values(f, info->members, info->member_count, TONGS_STRUCT_COUNT, args);
   if (op == TONGS_OP_vkCmdUpdateBuffer)
      set_u64(op, args, "dataSize", 4 + 4 * fill_random(f, 8));
   if (op == TONGS_OP_vkCmdPushConstants) {
      set_u64(op, args, "offset", 4 * fill_random(f, 8));
      set_u64(op, args, "size", 4 + 4 * fill_random(f, 8));
   }
   if (op == TONGS_OP_vkGetRayTracingShaderGroupHandlesKHR ||
       op == TONGS_OP_vkGetRayTracingCaptureReplayShaderGroupHandlesKHR) {
      set_u64(op, args, "groupCount", fill_random(f, 3));
      set_u64(op, args, "dataSize", 128 + fill_random(f, 64));
   }
   if (op == TONGS_OP_vkGetAccelerationStructureHandleNV)
      set_u64(op, args, "dataSize", 8 + fill_random(f, 8));
   fill_pointers(f, info->members, info->member_count, TONGS_STRUCT_COUNT, args);
   if (op == TONGS_OP_vkCmdSetFragmentShadingRateKHR) {
      const struct tongs_info_member *m = find(op, "pFragmentSize");
      **(VkExtent2D **)((char *)args + m->offset) =
         (VkExtent2D){1u << fill_random(f, 3), 1u << fill_random(f, 3)};
   }
   return args;
}

/* --- What comes back --- */

static void
fill_shape_in_place(struct fill *f, uint32_t index, void *v)
{
   const struct tongs_info_struct *s = &tongs_info_structs[index];

   f->depth++;
   if (f->left)
      f->left--;
   for (uint32_t i = 0; i < s->member_count && !s->is_union; i++) {
      const struct tongs_info_member *m = &s->members[i];
      void *at = (char *)v + m->offset;

      if (m->kind == TONGS_INFO_STYPE)
         fill_store(at, sizeof(VkStructureType), s->stype);
      else if (m->kind == TONGS_INFO_CHAIN)
         *(void **)at = fill_chain(f, index, v, true);
      else if (m->kind == TONGS_INFO_SCALAR && (!s->returnedonly || m->counts))
         fill_scalar(f, m, at);
      else if (m->kind == TONGS_INFO_FIXED && !s->returnedonly) {
         for (uint32_t j = 0; j < m->elems; j++)
            fill_scalar(f, m, (char *)at + (size_t)j * m->elem_size);
      } else if (m->kind == TONGS_INFO_STRUCT) {
         fill_shape_in_place(f, (uint32_t)m->index, at);
      } else if (m->kind == TONGS_INFO_FIXED_STRUCT) {
         for (uint32_t j = 0; j < m->elems; j++)
            fill_shape_in_place(f, (uint32_t)m->index, (char *)at + (size_t)j * m->elem_size);
      }
   }
   for (uint32_t i = 0; i < s->member_count; i++) {
      const struct tongs_info_member *m = &s->members[i];
      bool structs = m->kind == TONGS_INFO_STRUCTS;

      if ((!structs && m->kind != TONGS_INFO_SCALARS && m->kind != TONGS_INFO_BLOB) ||
          fill_one_in(f, 3))
         continue;
      uint64_t n = m->count ? m->count(v) : 1;
      char *list = fill_alloc(f, n * m->elem_size);
      for (uint64_t j = 0; structs && j < n; j++)
         fill_shape_in_place(f, (uint32_t)m->index, list + j * m->elem_size);
      *(void **)((char *)v + m->offset) = list;
   }
   f->depth--;
}

void *
fill_shape(struct fill *f, uint32_t index)
{
   void *v = fill_alloc(f, tongs_info_structs[index].size);

   fill_shape_in_place(f, index, v);
   return v;
}
