## SPDX-License-Identifier: MIT
## How one member is encoded, decoded, sent as a shape and read back. `v` points to the struct.
##
## Members whose places are fixed: one check of the room or of the bytes that are left, then stores or loads.
<%def name="encode_part(part, s=None)">\
% if part.array:
${encode(part.array, s)}\
% else:
   if (tongs_encoder_reserve(e, ${part.size})) {
      uint8_t *p = e->cur;
% for m, offset in part.members:
% if m.kind == "handle":
      tongs_put_handle(p + ${offset}, (uintptr_t)(${m.value}), e->raw_handles);
% elif m.kind == "struct":
      memcpy(p + ${offset}, ${m.address}, sizeof(v->${m.name}));
% else:
      tongs_put_${m.wire}(p + ${offset}, ${m.value});
% endif
% endfor
      e->cur = p + ${part.size};
   }
% endif
</%def>
##
<%def name="decode_part(part)">\
% if part.array:
${decode(part.array)}\
% else:
   {
      const uint8_t *p = tongs_take(d, ${part.size});
      if (p) {
% for m, offset in part.members:
         ${decode_fixed(m, offset)}
% endfor
      }
   }
% endif
</%def>
##
<%def name="decode_fixed(m, offset)">\
% if m.kind == "handle" and m.slot:
v->${m.name} = (${m.type})tongs_get_handle_and_slot(d, p + ${offset}, TONGS_TYPE_${m.handle}, ${m.lacking}, &of_${m.name});\
% else:
${decode_plain_fixed(m, offset)}\
% endif
</%def>
##
<%def name="decode_plain_fixed(m, offset)">\
% if m.kind == "handle" and m.dispatchable:
v->${m.name} = (${m.type})(uintptr_t)tongs_get_handle(d, p + ${offset}, TONGS_TYPE_${m.handle}, ${m.lacking});\
% elif m.kind == "handle":
v->${m.name} = (${m.type})tongs_get_handle(d, p + ${offset}, TONGS_TYPE_${m.handle}, ${m.lacking});\
% elif m.kind == "struct":
memcpy(&v->${m.name}, p + ${offset}, sizeof(v->${m.name}));\
% elif m.enum:
v->${m.name} = (${m.type})tongs_get_enum(p + ${offset}, ${m.enum_first}, ${m.enum_last}, TONGS_ENUM_${m.enum});\
% else:
v->${m.name} = (${m.type})tongs_get_${m.wire}(p + ${offset});\
% endif
</%def>
##
<%def name="encode(m, s=None)">\
% if m.kind in ("stype", "none", "allocator"):
<% pass %>\
% elif m.kind == "chain":
   tongs_encode_chain(e, v->pNext, TONGS_STRUCT_${s.name});
% elif m.kind == "scalar" and m.cond:
   tongs_encode_${m.wire}(e, ${m.cond} ? v->${m.name} : 0);
% elif m.kind == "scalar":
   tongs_encode_${m.wire}(e, v->${m.name});
% elif m.kind in ("handle", "dispatch") and m.cond:
   tongs_encode_handle(e, ${m.cond} ? (uintptr_t)v->${m.name} : 0);
% elif m.kind in ("handle", "dispatch"):
   tongs_encode_handle(e, (uintptr_t)v->${m.name});
% elif m.kind == "struct" and m.cond:
   tongs_encode_${m.type}(e, ${m.cond} ? &v->${m.name} : &(${m.type}){0});
% elif m.kind == "struct":
   tongs_encode_${m.type}(e, &v->${m.name});
% elif m.kind == "union" and m.selector and not m.raw_union:
   tongs_encode_${m.type}(e, &v->${m.name}, ${m.selector});
% elif m.kind == "union":
   tongs_encode_${m.type}(e, &v->${m.name});
% elif m.kind == "string":
   tongs_encode_string(e, v->${m.name});
% elif m.kind == "strings":
   tongs_encode_strings(e, v->${m.name}, ${m.count});
% elif m.kind == "fixed":
   tongs_encode_fixed(e, v->${m.name}, sizeof(v->${m.name}));
% elif m.kind == "fixed_struct":
   for (size_t i = 0; i < ${m.size}; i++)
      tongs_encode_${m.type}(e, &v->${m.name}[i]);
% elif m.kind == "bitfields":
   tongs_encode_u32(e, ${m.bits});
% elif m.kind == "scalars" and m.wire == "size":
   tongs_encode_sizes(e, ${m.pointer}, ${m.count});
