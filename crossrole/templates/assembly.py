"""Reads what `cdk synth` wrote, or one CloudFormation template, and whether it is still what the app would make."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from crossrole.errors import CommandError, nearest
from crossrole.iam.partitions import partition_of_region
from crossrole.templates.intrinsics import Assembly, Template
from crossrole.unknown import clean

CHECKOUT = Path(__file__).resolve().parents[2]
CDK_OUT = CHECKOUT / "cdk.out"
_SOURCES = ("access.toml", "app.py", "cdk.json", "requirements.txt", "access", "stacks", "constructs", "lambda")
_DEPTH = 10
"""How deep Stages and nested stacks are read: one that holds itself has no end."""
_STACK, _NESTED_STACK, _STAGE = "aws:cloudformation:stack", "AWS::CloudFormation::Stack", "cdk:cloud-assembly"


@dataclass(frozen=True)
class Given:
    """What a person says of templates that they do not say themselves."""

    account: str | None = None
    """The account of stacks that are for any account, or of a single template."""
    region: str | None = None
    parameters: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """The values of parameters, by stack and name."""
    conditions: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    """Whether conditions are met of which that is unknown, by stack and name."""


NOTHING_GIVEN = Given()


def read_assembly(
    folder: Path | None = None, *, given: Given = NOTHING_GIVEN, may_be_stale: bool = False
) -> list[Template]:
    """Return the templates of an assembly, of its Stages and nested stacks too; cdk.out's by default.

    `folder` may also be one CloudFormation template, JSON or YAML. Raises `CommandError` for what can't be read, for a
    stack of no account where none is given, for a value of a parameter that no stack has, and where cdk.out is older
    than the app's sources.
    """
    templates = read_one_state(folder, given=given, may_be_stale=may_be_stale)
    check_parameters(given, templates)
    return templates


def read_one_state(
    folder: Path | None = None, *, given: Given = NOTHING_GIVEN, may_be_stale: bool = False
) -> list[Template]:
    """Return the same where another state of the app may have the parameters that values are given for."""
    where = CDK_OUT if folder is None else folder
    if not may_be_stale and (stale := staleness(folder)):
        raise CommandError(f"{stale}; run: make synth")
    assembly = Assembly(parameters=given.parameters, assumed=given.conditions)
    if _is_file(where):
        name = where.name.partition(".")[0]
        _add(assembly, name, f"{given.account}/{given.region}", where, given=given, known={}, is_alone=True)
    else:
        _read_folder(assembly, where, given)
    if not assembly.templates:
        raise CommandError(f"{where} holds no stack; run: make synth")
    assembly.met.clear()
    assembly.outputs.clear()
    for template in assembly.templates:
        template.forget()
    return assembly.templates


def check_parameters(given: Given, templates: Sequence[Template]) -> None:
    """Raise `CommandError` for a value of a parameter that none of the templates has."""
    every = [(each.stack, each.body.get("Parameters")) for each in templates]
    known = [f"{stack}.{name}" for stack, own in every if isinstance(own, Mapping) for name in own]
    for stack, name in given.parameters:
        if f"{stack}.{name}" not in known:
            raise CommandError(f"--parameter {stack}.{name}: no stack has it{nearest(f'{stack}.{name}', known)}")


_MOST_CONDITIONS = 3


def variants(
    folder: Path | None = None, *, given: Given = NOTHING_GIVEN
) -> list[tuple[Mapping[tuple[str, str], bool], list[Template]]]:
    """Return the templates once for each way that conditions may turn out of which that is unknown.

    Of more than a few such conditions the others stay unknown. Raises `CommandError` as `read_assembly` does.
    """
    templates = read_assembly(folder, given=given)
    for template in templates if len(given.conditions) < _MOST_CONDITIONS else []:
        for name in template.open_conditions()[:1]:
            each = [
                replace(given, conditions={**given.conditions, (template.stack, name): met}) for met in (True, False)
            ]
            return [one for some in each for one in variants(folder, given=some)]
    return [(given.conditions, templates)]


def _read_folder(assembly: Assembly, folder: Path, given: Given, stage: str = "") -> None:
    manifest = folder / "manifest.json"
    artifacts = _read(manifest, folder).get("artifacts")
    if not isinstance(artifacts, dict):
        raise CommandError(f"{manifest} is not the manifest of a cloud assembly: it lists no artifacts")
    for name, artifact in artifacts.items():
        kind = artifact.get("type") if isinstance(artifact, dict) else None
        properties = artifact.get("properties") if isinstance(artifact, dict) else None
        properties = properties if isinstance(properties, dict) else {}
        if kind == _STACK:
            try:
                file, where = str(properties["templateFile"]), str(artifact["environment"])
            except (KeyError, TypeError):
                raise CommandError(f"{manifest}: {name} has no template or no environment") from None
            # Stages may have stacks of the same name.
            own = f"{stage}{name}" if any(each.stack == name for each in assembly.templates) else name
            known = {"stackName": name, **properties}
            _add(assembly, own, where.partition("aws://")[2], folder / file, given=given, known=known)
        elif kind == _STAGE:
            inner = folder / str(properties.get("directoryName", name))
            if _is_file(inner / "manifest.json") and stage.count("/") < _DEPTH:
                _read_folder(assembly, inner, given, f"{stage}{name}/")
            else:
                assembly.missing[f"{stage}{name}"] = f"the Stage {name}, whose assembly {inner} is not there"


def _add(
    assembly: Assembly,
    name: str,
    environment: str,
    file: Path,
    *,
    given: Given,
    known: Mapping[str, Any],
    is_alone: bool = False,
) -> None:
    """Add a stack, of which the manifest may know `tags` and its `stackName`, and the stacks nested in it."""
    account, _, region = environment.partition("/")
    account = account if account.isdigit() else given.account or ""
    region = (given.region or "") if region.startswith("unknown") or region == "None" else region
    if not account or not region:
        lacking = " and ".join([*([] if account else ["--account"]), *([] if region else ["--region"])])
        raise CommandError(f"{file}: {name} is for any account or region; say for which it is meant: {lacking}")
    tags = known.get("tags")
    body = _read_template(file)
    if is_alone and not body.get("Resources"):
        raise CommandError(f"{file} is not a CloudFormation template: it has no Resources")
    template = Template(
        clean(name),
        account,
        region,
        partition_of_region(region),
        body,
        own_tags={clean(str(key)): clean(str(value)) for key, value in tags.items()} if isinstance(tags, dict) else {},
        name=clean(str(known.get("stackName") or "")),
        is_alone=is_alone,
        assembly=assembly,
    )
    assembly.templates.append(template)
    _add_nested(template, file.parent)


def _add_nested(template: Template, folder: Path) -> None:
    for logical_id, resource in template.resources.items():
        if resource.get("Type") == _NESTED_STACK:
            metadata = resource.get("Metadata")
            # CDK writes there which file of the assembly it uploads for the stack.
            path = metadata.get("aws:asset:path") if isinstance(metadata, dict) else None
            file = folder / str(path)
            place = f"{template.stack}/{logical_id}"
            if path is None or not _is_file(file) or template.stack.count("/") >= _DEPTH:
                template.assembly.missing[place] = f"the nested stack {place}, whose template is not in the assembly"
                continue
            nested = Template(
                place,
                template.account,
                template.region,
                template.partition,
                _read_template(file),
                assembly=template.assembly,
                parent=(template, logical_id),
            )
            template.assembly.templates.append(nested)
            _add_nested(nested, folder)


def _is_file(path: Path) -> bool:
    """Return whether a file is there; a name that no file can have is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _read_template(path: Path) -> dict[str, Any]:
    data = _read_yaml(path) if path.suffix in {".yaml", ".yml"} else _read(path, path.parent)
    if not _is_of_a_size(data):
        raise CommandError(f"{path} is larger or deeper than any template that CloudFormation takes")
    if not isinstance(data.get("Resources", {}), dict):
        raise CommandError(f"{path} is not a CloudFormation template: its Resources are not an object")
    # YAML has dates, and keys that are numbers.
    return data if path.suffix == ".json" else dict(json.loads(json.dumps(data, default=str)))


