# SPDX-License-Identifier: MIT
"""protocol/own_ops.json: the page shows it, a changed member changes its op's signature, and what is wrong raises.

   test_own_ops.py --gen GEN --schema SCHEMA --released RELEASED --ops OPS --page PAGE

At a release, RELEASED becomes a copy of SCHEMA.
"""

import argparse
import copy
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
sys.path.insert(0, os.path.join(HERE, "..", "..", "codegen"))
sys.dont_write_bytecode = True

import numbering  # noqa: E402
import own_ops  # noqa: E402
import tap  # noqa: E402
from tap import test  # noqa: E402

parser = argparse.ArgumentParser()
for name in ("gen", "schema", "released", "ops", "page"):
    parser.add_argument("--" + name, required=True)
args = parser.parse_args()

with open(args.schema, encoding="utf-8") as f:
    SCHEMA = json.load(f)
with open(args.ops, encoding="utf-8") as f:
    NUMBERS = numbering.Numbers(f.read())


def read(data):
    return own_ops.Reader(data, NUMBERS).read()


def signatures(data):
    return {o.name: o.signature for o in read(data).ops}


def change(member):
    """Another type for a member, with the same place in it."""
    other = {"u32": "u64", "i32": "u32", "u64": "u32"}
    kind = member["type"].split()[0]
    member["type"] = other.get(kind, "u32" if kind != "bytes" else "u64")
    member.setdefault("name", "other")


BEFORE = signatures(SCHEMA)


@test
def the_page_shows_the_schema():
    with open(args.page, encoding="utf-8") as f:
        page = f.read()
    assert own_ops.fill_page(page, read(SCHEMA)) == page, "stale: meson compile write-wire-page"


@test
def each_member_is_a_part_of_its_ops_signature_and_of_no_other():
    for i, op in enumerate(SCHEMA["ops"]):
        for part in ("members", "reply"):
            for j, member in enumerate(op.get(part, ())):
                if member["type"].split()[0] == "record":
                    continue
                changed = copy.deepcopy(SCHEMA)
                change(changed["ops"][i][part][j])
                after = signatures(changed)
                assert {n for n in BEFORE if BEFORE[n] != after[n]} == {op["name"]}, (op["name"], member)


@test
def each_member_of_a_record_is_a_part_of_the_ops_that_use_it():
    for i, record in enumerate(SCHEMA["records"]):
        for j in range(len(record["members"])):
            changed = copy.deepcopy(SCHEMA)
            change(changed["records"][i]["members"][j])
            after = signatures(changed)
            assert any(BEFORE[n] != after[n] for n in BEFORE), (record["name"], j)


@test
def layouts_and_constants_are_a_part_of_the_ops_that_use_them():
    changed = copy.deepcopy(SCHEMA)
    next(x for x in changed["layouts"] if x["name"] == "status_queue")["members"][1]["at"] = 16
    after = signatures(changed)
    assert {n for n in BEFORE if BEFORE[n] != after[n]} == {"tongsChannel"}, after
    changed = copy.deepcopy(SCHEMA)
    changed["constants"][0]["values"][1][1] = 7
    after = signatures(changed)
    assert {n for n in BEFORE if BEFORE[n] != after[n]} == {"tongsSnapshot"}, after
    assert read(changed).text != read(SCHEMA).text


@test
def sentences_are_no_part_of_a_signature():
    changed = json.loads(re.sub(r'"(doc|without)": "(?!refuse)[^"]*"', r'"\1": "Other words."', json.dumps(SCHEMA)))
    assert changed != SCHEMA and signatures(changed) == BEFORE


@test
def all_that_is_in_the_schema_is_in_the_digest():
    for path in (("constants", 2, "values", 1, 1), ("layouts", 0, "members", 1, "at"), ("ops", 1, "kind")):
        changed = copy.deepcopy(SCHEMA)
        at = changed
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = {"at": 68, "kind": "event"}.get(path[-1], 17)
        assert read(changed).text != read(SCHEMA).text, path


@test
def what_is_wrong_raises_and_is_named():
    def broken(edit, *words):
        changed = copy.deepcopy(SCHEMA)
        edit(changed)
        try:
            read(changed)
        except own_ops.Wrong as error:
            assert all(word in str(error) for word in words), (words, str(error))
        else:
            raise AssertionError(f"nothing raised: {words}")

    broken(lambda s: s["ops"].pop(), "tongsTakeImage")
    broken(lambda s: s["ops"].append(s["ops"][0]), "twice")
    broken(lambda s: s["ops"][0].update(name="tongsNew"), "tongsNew", "ops.txt")
    broken(lambda s: s["ops"][0].update(kind="call"), "tongsRecord")
    broken(lambda s: s["ops"][0]["members"].reverse(), "tongsRecord.ops")
    broken(lambda s: s["ops"][1]["members"][0].update(type="u33"), "tongsHeapCreate.number", "u33")
    broken(lambda s: s["ops"][1]["members"][2].update(type="target VkNothing"), "tongsHeapCreate.device")
    broken(lambda s: s["ops"][1].update(uses=["nothing"]), "tongsHeapCreate", "nothing")
    broken(lambda s: s["layouts"][0]["members"][1].update(at=2), "ring_words.tail")
    broken(lambda s: s["records"][1]["members"][2].update(type="list nothing"), "device.extensions")


@test
def the_released_schema_can_be_read_and_its_ops_are_still_there():
    with open(args.released, encoding="utf-8") as file:
        released = json.load(file)
    names = {op["name"] for op in released["ops"]}
    assert names <= set(BEFORE), names - set(BEFORE)
    for op in released["ops"]:
        now = next(o for o in SCHEMA["ops"] if o["name"] == op["name"])
        assert now["kind"] == op["kind"], op["name"]


def announced(schema):
    """(digest, {op number: signature}) of a build of the small registry with this schema."""
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, "own_ops.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(schema, file)
        subprocess.run([sys.executable, args.gen, "--registry", os.path.join(HERE, "mini.xml"),
                        "--ops", os.path.join(HERE, "mini.ops.txt"), "--own-ops", path, "--out", scratch,
                        "tongs_gen_ops.c.mako", "tongs_gen_types.h.mako"], check=True)
        with open(os.path.join(scratch, "tongs_gen_types.h"), encoding="utf-8") as file:
            digest = re.search(r"TONGS_DIGEST UINT64_C\((\w+)\)", file.read())[1]
        with open(os.path.join(scratch, "tongs_gen_ops.c"), encoding="utf-8") as file:
            ops = file.read().split("tongs_op_signatures[]")[1].split("};")[0]
    return digest, dict(re.findall(r"\{(\d+), (0x\w+)u\}", ops))


@test
def two_builds_that_differ_in_one_member_do_not_have_that_op_in_common():
    with open(os.path.join(HERE, "mini.own_ops.json"), encoding="utf-8") as file:
        schema = json.load(file)
    digest, ops = announced(schema)
    other = copy.deepcopy(schema)
    other["ops"][2]["members"][0]["type"] = "u32"
    other_digest, other_ops = announced(other)
    assert digest != other_digest
    assert {n for n in ops if ops[n] != other_ops[n]} == {"3"}, (ops, other_ops)
    assert announced(schema) == (digest, ops)


sys.exit(tap.main())