% elif m.kind == "scalars":
   tongs_encode_array(e, ${m.pointer}, ${m.count}, ${m.elem_size});
% elif m.kind == "handles" and m.dispatchable:
   tongs_encode_dispatchables(e, ${m.pointer}, ${m.count});
% elif m.kind == "handles":
   tongs_encode_handles(e, (const uint64_t *)${m.pointer}, ${m.count});
% elif m.kind == "structs" and m.stride:
% if m.pod:
   tongs_encode_u32(e, v->${m.name} ? ${m.count} * (uint32_t)(sizeof(*v->${m.name}) / 4) : 0);
% else:
   tongs_encode_u32(e, v->${m.name} ? ${m.count} : 0);
% endif
   for (uint64_t i = 0; v->${m.name} && i < ${m.count} && !e->failed; i++)
      tongs_encode_${m.type}(e, (const ${m.type} *)((const uint8_t *)v->${m.name} + i * v->${m.stride}));
% elif m.kind == "structs":
   tongs_encode_${m.type}_array(e, ${m.pointer}, ${m.count});
% elif m.kind == "pointers":
   tongs_encode_${m.type}_pointers(e, ${m.pointer}, ${m.count});
% elif m.kind == "nested_structs":
   tongs_encode_u32(e, v->${m.name} ? ${m.count} : 0);
   for (uint32_t i = 0; v->${m.name} && i < ${m.count}; i++)
      tongs_encode_${m.type}_array(e, v->${m.name}[i], ${m.inner});
% elif m.kind == "nested_scalars":
   tongs_encode_u32(e, v->${m.name} ? ${m.count} : 0);
   for (uint32_t i = 0; v->${m.name} && i < ${m.count}; i++)
      tongs_encode_array(e, v->${m.name}[i], ${m.inner}, ${m.elem_size});
% elif m.kind == "blob" or m.kind == "inout_blob":
   tongs_encode_blob(e, ${m.pointer}, ${m.count});
% elif m.kind == "room" and m.type == "void":
   tongs_encode_blob(e, ${m.pointer}, ${m.count});
% elif m.kind == "room":
   tongs_encode_u64(e, v->${m.name} ? ${m.count} : 0);
% elif m.kind == "untyped":
   tongs_encode_handle(e, tongs_type_of_object((uint32_t)${m.selector}) ? v->${m.name} : 0);
% elif m.kind == "new" and m.dispatchable:
   tongs_encode_dispatchables(e, v->${m.name}, ${m.count});
% elif m.kind == "new":
   tongs_encode_handles(e, (const uint64_t *)v->${m.name}, ${m.count});
% elif m.kind == "out_scalar":
   tongs_encode_u32(e, v->${m.name} != NULL);
% elif m.kind == "out_count" and m.type == "size_t":
   tongs_encode_room(e, v->${m.name} ? *v->${m.name} : 0);
% elif m.kind == "out_count":
   tongs_encode_u64(e, v->${m.name} ? *v->${m.name} : 0);
% elif m.kind == "out_struct":
   tongs_encode_u32(e, v->${m.name} != NULL);
% if m.shape:
   if (v->${m.name})
      tongs_encode_shape_${m.type}(e, v->${m.name});
% endif
% elif m.kind in ("out_scalars", "out_blob"):
   tongs_encode_u32(e, v->${m.name} != NULL);
% elif m.kind == "out_structs":
   tongs_encode_u32(e, v->${m.name} != NULL);
% if m.shape:
   for (uint64_t i = 0; v->${m.name} && i < ${m.count}; i++)
      tongs_encode_shape_${m.type}(e, &v->${m.name}[i]);
% endif
% else:
<% raise NotImplementedError(m) %>
% endif
</%def>
##
## The slots that the conditions on ranges ask about: variables, and then the conditions.
<%def name="declare_slots(members)">\
% for m in members:
% if m.kind == "handles":
   const uint8_t *ids_${m.name} = NULL;
% else:
   const struct tongs_slot *of_${m.name} = NULL;
% endif
% endfor
</%def>
##
<%def name="bounds(checks)">\
% if checks:
   if (tongs_knows_bounds(d)) {
% for b in checks:
% if b.each:
      for (uint64_t i = 0; v->${b.each} && i < ${b.count}; i++) {
% if b.type:
         const ${b.type} *r = &v->${b.each}[i];
% endif
% for name in b.arrays:
         const struct tongs_slot *of_${name} = tongs_slot_at(d, ids_${name}, i);
% endfor
         if (!(${b.cond}))
            tongs_decoder_fail_bounds(d, "${b.rule}");
      }
% else:
      if (!(${b.cond}))
         tongs_decoder_fail_bounds(d, "${b.rule}");
% endif
% endfor
   }
