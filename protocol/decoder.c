/* SPDX-License-Identifier: MIT */
#include "protocol/decoder.h"

const char *
tongs_decode_error_text(enum tongs_decode_error error)
{
   static const char *const texts[] = {
      [TONGS_DECODE_OK] = "no error",
      [TONGS_DECODE_SHORT] = "it ends before its members do",
      [TONGS_DECODE_COUNT] = "an array's count is not what its struct says",
      [TONGS_DECODE_ABSENT] = "a required array is absent",
      [TONGS_DECODE_MEMORY] = "it needs more memory than one op may",
      [TONGS_DECODE_ID] = "an id is stale, foreign or of another type",
      [TONGS_DECODE_CHAIN] =
         "a struct is unknown, repeated, misplaced or one too many in its chain",
      [TONGS_DECODE_STRING] = "a string does not end",
      [TONGS_DECODE_RANGE] = "a number is out of the range that the API allows",
      [TONGS_DECODE_BOUNDS] = "a range is not in its object",
      [TONGS_DECODE_VALUE] = "a selector or flag has no meaning",
      [TONGS_DECODE_TRAILING] = "bytes follow its last member",
   };
   return texts[error];
}

void
tongs_decoder_fail(struct tongs_decoder *d, enum tongs_decode_error error)
{
   if (d->error == TONGS_DECODE_OK)
      d->error = error;
   d->cur = d->end;
}

void
tongs_decoder_fail_absent(struct tongs_decoder *d, const char *member)
{
   if (d->error == TONGS_DECODE_OK)
      d->detail = member;
   tongs_decoder_fail(d, TONGS_DECODE_ABSENT);
}

void
tongs_decoder_fail_bounds(struct tongs_decoder *d, const char *rule)
{
   if (d->error == TONGS_DECODE_OK)
      d->detail = rule;
   tongs_decoder_fail(d, TONGS_DECODE_BOUNDS);
}

void
tongs_decoder_expect_end(struct tongs_decoder *d)
{
   if (tongs_decoder_left(d) >= 8)
      tongs_decoder_fail(d, TONGS_DECODE_TRAILING);
}

/* Takes `size` bytes, padded to 4; NULL if the op ends before. */
static const uint8_t *
take(struct tongs_decoder *d, uint64_t size)
{
   if (size > tongs_decoder_left(d)) {
      tongs_decoder_fail(d, TONGS_DECODE_SHORT);
      return NULL;
   }
   size_t padded = ((size_t)size + 3) & ~(size_t)3;
   if (padded > tongs_decoder_left(d)) {
      tongs_decoder_fail(d, TONGS_DECODE_SHORT);
      return NULL;
   }
   const uint8_t *p = d->cur;
   d->cur += padded;
   return p;
}

static void
align8(struct tongs_decoder *d)
{
   if ((size_t)(d->cur - d->base) % 8)
      tongs_decode_u32(d);
}

uint32_t
tongs_decode_enum(struct tongs_decoder *d, uint32_t which)
{
   return (uint32_t)tongs_enum_in_range(which, (int32_t)tongs_decode_u32(d));
}

void
tongs_look_up_failed(struct tongs_decoder *d, const struct tongs_slot *slot)
{
   if (!slot->handle && d->wait_compiled)
      d->wait_compiled(slot);
   if (!slot->handle || slot->result < 0)
      d->failed = slot;
}

uint64_t
tongs_decode_handle_and_slot(struct tongs_decoder *d, uint8_t type, const char *required,
                             const struct tongs_slot **slot)
{
   uint64_t id = tongs_decode_u64(d);

   *slot = NULL;
   if (id)
      return tongs_look_up(d, id, type, slot);
   if (required)
      tongs_decoder_fail_absent(d, required);
   return 0;
}

uint64_t
tongs_decode_handle(struct tongs_decoder *d, uint8_t type, const char *required)
{
   const struct tongs_slot *slot;

   return tongs_decode_handle_and_slot(d, type, required, &slot);
}

uint64_t
tongs_decode_target(struct tongs_decoder *d, uint8_t type)
{
   uint64_t id = tongs_decode_u64(d);

   if (!id) {
      tongs_decoder_fail(d, TONGS_DECODE_ID);
      return 0;
   }
   d->device = 0;
   uint64_t handle = tongs_look_up(d, id, type, &d->target);
   if (d->target)
      d->device = type == TONGS_TYPE_VkDevice ? tongs_id_slot(id) : d->target->device;
   return handle;
}

