<%def name="row(m, struct)">\
   {
      .kind = TONGS_OWN_MEMBER_${m.kind | upper},
% if m.in_struct:
      .name = "${m.name}",
      .offset = offsetof(${struct}, ${m.name}),
% endif
% if m.handle:
      .type = TONGS_TYPE_${m.handle},
% endif
% if m.kind == "bytes":
      .size = ${m.size},
% endif
% if m.kind == "blob":
      .count_offset = offsetof(${struct}, ${m.name}_size),
% endif
% if m.kind == "ids":
      .count_offset = offsetof(${struct}, ${m.name}_count),
      .limit = ${m.limit},
% endif
% if m.kind == "record":
      .record = &${m.record}_record,
% endif
% if m.kind == "list":
      .count_offset = offsetof(${struct}, ${m.name}_count),
      .record = &${m.record}_record,
% endif
   },
</%def>\