% endif
</%def>
##
<%def name="decode(m)">\
% if m.slot and m.kind == "handles":
   ids_${m.name} = d->cur + 4; /* behind the count */
% endif
% if m.kind in ("stype", "none", "allocator"):
<% pass %>\
% elif m.kind == "scalar" and m.enum:
   v->${m.name} = (${m.type})tongs_decode_enum(d, TONGS_ENUM_${m.enum});
% elif m.kind == "scalar":
   v->${m.name} = (${m.type})tongs_decode_${m.wire}(d);
% elif m.kind == "dispatch":
   v->${m.name} = (${m.type})(uintptr_t)tongs_decode_target(d, TONGS_TYPE_${m.handle});
% elif m.kind == "handle" and m.slot:
   v->${m.name} = (${m.type})tongs_decode_handle_and_slot(d, TONGS_TYPE_${m.handle}, ${m.lacking}, &of_${m.name});
% elif m.kind == "handle" and m.dispatchable:
   v->${m.name} = (${m.type})(uintptr_t)tongs_decode_handle(d, TONGS_TYPE_${m.handle}, ${m.lacking});
% elif m.kind == "handle":
   v->${m.name} = (${m.type})tongs_decode_handle(d, TONGS_TYPE_${m.handle}, ${m.lacking});
% elif m.kind == "struct":
   tongs_decode_${m.type}(d, &v->${m.name});
% elif m.kind == "union" and m.selector and not m.raw_union:
   tongs_decode_${m.type}(d, &v->${m.name}, ${m.selector});
% elif m.kind == "union":
   tongs_decode_${m.type}(d, &v->${m.name});
% elif m.kind == "string":
   v->${m.name} = tongs_decode_string(d, ${m.lacking});
% elif m.kind == "strings":
   v->${m.name} = tongs_decode_strings(d, ${m.count}, ${m.optional});
% elif m.kind == "fixed" and m.enum:
   tongs_decode_fixed_enums(d, v->${m.name}, ${m.size}, TONGS_ENUM_${m.enum});
% elif m.kind == "fixed":
   tongs_decode_fixed(d, v->${m.name}, sizeof(v->${m.name}));
% elif m.kind == "fixed_struct":
   for (size_t i = 0; i < ${m.size}; i++)
      tongs_decode_${m.type}(d, &v->${m.name}[i]);
% elif m.kind == "bitfields":
   {
      uint32_t bits = tongs_decode_u32(d);
% for name, width, mask in m.masks:
      v->${name} = bits & ${mask | hex}u;
% if not loop.last:
      bits >>= ${width};
% endif
% endfor
   }
% elif m.kind == "scalars" and m.wire == "size":
   v->${m.name} = ${m.cast}tongs_decode_sizes(d, ${m.count}, ${m.optional});
% elif m.kind == "scalars" and m.enum:
   v->${m.name} = ${m.cast}tongs_decode_enums(d, ${m.count}, ${m.optional}, TONGS_ENUM_${m.enum});
% elif m.kind == "scalars":
   v->${m.name} = ${m.cast}tongs_decode_array(d, ${m.count}, ${m.optional}, ${m.elem_size});
% elif m.kind == "handles" and m.dispatchable:
   v->${m.name} = tongs_decode_dispatchables(d, ${m.count}, ${m.optional}, TONGS_TYPE_${m.handle}, ${m.lacking});
% elif m.kind == "handles":
   v->${m.name} = (${m.type} *)tongs_decode_handles(d, ${m.count}, ${m.optional}, TONGS_TYPE_${m.handle}, ${m.lacking});
% elif m.kind == "structs":
   v->${m.name} = tongs_decode_${m.type}_array(d, ${m.count}, ${m.optional});
% elif m.kind == "pointers":
   v->${m.name} = tongs_decode_${m.type}_pointers(d, ${m.count}, ${m.optional});
% elif m.kind == "nested_structs":
   {
      uint32_t n = tongs_decode_count(d, ${m.count}, ${m.optional}, 4);
      const ${m.type} **lists = tongs_decode_alloc(d, n, sizeof(*lists));
      for (uint32_t i = 0; lists && i < n; i++)
         lists[i] = tongs_decode_${m.type}_array(d, ${m.inner}, false);
      v->${m.name} = lists;
   }