uint32_t
tongs_decode_count(struct tongs_decoder *d, uint64_t expected, bool optional, size_t min_size)
{
   uint32_t count = tongs_decode_u32(d);

   if (d->error)
      return 0;
   if (!count) {
      if (expected && !optional)
         tongs_decoder_fail(d, TONGS_DECODE_ABSENT);
      return 0;
   }
   if (count != expected) {
      tongs_decoder_fail(d, TONGS_DECODE_COUNT);
      return 0;
   }
   if (count > tongs_decoder_left(d) / min_size) {
      tongs_decoder_fail(d, TONGS_DECODE_SHORT);
      return 0;
   }
   return count;
}

uint32_t
tongs_decode_count_of_units(struct tongs_decoder *d, uint64_t expected, bool optional,
                            size_t elem_size, uint32_t units)
{
   uint64_t total;

   if (__builtin_mul_overflow(expected, (uint64_t)units, &total)) {
      tongs_decoder_fail(d, TONGS_DECODE_COUNT);
      return 0;
   }
   return tongs_decode_count(d, total, optional, elem_size / units) / units;
}

void *
tongs_decode_empty(struct tongs_decoder *d, uint64_t expected, bool optional, size_t elem_size)
{
   uint64_t count = tongs_decode_u64(d);

   if (d->error)
      return NULL;
   if (!count) {
      if (expected && !optional)
         tongs_decoder_fail(d, TONGS_DECODE_ABSENT);
      return NULL;
   }
   if (count != expected) {
      tongs_decoder_fail(d, TONGS_DECODE_COUNT);
      return NULL;
   }
   return tongs_decode_alloc(d, count, elem_size);
}

const uint64_t *
tongs_decode_handles(struct tongs_decoder *d, uint64_t expected, bool optional, uint8_t type,
                     const char *required)
{
   uint32_t count = tongs_decode_count(d, expected, optional, sizeof(uint64_t));
   uint64_t *handles = tongs_decode_alloc(d, count, sizeof(*handles));

   for (uint32_t i = 0; handles && i < count; i++)
      handles[i] = tongs_decode_handle(d, type, required);
   return handles;
}

const void *
tongs_decode_dispatchables(struct tongs_decoder *d, uint64_t expected, bool optional, uint8_t type,
                           const char *required)
{
   uint32_t count = tongs_decode_count(d, expected, optional, sizeof(uint64_t));
   uintptr_t *handles = tongs_decode_alloc(d, count, sizeof(*handles));

   for (uint32_t i = 0; handles && i < count; i++)
      handles[i] = (uintptr_t)tongs_decode_handle(d, type, required);
   return handles;
}

const uint64_t *
tongs_decode_new_ids(struct tongs_decoder *d, uint64_t expected)
{
   uint32_t count = tongs_decode_count(d, expected, false, sizeof(uint64_t));
   uint64_t *ids = tongs_decode_alloc(d, count, sizeof(*ids));

   for (uint32_t i = 0; ids && i < count; i++)
      ids[i] = tongs_decode_u64(d);
   return ids;
}

const void *
tongs_decode_array(struct tongs_decoder *d, uint64_t expected, bool optional, size_t elem_size)
{
   uint32_t count = tongs_decode_count(d, expected, optional, elem_size);

   if (!count)
      return NULL;
   if (elem_size == 8)
      align8(d);
   return take(d, (uint64_t)count * elem_size);
}

const void *
tongs_decode_pods(struct tongs_decoder *d, uint64_t expected, bool optional, size_t size,
                  size_t unit)
{
   uint64_t units;

   if (__builtin_mul_overflow(expected, (uint64_t)(size / unit), &units)) {
      tongs_decoder_fail(d, TONGS_DECODE_COUNT);
      return NULL;
   }
   return tongs_decode_array(d, units, optional, unit);
}

const void *
tongs_decode_enums(struct tongs_decoder *d, uint64_t expected, bool optional, uint32_t which)
{
   uint32_t count = tongs_decode_count(d, expected, optional, sizeof(uint32_t));
   uint32_t *values = tongs_decode_alloc(d, count, sizeof(*values));

   for (uint32_t i = 0; values && i < count; i++)
      values[i] = tongs_decode_enum(d, which);
   return values;
}

const size_t *
tongs_decode_sizes(struct tongs_decoder *d, uint64_t expected, bool optional)
{
   uint32_t count = tongs_decode_count(d, expected, optional, sizeof(uint64_t));
   size_t *values = tongs_decode_alloc(d, count, sizeof(*values));

   if (count)
      align8(d);
   for (uint32_t i = 0; values && i < count; i++)
      values[i] = tongs_decode_size(d);
   return values;
}

