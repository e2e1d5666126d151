/* ${made_by}. SPDX-License-Identifier: MIT */
#ifndef TONGS_GEN_TYPES_H
#define TONGS_GEN_TYPES_H

#include <stdint.h>

/* Numbers of object types and ops, from protocol/ops.txt. */
enum {
% for name, number in numbers.types.items():
   TONGS_TYPE_${name} = ${number},
% endfor
};

enum {
% for name, number in numbers.ops.items():
   TONGS_OP_${name} = ${number},
% endfor
};

#define TONGS_OP_COUNT ${ir.op_count}
#define TONGS_STRUCT_COUNT ${len(ir.structs)}
#define TONGS_ENUM_COUNT ${len(ir.enums)}

/* The registry that this was built from, and a hash of everything that travels. */
#define TONGS_HEADER_VERSION ${ir.header_version}
#define TONGS_API_VERSION (${ir.major}u << 22 | ${ir.minor}u << 12)
#define TONGS_DIGEST UINT64_C(${announced.digest | hex})

enum {
% for e in ir.enums:
   TONGS_ENUM_${e.name} = ${e.index},
% endfor
};

/* The TONGS_TYPE_* of a VkObjectType; 0 if the worker has no objects of that type. */
uint8_t
tongs_type_of_object(uint32_t object_type);

/* `value` if it is a value of the enum `which` (TONGS_ENUM_*), else the first value of that enum. */
int32_t
tongs_enum_in_range(uint32_t which, int32_t value);

#endif
