/* ${made_by}. SPDX-License-Identifier: MIT */
#include "icd_gen_entry.h"

#include "icd/command_buffer.h"
#include "icd/connection.h"
#include "icd/device.h"
#include "icd/object.h"
#include "icd/physical_device.h"

#include "tongs_gen_args.h"
#include "tongs_gen_record.h"
#include "tongs_gen_types.h"

% for o in ops:
% if o.entry == "generated":
<%
first = o.params[0]
handle = first.name
created = next((m for m in o.params if m.kind == "new"), None)
allocator = next((m.name for m in o.params if m.kind == "allocator"), "NULL")
destroyed = next((m for m in o.params if o.destroy and m.handle == o.destroy), None)
asked = f"(VkPhysicalDevice)icd_device_from({handle})->physical" if o.level == "device" else handle
fields = [m for m in o.params if m.kind not in ("allocator", "new")]
%>\
VKAPI_ATTR ${o.ret} VKAPI_CALL
icd_${o.short}(${", ".join(m.decl for m in o.params)})
{
% if o.flat:
   const struct tongs_args_${o.name} args = {
% for m in o.params:
% if m.kind != "dispatch":
      .${m.name} = ${m.name},
% endif
% endfor
   };
   uint8_t *op = icd_put_begin(${handle}, tongs_room_${o.name}(&args));
   if (op)
      icd_put_end(${handle}, TONGS_OP_${o.name}, op, tongs_put_${o.name}(op + 8, &args, false));
% elif o.kind == "record":
   icd_record(${handle}, TONGS_OP_${o.name},
              &(struct tongs_args_${o.name}){
% for m in o.params:
% if m.kind != "dispatch":
                 .${m.name} = ${m.name},
% endif
% endfor
              });
% elif created:
   struct icd_dispatchable *parent = icd_dispatchable_from(${handle});
   struct tongs_object *object = icd_object_create(parent, ${allocator}, TONGS_TYPE_${o.create});
   if (!object)
      return VK_ERROR_OUT_OF_HOST_MEMORY;

   ${created.type} created = (${created.type})(uintptr_t)object;
   struct tongs_args_${o.name} args = {
% for m in fields:
      .${m.name} = ${m.name},
% endfor
      .${created.name} = &created,
   };
   VkResult result = icd_${"call" if o.kind == "call" else "post"}(parent->connection, TONGS_OP_${o.name}, &args);
   if (result < 0) {
      icd_object_destroy(parent, ${allocator}, object);
      return result;
   }
   *${created.name} = (${created.type})(uintptr_t)object;
   return result;
% elif destroyed:
   struct icd_dispatchable *parent = icd_dispatchable_from(${handle});
   if (!${destroyed.name})
      return;

   struct tongs_args_${o.name} args = {
% for m in fields:
      .${m.name} = ${m.name},
% endfor
   };
   icd_post(parent->connection, TONGS_OP_${o.name}, &args);
   icd_object_destroy(parent, ${allocator}, (struct tongs_object *)(uintptr_t)${destroyed.name});
% else:
   struct tongs_args_${o.name} args = {
% for m in fields:
      .${m.name} = ${m.name},
% endfor
   };
% if o.cached:
   ${"return " if o.ret == "VkResult" else ""}icd_physical_device_ask(${asked}, TONGS_OP_${o.name}, &args);
% elif o.kind == "post" and o.ret == "VkResult":
   return icd_post(icd_dispatchable_from(${handle})->connection, TONGS_OP_${o.name}, &args);
% elif o.kind == "post":
   icd_post(icd_dispatchable_from(${handle})->connection, TONGS_OP_${o.name}, &args);
% elif o.ret == "VkResult":
   return icd_call(icd_dispatchable_from(${handle})->connection, TONGS_OP_${o.name}, &args);
% elif o.ret == "void":
   icd_call(icd_dispatchable_from(${handle})->connection, TONGS_OP_${o.name}, &args);
% else:
   icd_call(icd_dispatchable_from(${handle})->connection, TONGS_OP_${o.name}, &args);
   return args.ret;
% endif
% endif
}

% endif
% endfor