% elif m.kind == "nested_scalars":
   {
      uint32_t n = tongs_decode_count(d, ${m.count}, ${m.optional}, 4);
      const ${m.type} **lists = tongs_decode_alloc(d, n, sizeof(*lists));
      for (uint32_t i = 0; lists && i < n; i++)
         lists[i] = tongs_decode_array(d, ${m.inner}, false, ${m.elem_size});
      v->${m.name} = lists;
   }
% elif m.kind == "blob":
   v->${m.name} = ${m.cast}tongs_decode_blob(d, ${m.count}, ${m.optional});
% elif m.kind == "room" and m.type == "void":
   v->${m.name} = (void *)tongs_decode_blob(d, ${m.count}, ${m.optional});
% elif m.kind == "room":
   v->${m.name} = tongs_decode_empty(d, ${m.count}, ${m.optional}, sizeof(*v->${m.name}));
% elif m.kind == "untyped":
   v->${m.name} = tongs_decode_handle(d, tongs_type_of_object((uint32_t)${m.selector}), NULL);
% elif m.kind == "inout_blob":
   v->${m.name} = (void *)tongs_decode_blob(d, ${m.count}, ${m.optional});
% elif m.kind == "out_scalar":
   if (tongs_decode_present(d, ${m.lacking}))
      v->${m.name} = tongs_decode_alloc(d, 1, sizeof(*v->${m.name}));
% elif m.kind == "out_count":
   v->${m.name} = tongs_decode_alloc(d, 1, sizeof(*v->${m.name}));
   if (v->${m.name})
      *v->${m.name} = (${m.type})tongs_decode_u64(d);
% elif m.kind == "out_struct":
   if (tongs_decode_present(d, ${m.lacking}))
      v->${m.name} = tongs_decode_alloc(d, 1, sizeof(*v->${m.name}));
% if m.shape:
   if (v->${m.name})
      tongs_decode_shape_${m.type}(d, v->${m.name});
% endif
% elif m.kind == "out_blob":
% if m.required:
   if (tongs_decode_present(d, ${m.count} ? ${m.lacking} : NULL))
% else:
   if (tongs_decode_present(d, NULL))
% endif
      v->${m.name} = tongs_decode_room(d, ${m.count}, 1);
% elif m.kind == "out_scalars":
% if m.required:
   if (tongs_decode_present(d, ${m.count} ? ${m.lacking} : NULL))
% else:
   if (tongs_decode_present(d, NULL))
% endif
      v->${m.name} = tongs_decode_room(d, ${m.count}, sizeof(*v->${m.name}));
% elif m.kind == "out_structs":
% if m.required:
   if (tongs_decode_present(d, ${m.count} ? ${m.lacking} : NULL))
% else:
   if (tongs_decode_present(d, NULL))
% endif
      v->${m.name} = tongs_decode_room(d, ${m.count}, sizeof(*v->${m.name}));
% if m.shape:
   for (uint64_t i = 0; v->${m.name} && i < ${m.count} && !d->error; i++)
      tongs_decode_shape_${m.type}(d, &v->${m.name}[i]);
% endif
% else:
<% raise NotImplementedError(m) %>
% endif
</%def>
##
## The members that the host driver wrote through an input struct.
<%def name="encode_returned(m)">\
% if m.kind == "chain":
   tongs_encode_returned_chain(e, v->pNext);
% elif m.kind == "room" and m.type == "void":
   tongs_encode_blob(e, v->${m.name}, v->${m.name} ? ${m.count} : 0);
% elif m.kind == "room" and m.elem_size:
   tongs_encode_array(e, v->${m.name}, v->${m.name} ? ${m.count} : 0, ${m.elem_size});
% elif m.kind == "room":
   tongs_encode_${m.type}_array(e, v->${m.name}, ${m.count});
% elif m.kind == "struct" and m.returned:
   tongs_encode_returned_${m.type}(e, &v->${m.name});
% elif m.kind == "structs" and m.returned:
   for (uint64_t i = 0; v->${m.name} && i < ${m.count}; i++)
      tongs_encode_returned_${m.type}(e, &v->${m.name}[i]);
% endif
</%def>
##
<%def name="decode_returned(m)">\
% if m.kind == "chain":
   tongs_decode_returned_chain(d, v->pNext);
