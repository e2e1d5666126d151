/* SPDX-License-Identifier: MIT */

/* Tables of the members of every struct and of every op's arguments, for `tongs dump`, the
 * tests and the fuzzer. Neither the driver nor the worker links them. */

#ifndef TONGS_INFO_H
#define TONGS_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kinds of member; docs/wire.md says how each travels. */
enum tongs_info_kind {
   TONGS_INFO_NONE, /* never travels */
   TONGS_INFO_STYPE,
   TONGS_INFO_CHAIN,
   TONGS_INFO_ALLOCATOR, /* never travels */
   TONGS_INFO_SCALAR,
   TONGS_INFO_HANDLE,
   TONGS_INFO_DISPATCH, /* the op's first handle */
   TONGS_INFO_STRUCT,
   TONGS_INFO_UNION,
   TONGS_INFO_STRING,
   TONGS_INFO_STRINGS,
   TONGS_INFO_FIXED, /* a fixed array of scalars */
   TONGS_INFO_FIXED_STRUCT,
   TONGS_INFO_BITFIELDS,
   TONGS_INFO_UNTYPED, /* a number that is a handle */
   TONGS_INFO_SCALARS, /* pointers to arrays, from here */
   TONGS_INFO_HANDLES,
   TONGS_INFO_STRUCTS,
   TONGS_INFO_POINTERS,       /* to pointers to structs */
   TONGS_INFO_NESTED_STRUCTS, /* to pointers to arrays of structs */
   TONGS_INFO_NESTED_SCALARS,
   TONGS_INFO_BLOB,
   TONGS_INFO_ROOM, /* the host driver writes there, and the reply brings that back */
   TONGS_INFO_NEW,  /* of ops only, from here */
   TONGS_INFO_OUT_SCALAR,
   TONGS_INFO_OUT_COUNT,
   TONGS_INFO_OUT_STRUCT,
   TONGS_INFO_OUT_SCALARS,
   TONGS_INFO_OUT_STRUCTS,
   TONGS_INFO_OUT_BLOB,
   TONGS_INFO_INOUT_BLOB,
};

enum tongs_info_wire {
   TONGS_WIRE_NONE,
   TONGS_WIRE_U8,
   TONGS_WIRE_U16,
   TONGS_WIRE_U32,
   TONGS_WIRE_I32,
   TONGS_WIRE_F32,
   TONGS_WIRE_U64,
   TONGS_WIRE_I64,
   TONGS_WIRE_F64,
   TONGS_WIRE_SIZE,
};

struct tongs_info_name {
   const char *name;
   uint64_t value;
};

/* The names of an enum's values or of a flags type's bits. */
struct tongs_info_names {
   const char *type;
   bool flags;
   const struct tongs_info_name *names;
   uint32_t count;
};

struct tongs_info_field {
   const char *name;
   uint32_t bits;
};

/* Adjacent bitfields that travel as one word, lowest first. */
struct tongs_info_bitfields {
   const struct tongs_info_field *fields;
   uint32_t count;
   uint32_t (*get)(const void *v);
   void (*set)(void *v, uint32_t bits);
};

struct tongs_info_member {
   const char *name;
   const char *type;
   uint8_t kind;      /* enum tongs_info_kind */
   uint8_t wire;      /* enum tongs_info_wire, of scalars */
   uint8_t handle;    /* TONGS_TYPE_*, of handles */
   bool dispatchable; /* handles: pointers on every ABI */
   bool optional;     /* arrays and pointers: may be absent whatever their count */
   bool required;     /* handles, also of an array: never null; strings and outputs: never absent */
   bool conditional;  /* there are conditions under which it is ignored */
   bool counts;       /* a scalar on which some array's count depends */
   int16_t enumeration;  /* TONGS_ENUM_* that its values are held to, or -1 */
   int16_t index;        /* TONGS_STRUCT_* of structs and unions, or -1 */
   int16_t selector_row; /* unions: the member that selects, or -1 */
   int16_t stride_row;   /* arrays: the member that says how far apart the elements are, or -1: they
                            are not */
   uint32_t offset;      /* in the struct; not of bitfields */
   uint32_t elem_size;   /* bytes of an element in memory */
   uint32_t elems;       /* fixed arrays: how many */
   uint64_t (*count)(const void *v);             /* arrays; NULL: one */
   uint64_t (*inner)(const void *v, uint64_t i); /* arrays of arrays: of the i-th one */
   uint32_t (*selector)(const void *v);          /* unions; NULL: none */
   const struct tongs_info_names *names;         /* NULL: none */
   const struct tongs_info_bitfields *bitfields;
};

/* Which member of a union some selectors choose. */
struct tongs_info_case {
   const uint32_t *selections;
   uint32_t selection_count;
   uint32_t row; /* in the union's members */
};

/* A count of a struct in the chain that must equal one of its parent's. */
struct tongs_info_link_count {
   uint16_t child; /* TONGS_STRUCT_* */
   uint16_t child_row;
   uint16_t parent_row;
};

struct tongs_info_struct {
   const char *name;
   uint32_t size;     /* in memory */
   uint32_t min_size; /* the fewest bytes that the wire needs */
   uint32_t stype;    /* 0: none */
   bool is_union;
   bool raw;     /* a union that travels as its bytes */
   bool pod;     /* a struct that travels as its bytes */
   bool inputs;  /* goes from the client to the worker */
   bool outputs; /* comes back */
   bool shape;   /* and something goes there first */
   bool returnedonly;
   bool chained;
   bool repeatable; /* in a chain */
   int16_t only;    /* unions that travel as one member: its row; else -1 */
   const struct tongs_info_member *members;
   uint32_t member_count;
   const struct tongs_info_case *cases;
   uint32_t case_count;
   const uint16_t *children; /* TONGS_STRUCT_* that its chain may hold */
   uint32_t child_count;
   const struct tongs_info_link_count *link_counts;
   uint32_t link_count_count;
};

struct tongs_info_args {
   const struct tongs_info_member *members;
   uint32_t member_count;
   const char *ret; /* the C type of the result, NULL for void */
   const struct tongs_info_names *ret_names;
   uint32_t ret_offset;
   uint32_t ret_size;
};

/* Indexed by TONGS_STRUCT_*. */
extern const struct tongs_info_struct tongs_info_structs[];

/* Indexed by TONGS_OP_*; no members if the op is not known or is Tongs' own. */
extern const struct tongs_info_args tongs_info_args[];

/* The names in protocol/ops.txt. NULL if the number is not in it. */
const char *
tongs_info_op_name(uint32_t op);

const char *
tongs_info_type_name(uint32_t type);

/* The struct of an sType; -1 if no chain may hold it. */
int
tongs_info_struct_of(uint32_t stype);

#endif
