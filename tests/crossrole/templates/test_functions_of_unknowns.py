"""What a function makes of a value that is not known is not known either, and is never taken for another value."""

from typing import Any

import pytest

from crossrole.templates.intrinsics import Assembly, Template
from crossrole.unknown import all_worded, may_be, may_be_the_same, may_hold, unknowns_in

P, PARTLY = {"Ref": "P"}, {"Fn::Sub": "${P}/public"}
MAYBE = {"Fn::If": ["Open", "a", {"Ref": "AWS::NoValue"}]}
BODY = {
    "Parameters": {
        "P": {"Type": "String"},
        "Stage": {"Type": "String", "Default": "prod"},
        "Spaced": {"Type": "CommaDelimitedList", "Default": "a, b ,c"},
        "OfAReference": {"Type": "CommaDelimitedList", "Default": "{{resolve:ssm:/list}}"},
    },
    "Mappings": {"Map": {"a": {"Name": "x"}}},
    "Conditions": {"Open": {"Fn::Equals": [P, "x"]}, "Never": {"Fn::Equals": ["a", "b"]}},
    "Resources": {"Role": {"Type": "AWS::IAM::Role"}},
    "Outputs": {
        "OfNever": {"Condition": "Never", "Value": "never", "Export": {"Name": "Shared"}},
        "OfAlways": {"Value": "always", "Export": {"Name": "Shared"}},
    },
}


def resolve(value: Any, **parameters: str) -> Any:
    """Return what a value becomes in the template."""
    assembly = Assembly(parameters={("Stack", name): each for name, each in parameters.items()})
    assembly.templates.append(Template("Stack", "222222222222", "eu-west-1", "aws", BODY, assembly=assembly))
    return assembly.templates[0].resolve(value, at="Here")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Fn::Sub": "a/{{resolve:ssm:/${Stage}/x}}/*"}, "a/<…{{resolve:ssm:/prod/x}}>/*"),
        ({"Fn::Join": ["", ["a/{{resolve:ssm:/", {"Ref": "Stage"}, "/x}}/*"]]}, "a/<…{{resolve:ssm:/prod/x}}>/*"),
        ({"Fn::Join": ["", [{"Fn::Sub": "{{resolve:${Stage}"}, ":x}}"]]}, "<…{{resolve:prod:x}}>"),
        ({"Fn::Sub": "{{resolve:ssm:/${P}}}"}, "<…{{resolve:ssm:/<the parameter Stack.P>}}>"),
        ({"Fn::Select": [0, ["{{resolve:ssm:/x}}"]]}, "<…{{resolve:ssm:/x}}>"),
        ({"{{resolve:ssm:/x}}": "a"}, {"<…{{resolve:ssm:/x}}>": "a"}),
    ],
    ids=str,
)
def test_a_dynamic_reference_is_found_in_the_whole_text(value: Any, expected: Any) -> None:
    """However functions put it together: CloudFormation looks it up when the text is complete."""
    shown = all_worded(resolve(value))

    assert expected == (
        {_short(key): each for key, each in shown.items()} if isinstance(shown, dict) else _short(str(shown))
    )


def _short(text: str) -> str:
    return text.replace("the value of the dynamic reference ", "…")


# Each function of P, of which P="a/b,x" and others make all kinds of values.
FUNCTIONS: list[Any] = [
    {"Fn::Select": [0, {"Fn::Split": ["/", PARTLY]}]},
    {"Fn::Select": [1, {"Fn::Split": ["/", PARTLY]}]},
    {"Fn::Select": [0, {"Fn::Split": ["/", P]}]},
    {"Fn::Select": [1, {"Fn::Split": ["/", P]}]},
    {"Fn::Split": ["/", P]},
    {"Fn::Join": ["-", {"Fn::Split": ["/", P]}]},
    {"Fn::Join": ["+", {"Fn::Split": ["/", P]}]},
    {"Fn::Base64": P},
    {"Fn::Base64": PARTLY},
    {"Fn::FindInMap": ["Map", P, "Name", {"DefaultValue": "y"}]},
    {"Fn::FindInMap": [P, "a", "Name", {"DefaultValue": "y"}]},
    {"Fn::Select": [1, [MAYBE, "b", "c"]]},
    {"Fn::Join": ["/", [MAYBE, "b"]]},
    {"Fn::If": ["Open", "a", "b"]},
    {"Fn::If": ["Open", "c", "d"]},
    {"Ref": "OfAReference"},
    P,
]


@pytest.mark.parametrize("value", FUNCTIONS, ids=str)
@pytest.mark.parametrize("given", ["a/b,x", "x", "a", "/", ""])
def test_a_function_of_an_unknown_may_be_what_it_turns_out_to_be(value: Any, given: str) -> None:
    """Whatever value the parameter gets, what the function then makes is among what it may be."""
    unknown = resolve(value)
    known = resolve(value, P=given)

    assert len(unknowns_in(unknown)) == 1
    assert may_be(str(unknown), str(known))


def test_no_two_functions_of_an_unknown_are_taken_for_one_value() -> None:
    """Equal values are equal tokens, so that two parts of one text are never equal by their name."""
    made = [resolve(each) for each in FUNCTIONS]

    assert len(made) == len(set(made))
    assert made == [resolve(each) for each in FUNCTIONS]


def test_a_text_is_split_where_no_part_of_it_may_hold_the_separator() -> None:
    """The name that a deployment chooses has neither a colon nor a slash."""
    arn = {"Fn::GetAtt": "Role.Arn"}
    name = {"Fn::Select": [1, {"Fn::Split": ["/", {"Fn::Select": [5, {"Fn::Split": [":", arn]}]}]}]}

    assert resolve({"Ref": "Role"}) == resolve(name)
    assert [False, False, True, True] == [may_hold(resolve({"Ref": "Role"}), each) for each in (":", "/", "-", "e")]
    assert [True] * 3 == [may_hold(resolve(P), each) for each in (":", "/", "-")]


def test_the_members_of_a_list_parameter_are_trimmed() -> None:
    """As CloudFormation does it, so that a policy's Resource has no leading blank."""
    assert ["a", "b", "c"] == resolve({"Ref": "Spaced"})


def test_of_two_exports_of_one_name_the_one_is_taken_that_is_made() -> None:
    """Outputs have conditions as well."""
    assert "always" == resolve({"Fn::ImportValue": "Shared"})


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("${P}-a", "${P}-b", False),
        ("${P}-a", "${P}-bc", False),
        ("${P}-a", "x-b", False),
        ("${P}-a", "x-a", True),
        ("${P}-a", "${Role}-a", True),
        ("a-${P}", "b-${P}", False),
        ("a${P}", "${P}a", True),
    ],
)
def test_two_texts_of_one_unknown_are_compared_by_what_differs(one: str, other: str, expected: bool) -> None:
    """What both begin or end with is the same, whatever it turns out to be."""
    left, right = (resolve({"Fn::Sub": each}) for each in (one, other))

    assert [expected] * 2 == [may_be_the_same(left, right), may_be_the_same(right, left)]