% elif m.kind == "room" and m.type == "void":
   tongs_decode_blob_into(d, v->${m.name}, v->${m.name} ? ${m.count} : 0);
% elif m.kind == "room" and m.elem_size:
   tongs_decode_array_into(d, v->${m.name}, v->${m.name} ? ${m.count} : 0, ${m.elem_size});
% elif m.kind == "room":
   tongs_decode_${m.type}_array_into(d, v->${m.name}, v->${m.name} ? ${m.count} : 0);
% elif m.kind == "struct" and m.returned:
   tongs_decode_returned_${m.type}(d, &v->${m.name});
% elif m.kind == "structs" and m.returned:
   for (uint64_t i = 0; v->${m.name} && i < ${m.count} && !d->error; i++)
      tongs_decode_returned_${m.type}(d, &v->${m.name}[i]);
% endif
</%def>
##
## An output struct: its shape travels to the worker first, so that the host driver finds its chain and its arrays.
<%def name="encode_shape(m, s)">\
% if m.kind == "chain":
   tongs_encode_shape_chain(e, v->pNext, TONGS_STRUCT_${s.name});
% elif m.kind == "struct" and m.shape:
   tongs_encode_shape_${m.type}(e, &v->${m.name});
% elif m.kind == "fixed_struct" and m.shape:
   for (size_t i = 0; i < ${m.size}; i++)
      tongs_encode_shape_${m.type}(e, &v->${m.name}[i]);
% elif m.kind in ("scalars", "blob", "structs"):
% if m.kind == "blob" and m.count_member:
   tongs_encode_room(e, ${m.count});
% else:
   tongs_encode_u64(e, ${m.count});
% endif
   tongs_encode_u32(e, v->${m.name} != NULL);
% if m.kind == "structs" and m.shape:
   for (uint64_t i = 0; v->${m.name} && i < ${m.count}; i++)
      tongs_encode_shape_${m.type}(e, &v->${m.name}[i]);
% endif
% endif
</%def>
##
<%def name="decode_shape(m, s)">\
% if m.kind == "stype":
   v->sType = ${m.stype};
% elif m.kind == "chain":
   v->pNext = tongs_decode_shape_chain(d, TONGS_STRUCT_${s.name});
% elif m.kind == "struct" and m.shape:
   tongs_decode_shape_${m.type}(d, &v->${m.name});
% elif m.kind == "fixed_struct" and m.shape:
   for (size_t i = 0; i < ${m.size}; i++)
      tongs_decode_shape_${m.type}(d, &v->${m.name}[i]);
% elif m.kind in ("scalars", "blob", "structs"):
% if m.count_member:
   v->${m.count_member} = tongs_decode_u64(d);
% else:
   if (tongs_decode_u64(d) != ${m.count})
      tongs_decoder_fail(d, TONGS_DECODE_COUNT);
% endif
   if (tongs_decode_u32(d) && !d->error)
% if m.kind == "blob":
      v->${m.name} = tongs_decode_room(d, ${m.count}, 1);
% else:
      v->${m.name} = tongs_decode_room(d, ${m.count}, sizeof(*v->${m.name}));
% endif
% if m.kind == "structs" and m.shape:
   for (uint64_t i = 0; v->${m.name} && i < ${m.count} && !d->error; i++)
      tongs_decode_shape_${m.type}(d, (${m.type} *)&v->${m.name}[i]);
% endif
% endif
</%def>
##
## The capacities of a struct's arrays, read before its counts are overwritten.
<%def name="capacity(m)">\
% if m.kind in ("scalars", "blob", "structs"):
   const uint64_t ${m.name}_capacity = v->${m.name} ? ${m.count} : 0;
% endif
</%def>
##
## A count that comes back is never more than the application has room for.
<%def name="check_capacity(m)">\
% if m.kind in ("scalars", "blob", "structs") and m.count_member:
   if (v->${m.name} && v->${m.count_member} > ${m.name}_capacity) {
      tongs_decoder_fail(d, TONGS_DECODE_COUNT);
      v->${m.count_member} = 0;
   }
% endif
</%def>
##
<%def name="decode_into(m)">\
% if m.kind in ("stype", "none"):
<% pass %>\
% elif m.kind == "chain":
   tongs_decode_chain_into(d, (void *)v->pNext);
% elif m.kind == "scalar":
   v->${m.name} = (${m.type})tongs_decode_${m.wire}(d);
% elif m.kind == "struct":
   tongs_decode_${m.type}_into(d, &v->${m.name});