const void *
tongs_decode_blob(struct tongs_decoder *d, uint64_t expected, bool optional)
{
   uint32_t size = tongs_decode_count(d, expected, optional, 1);

   if (!size)
      return NULL;
   align8(d);
   return take(d, size);
}

void
tongs_decode_fixed(struct tongs_decoder *d, void *p, size_t size)
{
   const uint8_t *from = take(d, size);

   if (from)
      memcpy(p, from, size);
}

uint32_t
tongs_decode_list(struct tongs_decoder *d, size_t min_size)
{
   uint32_t count = tongs_decode_u32(d);

   if (count > tongs_decoder_left(d) / min_size) {
      tongs_decoder_fail(d, TONGS_DECODE_SHORT);
      return 0;
   }
   return count;
}

const uint64_t *
tongs_decode_ids(struct tongs_decoder *d, uint32_t max, uint32_t *count)
{
   *count = tongs_decode_list(d, sizeof(uint64_t));
   if (*count > max) {
      tongs_decoder_fail(d, TONGS_DECODE_COUNT);
      *count = 0;
   }
   uint64_t *ids = tongs_decode_alloc(d, *count, sizeof(*ids));
   for (uint32_t i = 0; ids && i < *count; i++)
      ids[i] = tongs_decode_u64(d);
   return ids;
}

const void *
tongs_decode_bytes(struct tongs_decoder *d, uint64_t *size)
{
   *size = tongs_decode_list(d, 1);
   if (!*size)
      return NULL;
   align8(d);
   const void *bytes = take(d, *size);
   if (!bytes)
      *size = 0;
   return bytes;
}

void
tongs_decode_fixed_enums(struct tongs_decoder *d, void *p, size_t count, uint32_t which)
{
   for (size_t i = 0; i < count; i++) {
      uint32_t value = tongs_decode_enum(d, which);
      memcpy((uint8_t *)p + i * sizeof(value), &value, sizeof(value));
   }
}

const char *
tongs_decode_string(struct tongs_decoder *d, const char *required)
{
   uint32_t size = tongs_decode_u32(d);

   if (!size) {
      if (required)
         tongs_decoder_fail_absent(d, required);
      return NULL;
   }
   const uint8_t *s = take(d, size);
   if (s && memchr(s, 0, size) != s + size - 1) {
      tongs_decoder_fail(d, TONGS_DECODE_STRING);
      return NULL;
   }
   return (const char *)s;
}

const char *const *
tongs_decode_strings(struct tongs_decoder *d, uint64_t expected, bool optional)
{
   uint32_t count = tongs_decode_count(d, expected, optional, sizeof(uint32_t));
   const char **strings = tongs_decode_alloc(d, count, sizeof(*strings));

   for (uint32_t i = 0; strings && i < count; i++) {
      strings[i] = tongs_decode_string(d, NULL);
      if (!strings[i])
         tongs_decoder_fail(d, TONGS_DECODE_STRING);
   }
   return strings;
}

bool
tongs_decode_present(struct tongs_decoder *d, const char *required)
{
   bool present = tongs_decode_u32(d);

   if (!present && required && !d->error)
      tongs_decoder_fail_absent(d, required);
   return present && !d->error;
}

/* The count of elements that come back; 0, and failed, if there is no room for them. */
static uint32_t
count_into(struct tongs_decoder *d, const void *p, uint64_t capacity)
{
   uint32_t count = tongs_decode_u32(d);

   if (count && (!p || count > capacity)) {
      tongs_decoder_fail(d, TONGS_DECODE_COUNT);
      return 0;
   }
   return count;
}

void
tongs_decode_array_into(struct tongs_decoder *d, void *p, uint64_t capacity, size_t elem_size)
{
   uint32_t count = count_into(d, p, capacity);

   if (count && elem_size == 8)
      align8(d);
   if (count)
      tongs_decode_fixed(d, p, (size_t)count * elem_size);
}

void
tongs_decode_sizes_into(struct tongs_decoder *d, size_t *p, uint64_t capacity)
{
   uint32_t count = count_into(d, p, capacity);

   if (count)
      align8(d);
   for (uint32_t i = 0; i < count && !d->error; i++)
      p[i] = tongs_decode_size(d);
}

void
tongs_decode_blob_into(struct tongs_decoder *d, void *p, uint64_t capacity)
{
   uint32_t size = count_into(d, p, capacity);

   if (!size)
      return;
   align8(d);
   tongs_decode_fixed(d, p, size);
}
