<%def name="declare(m)">\
% if m.kind == "string":
   const char *${m.name};
% elif m.kind == "blob":
   const void *${m.name};
   uint64_t ${m.name}_size;
% elif m.kind == "ids":
   const uint64_t *${m.name};
   uint32_t ${m.name}_count;
% elif m.kind == "list":
   const struct tongs_own_${m.record} *${m.name};
   uint32_t ${m.name}_count;
% elif m.kind == "record":
   struct tongs_own_${m.record} ${m.name};
% elif m.kind == "bytes":
   uint8_t ${m.name}[${m.size}];
% elif m.kind == "u32":
   uint32_t ${m.name};
% elif m.kind == "i32":
   int32_t ${m.name};
% else:
   uint64_t ${m.name};
% endif
</%def>\
<%def name="encode(m)">\
% if m.cond:
   if (${m.cond})
   ${encode_value(m)}\
% else:
${encode_value(m)}\
% endif
</%def>\
<%def name="encode_value(m)">\
% if m.kind == "zero":
   tongs_encode_u32(e, 0);
% elif m.kind in ("u32", "i32", "u64", "string"):
   tongs_encode_${m.kind}(e, v->${m.name});
% elif m.kind in ("target", "handle", "id"):
   tongs_encode_u64(e, v->${m.name});
% elif m.kind == "blob":
   tongs_encode_blob(e, v->${m.name}, v->${m.name}_size);
% elif m.kind == "record":
   tongs_encode_own_${m.record}(e, &v->${m.name});
% elif m.kind == "ids":
   tongs_encode_ids(e, v->${m.name}, v->${m.name}_count);
% elif m.kind == "bytes":
   tongs_encode_fixed(e, v->${m.name}, sizeof(v->${m.name}));
% elif m.kind == "list":
   tongs_encode_u32(e, v->${m.name}_count);
   for (uint32_t i = 0; i < v->${m.name}_count && !e->failed; i++)
      tongs_encode_own_${m.record}(e, &v->${m.name}[i]);
% endif
</%def>\
<%def name="decode(m)">\
% if m.cond:
   if (${m.cond})
   ${decode_value(m)}\
% else:
${decode_value(m)}\
% endif
</%def>\
<%def name="decode_value(m)">\
% if m.kind == "zero":
   tongs_decode_u32(d);
% elif m.kind in ("u32", "i32", "u64"):
   v->${m.name} = tongs_decode_${m.kind}(d);
% elif m.kind == "string":
   v->${m.name} = tongs_decode_string(d, NULL);
% elif m.kind == "target":
   v->${m.name} = tongs_decode_target(d, TONGS_TYPE_${m.handle});
% elif m.kind == "handle":
   v->${m.name} = tongs_decode_handle(d, TONGS_TYPE_${m.handle}, NULL);
% elif m.kind == "id":
   v->${m.name} = tongs_decode_u64(d);
% elif m.kind == "blob":
   v->${m.name} = tongs_decode_bytes(d, &v->${m.name}_size);
% elif m.kind == "record":
   tongs_decode_own_${m.record}(d, &v->${m.name});
% elif m.kind == "ids":
   v->${m.name} = tongs_decode_ids(d, ${m.limit}, &v->${m.name}_count);
% elif m.kind == "bytes":
   tongs_decode_fixed(d, v->${m.name}, sizeof(v->${m.name}));
% elif m.kind == "list":
   v->${m.name}_count = tongs_decode_list(d, ${m.record_size});
   struct tongs_own_${m.record} *${m.name} = tongs_decode_alloc(d, v->${m.name}_count, sizeof(*${m.name}));
   for (uint32_t i = 0; ${m.name} && i < v->${m.name}_count && !d->error; i++)
      tongs_decode_own_${m.record}(d, &${m.name}[i]);
   v->${m.name} = ${m.name};
% endif
</%def>\
