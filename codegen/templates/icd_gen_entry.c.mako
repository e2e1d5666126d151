/* ${made_by}. SPDX-License-Identifier: MIT */
#include "icd_gen_entry.h"

#include "icd/command_buffer.h"
#include "icd/connection.h"
#include "icd/device.h"
#include "icd/notes.h"
#include "icd/object.h"
#include "icd/physical_device.h"

#include "icd_gen_bounds.h"
#include "tongs_gen_args.h"
#include "tongs_gen_record.h"
#include "tongs_gen_types.h"

% for o in ops:
% if o.entry == "generated":
VKAPI_ATTR ${o.ret} VKAPI_CALL
icd_${o.short}(${o.declaration})
{
% if o.noted:
   icd_note_${o.short}(${o.names});
% endif
% if o.flat:
   const struct tongs_args_${o.name} args = {
% for m in o.params:
% if m.kind != "dispatch":
      .${m.name} = ${m.name},
% endif
% endfor
   };
   uint8_t *op = icd_put_begin(${o.handle}, tongs_room_${o.name}(&args));
   if (op)
      icd_put_end(${o.handle}, TONGS_OP_${o.name}, op, tongs_put_${o.name}(op + 8, &args, false));
% elif o.kind == "record":
   icd_record(${o.handle}, TONGS_OP_${o.name},
              &(struct tongs_args_${o.name}){
% for m in o.params:
% if m.kind != "dispatch":
                 .${m.name} = ${m.name},
% endif
% endfor
              });
% elif o.new:
   struct icd_dispatchable *parent = icd_dispatchable_from(${o.handle});
   struct tongs_object *object = icd_object_create(parent, ${o.allocator}, TONGS_TYPE_${o.create});
   if (!object)
      return VK_ERROR_OUT_OF_HOST_MEMORY;

   ${o.new.type} created = (${o.new.type})(uintptr_t)object;
   struct tongs_args_${o.name} args = {
% for m in o.sent:
      .${m.name} = ${m.name},
% endfor
      .${o.new.name} = &created,
   };
% if o.bound:
   VkResult result = icd_create(parent->connection, TONGS_OP_${o.name}, &args, icd_way_of_${o.short}(&args));
% elif o.ranges:
   VkResult result = icd_create(parent->connection, TONGS_OP_${o.name}, &args,
                                icd_is_in_range_${o.short}(&args) ? ICD_${o.kind | upper} : ICD_REFUSE);
% else:
   VkResult result = icd_${o.kind}(parent->connection, TONGS_OP_${o.name}, &args);
% endif
   if (result < 0) {
      icd_object_destroy(parent, ${o.allocator}, object);
      return result;
   }
   *${o.new.name} = (${o.new.type})(uintptr_t)object;
   return result;
% elif o.destroyed:
   struct icd_dispatchable *parent = icd_dispatchable_from(${o.handle});
   if (!${o.destroyed.name})
      return;

   struct tongs_args_${o.name} args = {
% for m in o.sent:
      .${m.name} = ${m.name},
% endfor
   };
   icd_post(parent->connection, TONGS_OP_${o.name}, &args);
   icd_object_destroy(parent, ${o.allocator}, (struct tongs_object *)(uintptr_t)${o.destroyed.name});
% else:
   struct tongs_args_${o.name} args = {
% for m in o.sent:
      .${m.name} = ${m.name},
% endfor
   };
% if o.cached_in_device:
   struct icd_device *caching = icd_device_from(${o.handle});
% endif
% if o.cached and o.level == "device":
   struct icd_physical_device *physical = icd_device_from(${o.handle})->physical;
% endif
% if o.cached_in_device:
   icd_cached_call(&caching->answers, caching->base.connection, TONGS_OP_${o.name}, &args);
% elif o.cached and o.level == "device" and o.ret == "VkResult":
   return icd_physical_device_ask((VkPhysicalDevice)physical, TONGS_OP_${o.name}, &args);
% elif o.cached and o.level == "device":
   icd_physical_device_ask((VkPhysicalDevice)physical, TONGS_OP_${o.name}, &args);
% elif o.cached and o.ret == "VkResult":
   return icd_physical_device_ask(${o.handle}, TONGS_OP_${o.name}, &args);
% elif o.cached:
   icd_physical_device_ask(${o.handle}, TONGS_OP_${o.name}, &args);
% elif o.kind == "post" and o.ret == "VkResult":
   return icd_post(icd_dispatchable_from(${o.handle})->connection, TONGS_OP_${o.name}, &args);
% elif o.kind == "post":
   icd_post(icd_dispatchable_from(${o.handle})->connection, TONGS_OP_${o.name}, &args);
% elif o.ret == "VkResult":
   return icd_call(icd_dispatchable_from(${o.handle})->connection, TONGS_OP_${o.name}, &args);
% elif o.ret == "void":
   icd_call(icd_dispatchable_from(${o.handle})->connection, TONGS_OP_${o.name}, &args);
% else:
   icd_call(icd_dispatchable_from(${o.handle})->connection, TONGS_OP_${o.name}, &args);
   return args.ret;
% endif
% endif
}

% endif
% endfor