def _is_of_a_size(data: Any) -> bool:
    """Return whether all of a template can be walked: by an alias, YAML may hold itself, or a part many times."""
    left, seen = [(data, 0)], 0
    while left:
        value, depth = left.pop()
        seen += 1
        if seen > _MOST_VALUES or depth > _MOST_LEVELS:
            return False
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        left += [(each, depth + 1) for each in inner]
    return True


_MOST_VALUES = 500_000
"""A template has at most a million characters, and an empty object in a list takes three.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""
_MOST_LEVELS = 100


def _read_yaml(path: Path) -> dict[str, Any]:
    # Slow to load, and most templates are JSON. The AWS CLI's own reader knows the short forms, such as !Ref.
    from awscli.customizations.cloudformation.yamlhelper import yaml_parse  # noqa: PLC0415

    try:
        data = yaml_parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, AttributeError, TypeError) as error:
        raise CommandError(f"{path} can't be read ({error})") from None
    except Exception as error:  # the YAML library's errors have no common class of Python's
        if type(error).__module__.partition(".")[0] not in {"ruamel", "yaml"}:
            raise
        raise CommandError(f"{path} is not YAML ({error})") from None
    if not isinstance(data, dict):
        raise CommandError(f"{path} is not a CloudFormation template")
    return data


def _read(path: Path, folder: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        fix = "run: make synth" if folder == CDK_OUT else "name a folder that cdk synth wrote"
        raise CommandError(f"there is no {path}; {fix}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise CommandError(f"{path} can't be read ({error}); make it anew: make synth") from None
    if not isinstance(data, dict):
        raise CommandError(f"{path} is not a JSON object; make it anew: make synth")
    return data


def staleness(folder: Path | None = None) -> str | None:
    """Return a text that names a source newer than cdk.out; None where there is none, and for every other folder."""
    manifest = CDK_OUT / "manifest.json"
    if (folder and folder.resolve() != CDK_OUT.resolve()) or not manifest.exists():
        return None
    made = manifest.stat().st_mtime
    newer = [path for path in _sources() if path.stat().st_mtime > made]
    if not newer:
        return None
    return f"cdk.out is older than {newer[0].relative_to(CHECKOUT)}, so it may differ from what would be deployed"


def _sources() -> Iterator[Path]:
    for name in _SOURCES:
        path = CHECKOUT / name
        yield from [path] if path.is_file() else (each for each in path.rglob("*") if each.suffix in {".py", ".json"})
