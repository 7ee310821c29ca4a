#!/usr/bin/env python3
"""Holds Terraform files against the arguments that the provider hashicorp/aws has.

    terraform_arguments.py FILE.tf...                what is wrong in them, as a list in JSON
    terraform_arguments.py --extract .jsii .jsii     makes terraform_arguments.json anew

The provider itself is not to be had without HashiCorp's registry. Its schema is: the bindings of CDK for Terraform on PyPI
(cdktf-cdktf-provider-aws; in its _jsii/*.tgz, package/.jsii) have every argument and block of it. The table beside this file
has what two versions have in common, of the resources that we make: the oldest that the files allow, 5.50.0 (bindings
19.19.0), and 6.25.0 (bindings 21.22.1): of a resource and of each block what it "has" (null: an argument, else a block), and
what "must" be given.
"""

import json
import pathlib
import re
import sys

TABLE = pathlib.Path(__file__).with_suffix(".json")
RESOURCES = """
aws_autoscaling_group aws_autoscaling_policy aws_cloudwatch_dashboard aws_cloudwatch_metric_alarm aws_iam_instance_profile
aws_iam_policy aws_iam_role aws_iam_role_policy aws_iam_role_policy_attachment aws_kms_key aws_launch_template aws_lb
aws_lb_listener aws_lb_target_group aws_security_group aws_sns_topic aws_sns_topic_policy aws_sns_topic_subscription
aws_vpc_endpoint aws_vpc_endpoint_service data.aws_caller_identity data.aws_partition data.aws_region
""".split()
# Of Terraform itself, in every resource.
META = {"count", "for_each", "provider", "depends_on", "lifecycle"}


# --- the files --------------------------------------------------------------------------------


def findings(path, table):
    import hcl2

    with open(path) as file:
        tree = hcl2.load(file)
    found, judged = [], 0
    for kind, prefix in (("resource", ""), ("data", "data.")):
        for declared in tree.get(kind, []):
            (resource, named), = declared.items()
            for name, body in named.items():
                judged += 1
                where = f"{prefix}{resource}.{name}"
                if prefix + resource not in table:
                    found.append(f"{where}: not in {TABLE.name}")
                    continue
                body = {key: value for key, value in body.items() if key not in META}
                found += judge(where, table[prefix + resource], body)
    return judged, sorted(found)


def judge(where, wanted, body):
    found = []
    given = list(arguments(body))
    for key, value in given:
        if key not in wanted["has"]:
            found.append(f"{where}: there is no {key}")
        elif inner := wanted["has"][key]:
            blocks = value if isinstance(value, list) else []
            if not blocks:
                found.append(f"{where}: {key} is a block")
            for block in blocks:
                found += judge(f"{where}.{key}", inner, block)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            found.append(f"{where}: {key} is no block")
    names = {key for key, _ in given}
    return found + [f"{where}: {key} must be given" for key in wanted["must"] if key not in names]


def arguments(body):
    for key, value in body.items():
        if key == "dynamic":
            for block in value:
                (name, inner), = block.items()
                yield name, inner["content"]
        elif not key.startswith("__"):
            yield key, value


# --- the table --------------------------------------------------------------------------------


def extract(*paths):
    tables = [table_of(json.loads(pathlib.Path(path).read_text())["types"]) for path in paths]
    table = {name: in_common(*(table[name] for table in tables)) for name in RESOURCES}
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(arguments)}" for name, arguments in table.items())
    TABLE.write_text(f"{{\n{lines}\n}}\n")


def table_of(types):
    table = {}
    for name in RESOURCES:
        kind = re.sub(r"^(data\.)?aws_", lambda match: "data_aws_" if match[1] else "", name)
        words = "".join(map(str.capitalize, kind.split("_")))
        table[name] = interface(types, f"@cdktf/provider-aws.{words[0].lower()}{words[1:]}.{words}Config")
    return table


# Of the bindings, in every resource.
BINDINGS = {"connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioners"}


def interface(types, name):
    has, must = {}, []
    for item in types[name].get("properties", []):
        snake = re.sub("[A-Z]", lambda match: "_" + match[0].lower(), item["name"])
        if snake in BINDINGS:
            continue
        block = re.search(r'"(@cdktf/provider-aws[^"]+)"', json.dumps(item["type"]))
        has[snake] = interface(types, block[1]) if block else None
        if not item.get("optional"):
            must.append(snake)
    return {"has": has, "must": must}


def in_common(old, new):
    """What both have; what either wants."""
    has = {}
    for name in sorted(old["has"].keys() & new["has"].keys()):
        a, b = old["has"][name], new["has"][name]
        has[name] = in_common(a, b) if a and b else a or b
    return {"has": has, "must": sorted(set(old["must"]) | set(new["must"]))}


if __name__ == "__main__":
    if sys.argv[1] == "--extract":
        extract(*sys.argv[2:])
    else:
        known = json.loads(TABLE.read_text())
        print(json.dumps({path: findings(path, known) for path in sys.argv[1:]}))