% elif m.kind == "fixed_struct":
   for (size_t i = 0; i < ${m.size}; i++)
      tongs_decode_${m.type}_into(d, &v->${m.name}[i]);
% elif m.kind == "fixed":
   tongs_decode_fixed(d, v->${m.name}, sizeof(v->${m.name}));
% if m.type == "char":
   v->${m.name}[sizeof(v->${m.name}) - 1] = 0;
% endif
% elif m.kind == "union" and m.raw_union:
   tongs_decode_fixed(d, &v->${m.name}, sizeof(v->${m.name}));
% elif m.kind == "bitfields":
${decode(m)}\
% elif m.kind == "scalars" and m.wire == "size":
   tongs_decode_sizes_into(d, (size_t *)v->${m.name}, ${m.name}_capacity);
% elif m.kind == "scalars":
   tongs_decode_array_into(d, (void *)v->${m.name}, ${m.name}_capacity, ${m.elem_size});
% elif m.kind == "blob":
   tongs_decode_blob_into(d, (void *)v->${m.name}, ${m.name}_capacity);
% elif m.kind == "structs":
   tongs_decode_${m.type}_array_into(d, (${m.type} *)v->${m.name}, ${m.name}_capacity);
% else:
<% raise NotImplementedError(m) %>
% endif
</%def>
##
## The results of a command, in the worker and in the client.
<%def name="encode_result(m)">\
% if m.kind == "new":
   for (uint64_t i = 0; i < ${m.count}; i++)
      tongs_encode_u32(e, v->${m.name}[i] != VK_NULL_HANDLE);
% elif m.kind == "out_scalar":
   if (v->${m.name})
      tongs_encode_${m.wire}(e, *v->${m.name});
% elif m.kind == "out_count":
   tongs_encode_u64(e, v->${m.name} ? *v->${m.name} : 0);
% elif m.kind == "out_struct":
   if (v->${m.name})
      tongs_encode_${m.type}(e, v->${m.name});
% elif m.kind == "out_scalars" and m.wire == "size":
   tongs_encode_sizes(e, v->${m.name}, ${m.count});
% elif m.kind == "out_scalars":
   tongs_encode_array(e, v->${m.name}, ${m.count}, ${m.elem_size});
% elif m.kind == "out_structs":
   tongs_encode_${m.type}_array(e, v->${m.name}, ${m.count});
% elif m.kind in ("out_blob", "inout_blob"):
   tongs_encode_blob(e, v->${m.name}, ${m.count});
% endif
</%def>
##
<%def name="decode_result(m)">\
% if m.kind == "new":
   for (uint64_t i = 0; i < ${m.count}; i++)
      if (!tongs_decode_u32(d))
         v->${m.name}[i] = VK_NULL_HANDLE;
% elif m.kind == "out_scalar":
   if (v->${m.name})
      *v->${m.name} = (${m.type})tongs_decode_${m.wire}(d);
% elif m.kind == "out_count":
   {
      ${m.type} count = (${m.type})tongs_decode_u64(d);
      if (v->${m.name} && !d->error)
         *v->${m.name} = count;
   }
% elif m.kind == "out_struct":
   if (v->${m.name})
      tongs_decode_${m.type}_into(d, v->${m.name});
% elif m.kind == "out_scalars" and m.wire == "size":
   tongs_decode_sizes_into(d, v->${m.name}, v->${m.name} ? ${m.name}_capacity : 0);
% elif m.kind == "out_scalars":
   tongs_decode_array_into(d, v->${m.name}, ${m.name}_capacity, ${m.elem_size});
% elif m.kind == "out_structs":
   tongs_decode_${m.type}_array_into(d, v->${m.name}, ${m.name}_capacity);
% elif m.kind in ("out_blob", "inout_blob"):
   tongs_decode_blob_into(d, v->${m.name}, ${m.name}_capacity);
% endif
</%def>
##
<%def name="result_capacity(m)">\
% if m.kind in ("out_scalars", "out_structs", "out_blob", "inout_blob"):
   const uint64_t ${m.name}_capacity = v->${m.name} ? ${m.count} : 0;
% endif
</%def>
##
<%def name="check_result_capacity(m)">\
% if m.kind in ("out_scalars", "out_structs", "out_blob") and m.counted_by_pointer:
   if (v->${m.name} && ${m.count} > ${m.name}_capacity) {
      tongs_decoder_fail(d, TONGS_DECODE_COUNT);
      ${m.count} = 0;
   }
% endif
</%def>
